"""What operators do, in the ledger: on the disk before it is done, so that nothing is done without a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.audit.chain import Sealer
from dragoman.audit.entry import begin_event
from dragoman.audit.folder import AuditFault, prepare
from dragoman.audit.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dragoman.core.ports import Event


class LedgerAudit:
    """Each event as one line of the ledger."""

    def __init__(self, folder: Path, key: bytes, clock: Callable[[], float]) -> None:
        """`clock` gives epoch seconds."""
        self._ledger = Ledger(folder, Sealer(key), clock)
        self._clock = clock

    def record(self, event: Event) -> None:
        """The event, and on the disk. Raises AuditFault where it cannot be."""
        folder = self._ledger.folder
        prepare(folder)
        try:
            with self._ledger.open() as ledger:
                ledger.write(begin_event(event, self._clock()))
        except OSError as error:
            raise AuditFault(f"the audit in {folder} cannot be written: {error.strerror or error}") from None
