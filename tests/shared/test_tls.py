"""With rediss:// a certificate that does not fit is no server."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from dragoman.core.secret import Secret
from dragoman.shared.address import read_address
from dragoman.shared.announcing import announce
from dragoman.shared.hints import KeysChanged
from tests.proxy import Proxy
from tests.shared.listener import eventually, listening

if TYPE_CHECKING:
    from pathlib import Path

    from tests.redis_server import RedisServer


def certificate(folder: Path, name: str) -> Path:
    """A certificate for the name, signed by itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(signed.public_bytes(Encoding.PEM) + private)
    return file


def test_hints_go_through_tls_where_certificate_and_name_are_right_and_nowhere_else(
    shared_server: RedisServer, tmp_path: Path
):
    ours, strangers = certificate(tmp_path, "localhost"), certificate(tmp_path, "stranger.example")
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
