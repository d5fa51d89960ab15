"""Readers of what clients send: requests, bodies, credentials and tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dragoman.core.errors import OAuthError
from dragoman.core.secret import Secret
from dragoman.dialects.body import Unreadable, read_form, read_json
from dragoman.dialects.codec import decode, decode_bearer
from dragoman.dialects.credentials import read_credentials
from dragoman.dialects.multipart_form import read_any, read_multipart, read_plain
from dragoman.dialects.wire import WireRequest
from dragoman.tokens.keyring import create_missing, load_keyring
from tests.fuzz.requests import read_parts, seeds_of
from tests.fuzz.target import Target
from tests.tokens.token_workshop import ACCESS, NOW, REFRESH, Workshop, run

if TYPE_CHECKING:
    from dragoman.dialects.dialect import Dialect

CAST = {
    "id": "client-1", "secret": "secret-of-client-1", "basic": "Y2xpZW50LTE6c2VjcmV0LW9mLWNsaWVudC0x", "name": "One",
    "username": "ann", "email": "ann@example.com", "password": "correct horse", "owner": "17", "access": "a.b.c",
    "refresh": "d.e.f",
}  # fmt: skip


def codec_target(dialect: Dialect) -> Target:
    def read(text: bytes) -> None:
        wire = read_parts(text).wire()
        for reading in (lambda: decode(dialect, wire), lambda: decode_bearer(dialect.words.resource, wire)):
            with suppress(OAuthError):
                reading()

    return Target(name=f"codec {dialect.name}", seeds=seeds_of(dialect.name, CAST), read=read, of_requests=True)


def basic_target(dialects: Sequence[Dialect]) -> Target:
    words = [one.words.client_authentication for one in dialects if "basic" in one.words.client_authentication.methods]

    def read(text: bytes) -> None:
        for one in words:
            read_credentials(WireRequest(method="POST", path="/", headers={b"authorization": text}), {}, one)

    seeds = (b"Basic Y2xpZW50OnNlY3JldA==", b"basic  YTpiOmM", b"Basic QSUyMDolZmY=", b"Basic " + b"/+AA" * 50)
    return Target(name="basic", seeds=seeds, read=read, separator=b" ")


def body_targets() -> Iterator[Target]:
    def refusing(reader: Callable[[bytes], object]) -> Callable[[bytes], None]:
        def read(text: bytes) -> None:
            with suppress(Unreadable):
                reader(text)

        return read

    def multipart(text: bytes) -> object:
        content_type, _, body = text.partition(b"\n\n")
        return read_multipart(body, content_type.decode("latin-1"))

    def plain(text: bytes) -> None:
        fields = read_plain(text, "XyZ")
        try:
            other = read_any(text, "XyZ")
        except Unreadable:
            other = None
        assert fields is None or fields == other, "a plain body is read in two ways"

    form = b"grant_type=password&username=a%20b&password=%e2%82%ac+%26&scope[]=a&scope[1]=b"
    json = b'{"grant_type":"password","username":"a\\u00e9","scope":["a",1,null,{"b":[]}],"n":1e3,"client_id":35}'
    part = b'--XyZ\r\nContent-Disposition: form-data; name="username"\r\nContent-Type: text/plain\r\n\r\nann\r\n'
    named = part.replace(b"Content-Type: text/plain\r\n", b"")
    parts = b'multipart/form-data; boundary=XyZ; boundary="b"\n\n' + part * 3 + b"--XyZ--\r\n"
    yield Target(name="form", seeds=(form, form * 8), read=refusing(read_form), separator=b"&")
    yield Target(name="json", seeds=(json, b"[" * 400, b'{"a":' * 400), read=refusing(read_json))
    yield Target(
        name="multipart", seeds=(parts, parts.replace(b"XyZ", b'"')), read=refusing(multipart), separator=b"\r"
    )
    yield Target(name="plain multipart", seeds=(named * 3 + b"--XyZ--\r\n",), read=plain, separator=b"\r")


def token_targets(folder: Path) -> Iterator[Target]:
    create_missing(folder / "keys", ("ES256", "RS256", "EdDSA", "HS256"), NOW - 1000)
    workshop = Workshop(load_keyring(folder / "keys", NOW))
    access = tuple(workshop.access_token(recipe).encode() for recipe in ACCESS)
    refresh = tuple(workshop.refresh_token(recipe).encode() for recipe in REFRESH)
    genuine = {*access, *refresh}

    def reading(reader: Callable[[str], object]) -> Callable[[bytes], None]:
        def read(text: bytes) -> None:
            with suppress(OAuthError):
                reader(text.decode("utf-8", "replace"))
                assert text in genuine, "an altered token is taken for a genuine one"

        return read

    seeds = (*access, *refresh)
    handle = reading(lambda text: workshop.issuer.read_refresh_token(Secret(text)))
    bearer = reading(lambda text: run(workshop.issuer.read_access_token(Secret(text))))
    yield Target(name="access token", seeds=seeds, read=bearer, separator=b".")
    yield Target(name="refresh token", seeds=seeds, read=handle, separator=b".")
