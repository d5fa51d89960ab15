"""How a front speaks HTTP: the bounds of each connection, as configured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.http.bounds import Bounds

if TYPE_CHECKING:
    from dragoman.config.settings import Configuration

_CHUNKED = 8
"""A body in chunks of one byte each is six times as long as the body."""


def bounds_of(configuration: Configuration) -> Bounds:
    """The bounds of each connection, as configured."""
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
