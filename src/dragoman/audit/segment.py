"""A file of one process's chain, while that process writes to it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dragoman.audit.entry import CLOSED, OPENED, begin_note
from dragoman.audit.folder import append, create, flush_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.audit.chain import Head, Sealer
    from dragoman.audit.folder import Segment
    from dragoman.audit.ledger import Ledger


class OpenSegment:
    """Takes lines at its end, and knows whether somebody else has been at it."""

    def __init__(self, ledger: Ledger, file: str, descriptor: int, head: Head) -> None:
        self.file = file
        self._ledger = ledger
        self._descriptor = descriptor
        self.head = head
        """Its last line."""
        self.size = 0
        """In bytes."""

    def write(self, sealer: Sealer, chain: str, begun: Sequence[bytes]) -> None:
        """A line for each of these (chain.Sealer.seal), all or none of them. Raises OSError."""
        text, head = sealer.seal_all(begun, chain.encode(), self.head)
        append(self._descriptor, self.size, text)
        self.head = head
        self.size += len(text)

    def sync(self) -> None:
        """Have it on the disk. Raises OSError."""
        os.fdatasync(self._descriptor)

    def damage(self) -> str | None:
        """What somebody else did to it, if anything: its lines would go nowhere, or stand after something else.

        Raises OSError where that cannot be told.
        """
        status = os.fstat(self._descriptor)
        if status.st_nlink == 0:
            return "the file was deleted"
        try:
            found = (self._ledger.folder / self.file).stat()
        except (FileNotFoundError, NotADirectoryError):
            return "the file was moved away"
        if not os.path.samestat(status, found):
            return "another file has its name"
        return None if status.st_size == self.size else "the file has another length"

    def end(self) -> None:
        """Have it on the disk, and note in the ledger how it ends. Raises OSError."""
        try:
            self.sync()
            with self._ledger.open() as ledger:
                ledger.note(CLOSED, file=self.file, last=self.head.number, hash_of_last=self.head.hash.decode())
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Let go of it as it is: its end stays open."""
        os.close(self._descriptor)


def open_segment(ledger: Ledger, sealer: Sealer, name: Segment, head: Head, now: float) -> OpenSegment:
    """A new file of a chain with its first line, and known to the ledger. Raises OSError, and then there is none."""
    path, process = ledger.folder / name.file, os.getpid()
    with ledger.open() as opened:
        segment = OpenSegment(ledger, name.file, create(path), head)
        first = begin_note(OPENED, now, {"file": name.file, "previous": head.hash.decode(), "process": process})
        try:
            segment.write(sealer, name.chain, [first])
            segment.sync()
            flush_folder(ledger.folder)
            opened.note(OPENED, file=name.file, first=segment.head.number, process=process)
        except OSError:
            segment.abandon()
            path.unlink(missing_ok=True)
            raise
    return segment
