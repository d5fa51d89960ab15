"""One process's chain, as its thread writes it: what waits, the file that is open, and what became of it."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from dragoman.audit.chain import START, Sealer
from dragoman.audit.entry import DAMAGED, LOST, begin_note
from dragoman.audit.folder import AuditFault, name_segment, prepare
from dragoman.audit.ledger import Ledger
from dragoman.audit.segment import OpenSegment, open_segment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SPOOL_BYTES = 32 * 2**20
"""What waits for a disk that cannot be written to; events beyond it are lost, counted, and told."""
_SYNC_SECONDS = 1.0
_HEAD_SECONDS = 3600.0
_BATCH = 500
_DAY = 86400


class Telling(Protocol):
    """Where the audit tells what an operator must know at once."""

    def write(self, level: str, event: str, /, **facts: object) -> None:
        """Write one line to the log."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Where to write, and how."""

    folder: Path
    key: bytes
    largest: int
    """Bytes after which a file is followed by another; so it is at the end of a day (UTC)."""


class ChainWriter:
    """Turns the beginnings of lines into lines of files. Belongs to one thread."""

    def __init__(self, files: Files, log: Telling, clock: Callable[[], float]) -> None:
        """`clock` gives epoch seconds. Raises AuditFault where the folder is of no use."""
        prepare(files.folder)
        self._files = files
        self._log = log
        self._clock = clock
        self._sealer = Sealer(files.key)
        self._ledger = Ledger(files.folder, self._sealer, clock)
        self._chain = secrets.token_hex(8)
        self._spool: list[bytes] = []
        self._spooled = 0
        self._segment: OpenSegment | None = None
        self._place, self._head, self._day = 0, START, 0
        self._synced = START
        self._sync_due = self._head_due = 0.0
        self._told_lost = 0
        self.lost = 0
        """Lines for which there was no room, since the start."""
        self.failing: str | None = None
        """Why the last turn did not come to its end."""

    @property
    def waiting(self) -> int:
        """How many lines are not written yet."""
        return len(self._spool)

    @property
    def due(self) -> float | None:
        """When something is to be done though nothing comes (monotonic)."""
        return self._sync_due if self._segment is not None and self._segment.head != self._synced else None

    def take(self, begun: bytes) -> None:
        """A line to be written, if there is room (chain.Sealer.seal)."""
        if self._spooled > SPOOL_BYTES:
            self.lost += 1
            return
        self._spool.append(begun)
        self._spooled += len(begun)

    def turn(self, turned_away: int) -> None:
        """Write what waits, and see to it that it reaches the disk. `turned_away`: events that were lost elsewhere."""
        try:
            self._look_after_segment()
            self._write_out()
            self._write_lost(self.lost + turned_away)
            self._sync_if_due()
        except OSError as error:
            self.fail(error.strerror or str(error))
        except AuditFault as fault:
            self.fail(str(fault))
        else:
            if self.failing is not None:
                self._log.write("warning", "audit_written_again")
                self.failing = None

    def fail(self, reason: str) -> None:
        """Tell that the audit is not written, once."""
        if self.failing is None:
            self._log.write("error", "audit_not_written", folder=str(self._files.folder), reason=reason)
        self.failing = reason

    def end(self) -> None:
        """Close the file in order; where that fails its end stays open, which verification tells."""
        segment, self._segment = self._segment, None
        if segment is None:
            return
        try:
            segment.end()
        except OSError as error:
            self._log.write("warning", "audit_end_open", file=segment.file, reason=error.strerror or str(error))
        self._tell_head()

    def _write_out(self) -> None:
        while self._spool:
            batch = self._spool[:_BATCH]
            self._write(batch)
            del self._spool[: len(batch)]
            self._spooled -= sum(map(len, batch))

    def _write_lost(self, lost: int) -> None:
        """They came after all that was written, and before all that will be."""
        more = lost - self._told_lost
        if more:
            self._write([begin_note(LOST, self._clock(), {"events": more})])
            self._told_lost = lost
            self._log.write("error", LOST, events=more)

    def _write(self, begun: list[bytes]) -> None:
        segment = self._open_segment()
        segment.write(self._sealer, self._chain, begun)
        self._head = segment.head

    def _open_segment(self) -> OpenSegment:
        """The file to write to; another one where it is full, or of another day. Raises OSError, AuditFault."""
        day = int(self._clock()) // _DAY
        if self._segment is not None and (self._segment.size >= self._files.largest or day != self._day):
            self.end()
        if self._segment is None:
            prepare(self._files.folder)
            now = self._clock()
            name = name_segment(self._chain, self._place + 1, now)
            self._segment = open_segment(self._ledger, self._sealer, name, self._head, now)
            self._place, self._head, self._day = name.place, self._segment.head, day
        return self._segment

    def _look_after_segment(self) -> None:
        """Where somebody took the file away or changed it, go on in another one, and tell. Raises OSError."""
        segment = self._segment
        if segment is None or (damage := segment.damage()) is None:
            return
        self._log.write("error", DAMAGED, file=segment.file, reason=damage)
        note = begin_note(DAMAGED, self._clock(), {"file": segment.file, "reason": damage})
        self._spool.insert(0, note)
        self._spooled += len(note)
        self._abandon(segment)

    def _sync_if_due(self) -> None:
        """What could not be brought to the disk is not tried again there: the kernel has let go of it (F08)."""
        segment, now = self._segment, time.monotonic()
        if segment is None or segment.head == self._synced or now < self._sync_due:
            return
        try:
            segment.sync()
        except OSError:
            self._abandon(segment)
            raise
        self._synced, self._sync_due = segment.head, now + _SYNC_SECONDS
        if now >= self._head_due:
            self._head_due = now + _HEAD_SECONDS
            self._tell_head()

    def _abandon(self, segment: OpenSegment) -> None:
        self._segment = None
        segment.abandon()

    def _tell_head(self) -> None:
        """In the log, which may be kept elsewhere: whoever shortens the chain later has that against them."""
        number, digest = self._head
        self._log.write("info", "audit_head", chain=self._chain, number=number, hash=digest.decode())
