"""One HTTP exchange with an application in the test's process, as a connection has it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dragoman.http.request import Request, RequestHead

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dragoman.http.paths import Application

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer as it left the application."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first header of this name."""
        return next((value.decode() for key, value in self.headers if key.decode().lower() == name.lower()), None)

    @property
    def document(self) -> dict[str, Any]:
        """The body as a JSON object."""
        value = json.loads(self.body)
        assert isinstance(value, dict)
        return value

    @property
    def error(self) -> str:
        """The error code."""
        return str(self.document["error"])

    @property
    def identity(self) -> tuple[object, ...]:
        """All that two answers must have in common to be the same to a client."""
        return self.status, self.headers, self.body


async def ask(  # noqa: PLR0913 - the parts of a request
    application: Application,
    method: str,
    path: str,
    *,
    query: bytes = b"",
    headers: Iterable[tuple[str, str]] = (),
    body: bytes | Iterable[bytes] = b"",
    peer: str = "127.0.0.1",
    scheme: str = "http",
) -> Answer:
    """One exchange, as a connection has it. A body in chunks arrives while the application is at work."""
    head = RequestHead(
        method=method, path=path, query=query, peer=peer, encrypted=scheme == "https",
        headers=tuple((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers),
    )  # fmt: skip
    request = Request(head=head)
    answering = asyncio.ensure_future(application(request))
    for chunk in [body] if isinstance(body, bytes) else body:
        request.take(chunk)
        if not isinstance(body, bytes):
            await asyncio.sleep(0)
        if answering.done():
            break
    request.end()
    response = await answering
    return Answer(
        status=response.status, headers=response.headers, body=b"" if method == "HEAD" else response.body
    )  # fmt: skip
