"""Reads an export: each line is checked, and nothing counts before the last one has proved the whole."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import msgspec
from msgspec.structs import asdict

from dragoman.core.login_name import login_names_of
from dragoman.store import statement_names as sql
from dragoman.store.export.converting import (
    access_token_of_line,
    client_of_line,
    former_session_values,
    grant_of_line,
    owner_of_line,
)
from dragoman.store.export.lines import (
    ENTRIES,
    FORMAT,
    LONGEST_LINE,
    VERSION,
    AccessTokenLine,
    ClientLine,
    End,
    EndedSubjectLine,
    Entry,
    FormerSessionLine,
    GrantLine,
    Header,
    ResourceOwnerLine,
    RevokedAccessTokenLine,
    type_of,
)
from dragoman.store.faults import StoreFault
from dragoman.store.installation import RESTORED_FROM, SAVED_IN_USE, TIMES
from dragoman.store.rows import access_token_values, client_values, grant_values, resource_owner_values
from dragoman.store.subjects import CLIENT, RESOURCE_OWNER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from dragoman.store.rows import Values

EXPORT_BEGINS = b'{"type":"header","format":"' + FORMAT.encode() + b'"'
_AT_ONCE = 500
_HEADER = msgspec.json.Decoder(Header)
_LINE: msgspec.json.Decoder[Entry | End] = msgspec.json.Decoder(Entry | End)
_TYPES = tuple(map(type_of, ENTRIES))

Batch = tuple[str, "Sequence[Values]"]
"""A statement, and its parameters for each of several rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """An export that is open."""

    checksum: str
    """What its last line says."""
    facts: Mapping[str, str]
    """What the table `installation` shall hold."""
    _path: Path
    _file: BinaryIO

    def batches(self) -> Iterator[Batch]:
        """What to run, in this order and in one transaction. Raises StoreFault where the file is not whole."""
        for entries in _entries(self._path, self._file):
            yield from _batches_of(entries)


def is_export(path: Path) -> bool:
    """Whether a file of this format begins here. What is no regular file is none. Raises OSError."""
    if not stat.S_ISREG(path.stat().st_mode):
        return False
    with path.open("rb") as file:
        return file.read(len(EXPORT_BEGINS)) == EXPORT_BEGINS


@contextmanager
def open_export(path: Path) -> Iterator[Export]:
    """The export, until the block ends. Raises StoreFault."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise StoreFault(f"{path} cannot be read: {error.strerror}.") from error
    with file:
        end = _last_line(path, file)
        header = _header(path, file)
        facts = {**header.installation, RESTORED_FROM: end.sha256, **({SAVED_IN_USE: "yes"} if header.in_use else {})}
        yield Export(checksum=end.sha256, facts=facts, _path=path, _file=file)


def _header(path: Path, file: BinaryIO) -> Header:
    file.seek(0)
    try:
        header = _HEADER.decode(file.readline(LONGEST_LINE))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _damaged(path, 1, error) from None
    if header.version != VERSION:
        raise StoreFault(
            f"{path} is of version {header.version} of the format, and this Dragoman knows {VERSION}: restore it with "
            f"the program that wrote it ({header.made_by})."
        )
    for name in TIMES:
        if not header.installation.get(name, "0").isdigit():
            raise _damaged(path, 1, f"{name!r} is no time")
    return header


def _last_line(path: Path, file: BinaryIO) -> End:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - LONGEST_LINE))
    line = file.read().rstrip(b"\n").rpartition(b"\n")[2]
    try:
        return msgspec.json.decode(line, type=End)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise StoreFault(f"{path} was cut short: its last line is not there. Use another export.") from None


def _entries(path: Path, file: BinaryIO) -> Iterator[Sequence[Entry]]:
    """Neighbours of one type, a few hundred at once, in the order of the types."""
    file.seek(0)
    summed = hashlib.sha256(file.readline(LONGEST_LINE))
    counts = Counter(dict.fromkeys(_TYPES, 0))
    batch: list[Entry] = []
    number, reached = 1, 0
    while content := file.readline(LONGEST_LINE):
        number += 1
        line = _read(path, number, content)
        if isinstance(line, End):
            if (dict(counts), summed.hexdigest()) != (line.lines, line.sha256) or file.read(1):
                raise StoreFault(f"{path} is damaged: its last line counts or sums something else. Use another export.")
            yield batch
            return
        summed.update(content)
        kind = ENTRIES.index(type(line))
        if kind < reached:
            raise _damaged(path, number, f"a line of type {_TYPES[kind]} comes too late")
        if kind > reached or len(batch) == _AT_ONCE:
            yield batch
            batch, reached = [], kind
        batch.append(line)
        counts[_TYPES[kind]] += 1
    raise StoreFault(f"{path} was cut short: its last line is not there. Use another export.")


def _read(path: Path, number: int, content: bytes) -> Entry | End:
    try:
        return _LINE.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _damaged(path, number, error) from None


def _damaged(path: Path, number: int, why: object) -> StoreFault:
    """What msgspec tells of a line is where in it and what was wanted, never what stands there."""
    return StoreFault(f"{path}, line {number}, is not as the format has it ({why}). Use another export.")


def _batches_of(entries: Sequence[Entry]) -> Iterator[Batch]:
    """Statements in the order in which the first line needs them."""
    batches: dict[str, list[Values]] = {}
    for entry in entries:
        for statement, values in _rows_of(entry):
            batches.setdefault(statement, []).append(values)
    yield from batches.items()


def _rows_of(entry: Entry) -> Iterator[tuple[str, Values]]:
    match entry:
        case ClientLine():
            client = client_of_line(entry)
            yield sql.CREATE_SUBJECT, {"id": client.id, "kind": CLIENT}
            yield sql.CREATE_CLIENT, client_values(client)
        case ResourceOwnerLine():
            owner = owner_of_line(entry)
            yield sql.CREATE_SUBJECT, {"id": owner.id, "kind": RESOURCE_OWNER}
            yield sql.CREATE_RESOURCE_OWNER, resource_owner_values(owner)
            for login in sorted(login_names_of(owner)):
                yield sql.TAKE_LOGIN_NAME, {"login": login, "owner_id": owner.id}
        case GrantLine():
            yield sql.TAKE_GRANT, grant_values(grant_of_line(entry))
        case AccessTokenLine():
            yield sql.CREATE_ACCESS_TOKEN, access_token_values(access_token_of_line(entry))
        case RevokedAccessTokenLine():
            yield sql.REVOKE_ACCESS_TOKEN, asdict(entry)
        case FormerSessionLine():
            yield sql.TAKE_FORMER_SESSION, former_session_values(entry)
        case EndedSubjectLine():
            yield sql.TAKE_ENDED_SUBJECT, asdict(entry)
