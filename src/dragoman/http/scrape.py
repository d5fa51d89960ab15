"""What Prometheus asks for, as an application of its own for a port of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dragoman.dialects.wire import WireResponse
from dragoman.http.paths import Paths, Route
from dragoman.metrics.exposition import CONTENT_TYPE, expose

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.http.paths import Application
    from dragoman.http.request import Request

PATH = "/metrics"
_WRONG_METHOD = WireResponse(status=405, headers=((b"Allow", b"GET, HEAD"),), body=b"")


def build_scraped(descriptor: int, version: str) -> Application:
    """Tells whoever asks; `descriptor` is that of the memory of the counts."""

    async def answer(request: Request, _path_parameters: Mapping[str, str]) -> WireResponse:
        if request.head.method not in ("GET", "HEAD"):
            return _WRONG_METHOD
        text = await asyncio.to_thread(expose, descriptor, version)  # thousands of lines take a moment
        headers = ((b"Content-Type", CONTENT_TYPE.encode()), (b"Cache-Control", b"no-store"))
        return WireResponse(status=200, headers=headers, body=text)

    return Paths([Route(PATH, answer)])
