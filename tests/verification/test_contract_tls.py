from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tiny_server import Contracts, TinyServer, exchange, running_server

from dragoman.verification.contract import load_contract
from dragoman.verification.http_exchange import UnreachableError
from dragoman.verification.runner import Outcome, run_contract


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A file with a key and a certificate that it signed itself, for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tiny server")])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - dt.timedelta(hours=1)).not_valid_after(now + dt.timedelta(hours=1))
    builder = builder.add_extension(
        x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = tmp_path / "server.pem"
    file.write_bytes(private + builder.sign(key, hashes.SHA256()).public_bytes(encoding))
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
