"""The whole audit looked at: every line, every file that the ledger knows of, and how each chain ends."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, suppress
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from dragoman.audit.chain import Sealer, take_apart
from dragoman.audit.entry import CLOSED, OPENED, REMOVED
from dragoman.audit.examination import Examined, Note, Walk, examine
from dragoman.audit.folder import LEDGER, Segment, is_held, list_segments, locked, read_lines, read_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from dragoman.audit.chain import Head


class End(StrEnum):
    """How a file ends."""

    SEALED = "sealed"
    """Another line, further on in its chain or in the ledger, tells which one is its last."""
    BEING_WRITTEN = "being written"
    OPEN = "open"
    """Whoever wrote it was killed, or the ledger goes on: lines may have been cut off here, and nothing tells."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is not as it was written."""

    file: str
    line: int | None = None
    """Its place in the file, from 1 on; None where the whole file is meant."""
    what: str


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A file, or a chain in a log, as far as it holds."""

    file: str
    chain: str
    first: int
    """The number of its first line in its chain."""
    last: int
    hash: str
    """That of the last line; noted elsewhere, it shows later whether the chain was shortened."""
    end: End
    torn: int = 0
    """Bytes of a line that was never finished."""
    unjudged: int | None = None
    """In a log: the number of a line that nothing can be said of, because the one before it is not there."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What verification comes to."""

    findings: tuple[Finding, ...]
    pieces: tuple[Piece, ...]
    removed: Mapping[str, int] = {}
    """Of chains whose time is partly or wholly over: the number of the last line that was taken away."""

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


class _Seen(msgspec.Struct, frozen=True):
    """A file as it was at one moment."""

    segment: Segment
    size: int
    held: bool


class _Known(msgspec.Struct, frozen=True):
    """What the ledger says of all files."""

    opened: frozenset[str]
    closed: Mapping[str, tuple[int, str]]
    removed: Mapping[str, tuple[int, str]]


def verify_folder(folder: Path, key: bytes) -> Verdict:
    """Look at all of it; servers may go on writing meanwhile. Raises OSError."""
    sealer = Sealer(key)
    seen = _look(folder)
    examined = {one.segment.file: _examine(folder, one, sealer) for one in seen}
    known = _known(note for one in seen for note in examined[one.segment.file].notes)
    findings = [*_broken_lines(examined), *_missing(seen, known), *_unknown(seen, examined, known)]
    pieces = []
    for number, one in enumerate(seen):
        after = seen[number + 1] if number + 1 < len(seen) else None
        following = after if after is not None and after.segment.chain == one.segment.chain else None
        before = seen[number - 1] if number and seen[number - 1].segment.chain == one.segment.chain else None
        file = one.segment.file
        findings.extend(_begins_wrongly(one, before, examined[file], known))
        findings.extend(_ends_wrongly(one, following, examined, known))
        pieces.append(_piece(one, following, examined[file], known))
    return Verdict(findings=tuple(findings), pieces=tuple(pieces), removed=_removed_lines(known))


def verify_lines(lines: Iterable[bytes], key: bytes) -> Verdict:
    """The chains in the lines of a log, whatever else is in it. A chain may have been begun before: see `unjudged`."""
    sealer = Sealer(key)
    walks: dict[str, Walk] = {}
    findings: dict[str, Finding] = {}
    for place, line in enumerate(lines, 1):
        link = take_apart(line)
        if link is None or link.chain in findings:
            continue
        walk = walks.get(link.chain)
        if walk is None:
            walk = walks[link.chain] = Walk(sealer, link.chain)
            walk.first = link.number
            if link.number != 1:  # its MAC is over a hash that is not here
                walk.first += 1
                walk.head = link.head
                continue
        what = walk.step(link, line)
        if what is not None:
            findings[link.chain] = Finding(file=link.chain, line=place, what=what)
    pieces = tuple(
        Piece(
            file=chain,
            chain=chain,
            first=walk.first,
            last=walk.head.number,
            hash=walk.head.hash.decode(),
            end=End.OPEN,
            unjudged=None if walk.first <= 1 else walk.first - 1,
        )
        for chain, walk in walks.items()
    )
    return Verdict(findings=tuple(findings.values()), pieces=pieces)


