"""What was found so far, counted by dialect and client, and the file in which all processes keep it together.

One file, rewritten whole and replaced at once, by one process at a time. It is bounded: so many clients, and of each so
many differences; what goes beyond is counted, and is drift all the same.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import msgspec

from dragoman.core.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dragoman.shadow.showing import Shown

MOST_CLIENTS = 1000
MOST_DIFFERENCES = 200
"""Of one client."""
_LARGEST_FILE = 256 * 2**20


class RecordFault(Fault):
    """The record cannot be read or written. A sentence for the operator."""


class Seen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often, and when first and last: epoch seconds."""

    count: int
    first: int
    last: int

    def together(self, other: Seen | None) -> Seen:
        """What was seen in both spans: the counts added, from the first to the last."""
        if other is None:
            return self
        return Seen(self.count + other.count, min(self.first, other.first), max(self.last, other.last))


class Found(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One difference, and how often it was there."""

    field: str
    theirs: str
    ours: str
    expected: str
    seen: Seen

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What makes two of them one."""
        return self.field, self.theirs, self.ours, self.expected


class ClientRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All exchanges of one client in one dialect."""

    dialect: str
    client: str
    """Its id; empty where no client of ours was named."""
    compared: Seen | None = None
    alike: int = 0
    """Of those compared: without any difference but expected ones."""
    not_compared: dict[str, int] = msgspec.field(default_factory=dict)
    """How many, by why."""
    differences: tuple[Found, ...] = ()
    others: Seen | None = None
    """Differences for which there was no room."""


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that one file keeps: what was found so far, by dialect and client."""

    version: Literal[1] = 1
    clients: tuple[ClientRecord, ...] = ()
    left_out: int = 0
    """Exchanges of clients for which there was no room."""


def compared(dialect: str, client: str, differences: tuple[Shown, ...], now: int) -> ClientRecord:
    """The record of one exchange that was compared."""
    seen = Seen(1, now, now)
    found = {one: Found(**one._asdict(), seen=seen) for one in differences}
    alike = int(all(one.expected for one in differences))
    return ClientRecord(dialect=dialect, client=client, compared=seen, alike=alike, differences=tuple(found.values()))


def not_compared(dialect: str, client: str, why: str) -> ClientRecord:
    """The record of one exchange that could not be compared, and why."""
    return ClientRecord(dialect=dialect, client=client, not_compared={why: 1})


def merge(record: Record, more: Record) -> Record:
    """Both records as one. Of clients beyond `MOST_CLIENTS` only the number of their exchanges is kept."""
    clients = {(one.dialect, one.client): one for one in record.clients}
    left_out = record.left_out + more.left_out
    for one in more.clients:
        known = clients.get((one.dialect, one.client))
        if known is None and len(clients) >= MOST_CLIENTS:
            left_out += (0 if one.compared is None else one.compared.count) + sum(one.not_compared.values())
        else:
            clients[one.dialect, one.client] = one if known is None else _merge_client(known, one)
    return Record(clients=tuple(clients.values()), left_out=left_out)


def _merge_client(known: ClientRecord, more: ClientRecord) -> ClientRecord:
    found = {one.identity: one for one in known.differences}
    others = more.others if known.others is None else known.others.together(more.others)
    for one in more.differences:
        before = found.get(one.identity)
        if before is not None:
            found[one.identity] = msgspec.structs.replace(before, seen=before.seen.together(one.seen))
        elif len(found) < MOST_DIFFERENCES:
            found[one.identity] = one
        else:
            others = one.seen.together(others)
    return ClientRecord(
        dialect=known.dialect,
        client=known.client,
        compared=more.compared if known.compared is None else known.compared.together(more.compared),
        alike=known.alike + more.alike,
        not_compared=_sums(known.not_compared, more.not_compared),
        differences=tuple(found.values()),
        others=others,
    )


def _sums(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {why: one.get(why, 0) + other.get(why, 0) for why in {**one, **other}}


def read_record(path: Path) -> Record:
    """What the file holds; nothing where there is none. Raises RecordFault."""
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_FILE)
        return msgspec.json.decode(text, type=Record)
    except FileNotFoundError:
        return Record()
    except OSError as error:
        raise RecordFault(f"{path} cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise RecordFault(f"{path} is no record of `dragoman shadow`; move it away, and a new one is begun") from None


def add_to_file(path: Path, more: Record) -> None:
    """Add to what the file holds. Whoever reads it meanwhile finds the old or the new one. Raises RecordFault."""
    try:
        with _alone(path):
            _replace(path, msgspec.json.encode(merge(read_record(path), more)))
    except OSError as error:
        raise RecordFault(f"{path} cannot be written: {error.strerror}") from None


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, text: bytes) -> None:
    beside = path.with_name(f"{path.name}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
