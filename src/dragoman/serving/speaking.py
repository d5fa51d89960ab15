"""How a front speaks HTTP: uvicorn's options, our bounds, and answers that end their connection."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import uvicorn

from dragoman.http.bounds import Bounds
from dragoman.http.connection import Connection

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from dragoman.config.settings import Configuration
    from dragoman.http.exchange import Receive, Scope, Send
    from dragoman.http.paths import Application

_CHUNKED = 8
"""A body in chunks of one byte each is six times as long as the body."""


def bounds_of(configuration: Configuration) -> Bounds:
    """As configured."""
    server = configuration.server
    return Bounds(
        head_bytes=server.head_limit,
        url_bytes=server.head_limit // 2,
        message_bytes=server.head_limit + _CHUNKED * server.body_limit,
        head_seconds=server.head_seconds,
        body_seconds=server.body_seconds,
        answer_seconds=server.answer_seconds,
        idle_seconds=server.idle_seconds,
    )


def speaking(application: Application) -> uvicorn.Config:
    """TLS is ours, and so is every time-out."""
    _silence_uvicorn()
    return uvicorn.Config(
        application,
        http=Connection,
        ws="none",
        lifespan="off",
        interface="asgi3",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
    )


def closing_each(application: Application) -> Application:
    """The same, but each answer ends its connection."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_and_close(message: MutableMapping[str, Any]) -> None:
            ends = message["type"] == "http.response.start"
            await send({**message, "headers": [*message["headers"], (b"Connection", b"close")]} if ends else message)

        await application(scope, receive, send_and_close)

    return answer


def _silence_uvicorn() -> None:
    """What it says of malformed requests would be written by the event loop itself, waiting for whoever reads it."""
    logger = logging.getLogger("uvicorn.error")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.propagate = False
