"""The search finds what it is to find: a secret in each form, cut off, and in the log of a server that leaks."""

from __future__ import annotations

import base64
import html
import json
import random
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, urlencode

import pytest

from tests.attacks.harness import configuration_of, running
from tests.leaks.search import needles_of, pieces_of, search

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dragoman.dialects.wire import WireResponse
    from dragoman.http.request import Request
    from tests.attacks.harness import Server

SECRET = 'q7Zr0KxVt2/"é&%+ m4WnYb8Lc1'


def percent(text: bytes, form: str = "%{:02X}") -> bytes:
    return b"".join(form.format(byte).encode() for byte in text)


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda secret: secret,
    "in capitals": bytes.upper,
    "in small letters": bytes.lower,
    "quoted": lambda secret: quote(secret).encode(),
    "quoted plus": lambda secret: quote_plus(secret).encode(),
    "quoted twice": lambda secret: quote(quote(secret)).encode(),
    "every byte quoted, capitals": percent,
    "every byte quoted, small letters": lambda secret: percent(secret, "%{:02x}"),
    "every byte quoted twice": lambda secret: percent(secret, "%25{:02X}"),
    "every byte quoted three times": lambda secret: percent(secret, "%2525{:02x}"),
    "base64": base64.b64encode,
    "base64, one further": lambda secret: base64.b64encode(b":" + secret + b"x"),
    "base64, two further": lambda secret: base64.b64encode(b"a:" + secret),
    "base64, as Basic": lambda secret: base64.b64encode(b"client:" + secret),
    "url-safe base64": lambda secret: base64.urlsafe_b64encode(b"\xfb\xef" + secret),
    "base64 twice": lambda secret: base64.b64encode(b"x" + base64.b64encode(b"y:" + secret)),
    "base64, quoted": lambda secret: quote(base64.b64encode(b"?" + secret), safe="").encode(),
    "base64 of quoted": lambda secret: base64.b64encode(quote(secret).encode()),
    "hexadecimal, capitals": lambda secret: secret.hex().upper().encode(),
    "hexadecimal": lambda secret: secret.hex().encode(),
    "hexadecimal with gaps": lambda secret: secret.hex(" ").encode(),
    "bytes as Python shows them": lambda secret: repr(secret).encode(),
    "every byte as \\x": lambda secret: percent(secret, "\\x{:02x}"),
    "every byte as octal": lambda secret: percent(secret, "\\{:03o}"),
    "JSON": lambda secret: json.dumps(secret.decode()).encode(),
    "JSON in JSON": lambda secret: json.dumps(json.dumps(secret.decode())).encode(),
    "JSON, every character escaped": lambda secret: percent(secret, "\\u00{:02x}"),
    "JSON, every character escaped, in JSON": lambda secret: percent(secret, "\\\\u00{:02X}"),
    "quoted in JSON escapes": lambda secret: percent(secret, "\\u0025{:02x}"),
    "HTML": lambda secret: html.escape(secret.decode()).encode(),
    "entities": lambda secret: percent(secret, "&#{};"),
    "hexadecimal entities": lambda secret: percent(secret, "&#x{:x};"),
    "backwards": lambda secret: secret[::-1],
    "UTF-16": lambda secret: secret.decode().encode("utf-16"),
    "the first half": lambda secret: secret[: len(secret) // 2],
    "the second half": lambda secret: secret[len(secret) // 2 :],
    "a query": lambda secret: urlencode({"grant_type": "password", "password": secret}).encode(),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_found_in_each_form(form: str):
    noise = random.Random(form).randbytes(3000)
    outputs = {"log": noise + FORMS[form](SECRET.encode()) + noise, "metrics": noise * 2}
    assert {(one.output, one.secret) for one in search(outputs, needles_of({"password": pieces_of(SECRET)}))} == {
        ("log", "password")
    }


def test_nothing_is_found_where_nothing_is():
    noise = random.Random(4).randbytes(20_000)
    other = SECRET[::-1].encode() + base64.b64encode(noise) + quote(noise).encode() + noise.hex().encode()
    needles = needles_of({"password": pieces_of("0123456789abcdefghij")})
    assert search({"log": noise + other.swapcase()[40:]}, needles) == set()


@pytest.fixture(scope="module")
def leaking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, list[Callable[[bytes], bytes]]]]:
    """The same server, broken on purpose: something around it writes each query and header into the log."""
    forms: list[Callable[[bytes], bytes]] = []
    with running(configuration_of(tmp_path_factory.mktemp("leaking"))) as server:
        whole = server.application

        async def leak(request: Request) -> WireResponse:
            for form in forms:
                server.log.write(form(request.head.query + repr(request.head.headers).encode()) + b"\n")
            return await whole(request)

        server.application = leak
        yield server, forms


@pytest.mark.parametrize("form", FORMS)
def test_a_server_whose_log_holds_queries_is_found_out(
    leaking: tuple[Server, list[Callable[[bytes], bytes]]], form: str
):
    server, forms = leaking
    mark, bearer = (f"{random.Random(form + kind).getrandbits(160):040x}" for kind in ("mark", "bearer"))
    client = server.add_client()
    fields = {"grant_type": "password", **server.credentials(client), "username": server.add_owner(mark)}
    query = urlencode({"password": mark, **fields}).encode()
    needles = needles_of({"password": pieces_of(mark), "bearer": pieces_of(bearer)})
    for broken in (False, True):
        forms[:] = [FORMS[form]] if broken else []
        began = server.mark()
        headers = [("X-Authorization", f"Bearer {bearer}")]
        assert server.ask("GET", "/axosoft/api/oauth2/token", query=query, headers=headers).status == 200
        found = {one.secret for one in search({"log": server.log.getvalue()[began:]}, needles)}
        if broken and form in ("the first half", "the second half"):
            assert found
        else:
            assert found == ({"password", "bearer"} if broken else set())
