"""The audit as lines among others, where there is no folder to write to: each carries its chain along."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from dragoman.audit.chain import START, Sealer
from dragoman.audit.entry import begin_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.core.ports import Event


class LineAudit:
    """Each event as one line of this process's own chain (core.ports.Audit)."""

    def __init__(self, key: bytes, put: Callable[[bytes], None], clock: Callable[[], float]) -> None:
        """`put` takes a line, and neither waits nor fails; `clock` gives epoch seconds."""
        self._sealer = Sealer(key)
        self._put = put
        self._clock = clock
        self._chain = secrets.token_hex(8).encode()
        self._head = START

    waiting = 0
    lost = 0
    writable = True
    """What the log holds back or loses, it tells itself."""

    def record(self, event: Event) -> None:
        """Write one line with the outcome and the true reason."""
        line, self._head = self._sealer.seal(begin_event(event, self._clock()), self._chain, self._head)
        self._put(line)

    def close(self) -> None:
        """Nothing to do: no line is held back."""
