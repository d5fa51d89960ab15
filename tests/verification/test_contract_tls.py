from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.certificates import write_certificate
from tiny_server import Contracts, TinyServer, exchange, running_server

from dragoman.verification.contract import load_contract
from dragoman.verification.http_exchange import UnreachableError
from dragoman.verification.runner import Outcome, run_contract


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A file with a key and a certificate that it signed itself, for 127.0.0.1."""
    file = tmp_path / "server.pem"
    write_certificate(file, "127.0.0.1")
    return file


@pytest.fixture
def tls_server(certificate: Path) -> Iterator[TinyServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with running_server(context) as tiny:
        yield tiny


def test_a_server_with_a_trusted_certificate_is_asked_over_tls(
    contracts: Contracts, tls_server: TinyServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    contracts.write(exchange("GET /", "200"))
    (verdict,) = run_contract(load_contract("small", contracts.root), tls_server.url)
    assert verdict.outcome is Outcome.PASSED


def test_a_server_without_a_trusted_certificate_gets_nothing(contracts: Contracts, tls_server: TinyServer):
    contracts.write(exchange("GET /«client.secret»", "200"))
    with pytest.raises(UnreachableError, match="certificate verify failed"):
        run_contract(load_contract("small", contracts.root), tls_server.url)
    assert not tls_server.asked
