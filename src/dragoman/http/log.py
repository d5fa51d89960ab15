"""The log and, written into it, the audit: one JSON object a line, never a secret."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, BinaryIO

import msgspec
import structlog

if TYPE_CHECKING:
    from dragoman.core.ports import Event


def open_log(level: str, stream: BinaryIO | None = None) -> structlog.typing.FilteringBoundLogger:
    """A logger of its own, configured for nobody else. `level` as in the configuration."""
    logger = structlog.wrap_logger(
        structlog.BytesLogger(stream if stream is not None else sys.stderr.buffer),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(_plain_traceback),
            structlog.processors.JSONRenderer(serializer=lambda event, **_options: msgspec.json.encode(event)),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
    )
    return logger.bind()  # type: ignore[no-any-return]  # structlog types its loggers as Any


_plain_traceback = structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=20)


class LoggedAudit:
    """The audit as log lines (core.ports.Audit)."""

    def __init__(self, log: structlog.typing.FilteringBoundLogger) -> None:
        self._log = log

    def record(self, event: Event) -> None:
        """One line with the outcome and the true reason."""
        self._log.info(
            "audit",
            outcome=event.name,
            dialect=event.dialect,
            client=event.client_id,
            subject=event.subject,
            grant=event.grant_id,
            address=event.sender.address,
            **event.facts,
        )
