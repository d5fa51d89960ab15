"""Whole files taken away once all that is in them is old enough; the ledger keeps what they ended with."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from dragoman.audit.chain import Sealer
from dragoman.audit.entry import OPENED, REMOVED
from dragoman.audit.examination import examine
from dragoman.audit.folder import LEDGER, is_held, last_line, list_segments, read_lines
from dragoman.audit.ledger import Ledger
from dragoman.audit.reading import read_record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from dragoman.audit.examination import Examined
    from dragoman.audit.folder import Segment


def remove_old(folder: Path, key: bytes, clock: Callable[[], float], before: float) -> Sequence[str]:
    """Take away the files whose last line is from before this time, and that nobody writes to; their names.

    What was tampered with stays, whatever its age. Raises OSError. What was noted and, because of a crash, not taken
    away goes the next time.
    """
    sealer = Sealer(key)
    ledger = Ledger(folder, sealer, clock)
    segments = list_segments(folder)
    removed = [one.file for one in segments if one.chain != LEDGER and _remove(ledger, sealer, one, before)]
    there = {one.file for one in segments} - set(removed)
    pieces = [one for one in segments if one.chain == LEDGER]
    for piece in pieces[:-1]:  # without the one that is open, the oldest first: no gap comes about
        if not _remove(ledger, sealer, piece, before, unless_opened=there):
            break
        removed.append(piece.file)
    return removed


def _remove(
    ledger: Ledger, sealer: Sealer, segment: Segment, before: float, unless_opened: set[str] | None = None
) -> bool:
    """Whether it was taken away. `unless_opened`: files that must not have been opened in this piece of the ledger."""
    path = ledger.folder / segment.file
    if is_held(path) or not _is_old(path, before):
        return False
    found = examine(segment.file, segment.chain, read_lines(path), sealer)
    if found.trouble is not None or (unless_opened and _opened_in(found, segment) & unless_opened):
        return False
    with ledger.open() as opened:
        opened.note(REMOVED, file=segment.file, last=found.head.number, hash_of_last=found.head.hash.decode())
        with suppress(FileNotFoundError):  # another server of this folder was faster
            path.unlink()
    return True


def _is_old(path: Path, before: float) -> bool:
    record = read_record(last_line(path)[0])
    return record is not None and record.time < before


def _opened_in(examined: Examined, piece: Segment) -> set[str]:
    """The files that this piece of the ledger says were opened, without itself."""
    return {note.file for note in examined.notes if note.outcome == OPENED} - {piece.file}
