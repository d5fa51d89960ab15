"""Which endpoint answers at a path: literal paths are looked up, paths with `{segments}` are tried in order."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dragoman.dialects.wire import WireResponse
from dragoman.http.exchange import send_response

if TYPE_CHECKING:
    from collections.abc import Sequence

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_SEGMENT = re.compile(r"\{(\w+)\}")
_NOT_FOUND = WireResponse(status=404, headers=((b"Content-Type", b"text/plain; charset=utf-8"),), body=b"Not Found")


@dataclass(frozen=True, slots=True)
class Route:
    """A path and what answers there."""

    path: str
    application: Application


class Paths:
    """An ASGI application over many; a path nobody has is 404, whatever its trailing slash or case."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._literal = {route.path: route.application for route in routes if "{" not in route.path}
        self._patterns = tuple((_pattern_of(route.path), route.application) for route in routes if "{" in route.path)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = scope["path"]
        application = self._literal.get(path)
        if application is None:
            for pattern, candidate in self._patterns:
                found = pattern.fullmatch(path)
                if found is not None:
                    scope["path_params"] = found.groupdict()
                    application = candidate
                    break
            else:
                await send_response(_NOT_FOUND, send, keep_body=scope["method"] != "HEAD")
                return
        await application(scope, receive, send)


def _pattern_of(path: str) -> re.Pattern[str]:
    """Each `{name}` stands for one segment, or a part of one, that is not empty."""
    pieces = _SEGMENT.split(path)
    literal = [re.escape(piece) for piece in pieces[::2]]
    named = [f"(?P<{name}>[^/]+)" for name in pieces[1::2]]
    return re.compile("".join(part for pair in zip(literal, [*named, ""], strict=True) for part in pair))
