"""Which endpoint answers at a path: literal paths are looked up, paths with `{segments}` are tried in order."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.dialects.wire import WireResponse
from dragoman.http.request import Request

if TYPE_CHECKING:
    from collections.abc import Sequence

Application = Callable[[Request], Awaitable[WireResponse]]
"""What answers every request. Raises ClientGone where nobody waits for the answer."""
Answering = Callable[[Request, Mapping[str, str]], Awaitable[WireResponse]]
"""What answers at one path, given what stands there for its placeholders."""

_SEGMENT = re.compile(r"\{(\w+)\}")
_NOT_FOUND = WireResponse(status=404, headers=((b"Content-Type", b"text/plain; charset=utf-8"),), body=b"Not Found")
_NO_PARAMETERS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Route:
    """A path and what answers there."""

    path: str
    answer: Answering


class Paths:
    """One application of many routes; a path nobody has is 404, whatever its trailing slash or case."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._literal = {route.path: route.answer for route in routes if "{" not in route.path}
        self._patterns = tuple((_pattern_of(route.path), route.answer) for route in routes if "{" in route.path)

    def __call__(self, request: Request) -> Awaitable[WireResponse]:
        """Answer one request."""
        answer = self._literal.get(request.head.path)
        if answer is not None:
            return answer(request, _NO_PARAMETERS)
        for pattern, candidate in self._patterns:
            found = pattern.fullmatch(request.head.path)
            if found is not None:
                return candidate(request, found.groupdict())
        return _not_found()


async def _not_found() -> WireResponse:
    return _NOT_FOUND


def _pattern_of(path: str) -> re.Pattern[str]:
    """Each `{name}` stands for one segment, or a part of one, that is not empty."""
    pieces = _SEGMENT.split(path)
    literal = [re.escape(piece) for piece in pieces[::2]]
    named = [f"(?P<{name}>[^/]+)" for name in pieces[1::2]]
    return re.compile("".join(part for pair in zip(literal, [*named, ""], strict=True) for part in pair))
