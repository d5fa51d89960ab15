"""TLS is what the URL asks for: a certificate that does not fit is no database."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from tests.certificates import write_certificate

from dragoman.core.secret import Secret
from dragoman.store.faults import StoreFault
from dragoman.store.opening import open_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.postgresql import Cluster

REQUEST_LENGTH = 8  # of an SSLRequest (PostgreSQL, message formats)


@asynccontextmanager
async def _speaking_tls(postgresql: Cluster, certificate: Path) -> AsyncIterator[int]:
    """The port of a TLS front before the cluster: it has none of its own."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readexactly(REQUEST_LENGTH)
            writer.write(b"S")
            await writer.start_tls(context)
            behind_reader, behind = await asyncio.open_connection("127.0.0.1", postgresql.port)
            await asyncio.gather(_pass(reader, behind), _pass(behind_reader, writer))
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.transport.abort()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65536):
        writer.write(piece)
    writer.close()


def _open(postgresql: Cluster, name: str, host: str, shown: Path, trusted: Path) -> None:
    async def run() -> None:
        async with _speaking_tls(postgresql, shown) as port:
            url = postgresql.url(name, port=port, sslmode="verify-full", sslrootcert=str(trusted)).reveal()
            async with open_server(Secret(url.replace("127.0.0.1", host))) as store:
                assert await store.find_client("nobody") is None

    asyncio.run(run())


def test_a_certificate_that_is_trusted_and_bears_the_name_opens_the_database(
    postgresql: Cluster, postgresql_name: str, tmp_path: Path
) -> None:
    ours = tmp_path / "ours.pem"
    write_certificate(ours, "localhost")
    _open(postgresql, postgresql_name, "localhost", ours, ours)


def test_a_certificate_of_somebody_else_or_for_another_name_does_not(
    postgresql: Cluster, postgresql_name: str, tmp_path: Path
) -> None:
    ours, other = tmp_path / "ours.pem", tmp_path / "other.pem"
    write_certificate(ours, "localhost")
    write_certificate(other, "elsewhere.example")
    for host, shown, trusted in (("localhost", ours, other), ("localhost", other, other), ("127.0.0.1", ours, ours)):
        with pytest.raises(StoreFault, match=r"cannot be reached.*certificate"):
            _open(postgresql, postgresql_name, host, shown, trusted)