def _look(folder: Path) -> Sequence[_Seen]:
    """What is there at one moment; who may not write there cannot hold it still, and looks all the same."""
    with ExitStack() as stack:
        with suppress(OSError):
            stack.enter_context(locked(folder))
        return [
            _Seen(one, (folder / one.file).stat().st_size, is_held(folder / one.file)) for one in list_segments(folder)
        ]


def _examine(folder: Path, seen: _Seen, sealer: Sealer) -> Examined:
    return examine(seen.segment.file, seen.segment.chain, read_lines(folder / seen.segment.file, seen.size), sealer)


def _known(notes: Iterable[Note]) -> _Known:
    told: dict[str, dict[str, tuple[int, str]]] = {OPENED: {}, CLOSED: {}, REMOVED: {}}
    for note in notes:
        told[note.outcome][note.file] = (note.last, note.hash_of_last)
    return _Known(frozenset(told[OPENED]), told[CLOSED], told[REMOVED])


def _removed_lines(known: _Known) -> Mapping[str, int]:
    last: dict[str, int] = {}
    for file, (number, _) in known.removed.items():
        segment = read_name(file)
        if segment is not None:
            last[segment.chain] = max(number, last.get(segment.chain, 0))
    return last


def _broken_lines(examined: Mapping[str, Examined]) -> Iterator[Finding]:
    for file, one in examined.items():
        if one.trouble is not None:
            yield Finding(file=file, line=one.trouble.line, what=one.trouble.what)


def _missing(seen: Sequence[_Seen], known: _Known) -> Iterator[Finding]:
    """Files that the ledger knows of, and that are not there though their time was not over."""
    there = {one.segment.file for one in seen}
    for file in sorted(known.opened - there - known.removed.keys()):
        yield Finding(file=file, what="it is missing: the ledger knows of it, and not that its time was over")
    if not any(one.segment.chain == LEDGER for one in seen):
        yield Finding(file=LEDGER, what="there is no ledger, so that nothing tells which files are missing")


def _unknown(seen: Sequence[_Seen], examined: Mapping[str, Examined], known: _Known) -> Iterator[Finding]:
    """Files that the ledger does not know of; one with its first line alone was begun by somebody who was killed."""
    for one in seen:
        file = one.segment.file
        if one.segment.chain != LEDGER and file not in known.opened and examined[file].lines > 1:
            yield Finding(file=file, what="the ledger does not know of it: lines of the ledger are missing")


def _begins_wrongly(one: _Seen, before: _Seen | None, examined: Examined, known: _Known) -> Iterator[Finding]:
    """The first file of a chain that is there begins it, or those before it were taken away in order."""
    if before is not None or one.segment.place == 1 or examined.trouble is not None:
        return
    chain, place = one.segment.chain, one.segment.place
    before_it = {file: read_name(file) for file in known.removed}
    ends = {known.removed[file] for file, name in before_it.items() if name and name[:2] == (chain, place - 1)}
    if (examined.first - 1, examined.previous.decode()) not in ends:
        yield Finding(file=one.segment.file, what="the files of its chain before it are missing")


def _ends_wrongly(
    one: _Seen, after: _Seen | None, examined: Mapping[str, Examined], known: _Known
) -> Iterator[Finding]:
    file = one.segment.file
    this = examined[file]
    if this.trouble is not None:
        return
    last = _last_of(this.head)
    if file in known.closed and (known.closed[file] != last or this.torn):
        yield Finding(file=file, what=f"lines are missing at its end: it was closed with line {known.closed[file][0]}")
    elif after is not None:
        if this.torn:
            yield Finding(file=file, line=this.lines + 1, what="it is no line of the audit")
        following = examined[after.segment.file]
        continued = (following.first - 1, following.previous.decode())
        if following.trouble is None and continued != last:
            yield Finding(file=file, what=f"the next file of its chain does not follow on line {last[0]}")


def _last_of(head: Head) -> tuple[int, str]:
    return head.number, head.hash.decode()


def _piece(one: _Seen, after: _Seen | None, examined: Examined, known: _Known) -> Piece:
    number, digest = _last_of(examined.head)
    sealed = after is not None or one.segment.file in known.closed
    end = End.SEALED if sealed else End.BEING_WRITTEN if one.held else End.OPEN
    return Piece(
        file=one.segment.file,
        chain=one.segment.chain,
        first=examined.first,
        last=number,
        hash=digest,
        end=end,
        torn=examined.torn,
    )
