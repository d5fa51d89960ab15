"""With rediss:// a certificate that does not fit is no server."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

from dragoman.core.secret import Secret
from dragoman.shared_server.address import read_address
from dragoman.shared_server.announcing import announce
from dragoman.shared_server.hints import KeysChanged
from tests.certificates import write_certificate
from tests.proxy import Proxy
from tests.shared_server.listener import eventually, listening

if TYPE_CHECKING:
    from pathlib import Path

    from tests.redis_server import RedisServer


def test_hints_go_through_tls_where_certificate_and_name_are_right_and_nowhere_else(
    shared_server: RedisServer, tmp_path: Path
):
    ours, strangers = tmp_path / "ours.pem", tmp_path / "strangers.pem"
    write_certificate(ours, "localhost")
    write_certificate(strangers, "stranger.example")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(ours)

    async def reason(url: Secret) -> str:
        async with listening(url) as one:
            await eventually(lambda: one.told)
            return one.reason

    async def scenario() -> None:
        async with Proxy(shared_server.port).listening(context) as port:

            def url(host: str, **options: str) -> Secret:
                return Secret(
                    shared_server.url(scheme="rediss", port=port, **options).reveal().replace("127.0.0.1", host)
                )

            good = url("localhost", sslrootcert=str(ours))
            async with listening(good) as one:
                await eventually(lambda: one.hears)
                await announce(read_address(good), "dragoman", KeysChanged())
                await eventually(lambda: one.told == ["began", KeysChanged()])
            for bad in (
                url("localhost"),
                url("localhost", sslrootcert=str(strangers)),
                url("127.0.0.1", sslrootcert=str(ours)),
            ):
                assert "its certificate is not good" in await reason(bad)
            assert await reason(shared_server.url(port=port)) != ""
            assert await reason(shared_server.url(scheme="rediss")) != ""

    asyncio.run(scenario())
