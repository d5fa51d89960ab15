"""What Prometheus and operators ask for, as an application of its own for a port of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from dragoman.dialects.wire import WireResponse
from dragoman.http.paths import Paths, Route
from dragoman.metrics.exposition import CONTENT_TYPE, expose
from dragoman.throttle.keys import read_keys

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from dragoman.core.throttle import Standings
    from dragoman.http.paths import Application
    from dragoman.http.request import Request
    from dragoman.throttle.keys import Keys

PATH = "/metrics"
THROTTLE_PATH = "/throttle/"
_NOTHING = WireResponse(status=404, headers=(), body=b"")
_WRONG_METHOD = WireResponse(status=405, headers=((b"Allow", b"GET, HEAD"),), body=b"")


def build_scraped(
    descriptor: int, version: str, look: Callable[[Keys], Awaitable[Standings | None]] | None
) -> Application:
    """Tells whoever asks; `descriptor` is that of the memory of the counts.

    `look` tells how counters of the throttle stand, to whoever can write their names: they are digests under a key.
    """

    async def answer(request: Request, _path_parameters: Mapping[str, str]) -> WireResponse:
        if request.head.method not in ("GET", "HEAD"):
            return _WRONG_METHOD
        text = await asyncio.to_thread(expose, descriptor, version)  # thousands of lines take a moment
        headers = ((b"Content-Type", CONTENT_TYPE.encode()), (b"Cache-Control", b"no-store"))
        return WireResponse(status=200, headers=headers, body=text)

    async def answer_look(request: Request, path_parameters: Mapping[str, str]) -> WireResponse:
        if request.head.method not in ("GET", "HEAD"):
            return _WRONG_METHOD
        keys = read_keys(path_parameters["keys"])
        found = None if keys is None or look is None else await look(keys)
        if found is None:
            return _NOTHING
        headers = ((b"Content-Type", b"application/json"), (b"Cache-Control", b"no-store"))
        return WireResponse(status=200, headers=headers, body=msgspec.json.encode(found))

    return Paths([Route(PATH, answer), Route(THROTTLE_PATH + "{keys}", answer_look)])
