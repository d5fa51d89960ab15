"""The folder of the audit: a file for each piece of a chain, readable by its owner alone."""

from __future__ import annotations

import fcntl
import os
import re
import stat
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from dragoman.core.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

LEDGER = "ledger"
"""The chain that all processes write to in turn: which files there are, and what operators do."""
_NAME = re.compile(r"(?:(\d{8}T\d{6}Z)-)?([0-9a-z]{1,32})-(\d{6,})\.jsonl", re.ASCII)
_LOCK = "lock"
_MOMENT = "%Y%m%dT%H%M%SZ"
_PATIENCE_SECONDS = 5.0
_PAUSE_SECONDS = 0.01
_LAST_BYTES = 64 * 1024
"""No line of ours is as long."""
LONGEST_LINE = 2**20
"""Bytes; more is never read as one line."""


class AuditFault(Fault):
    """The audit cannot be used. The text is a sentence for operators."""


class Segment(NamedTuple):
    """The name of a file: a piece of a chain."""

    chain: str
    place: int
    """Of which piece, from 1 on."""
    began: str = ""
    """When, as the name has it; nothing for the ledger."""

    @property
    def file(self) -> str:
        """The file's name."""
        return f"{self.began}{'-' if self.began else ''}{self.chain}-{self.place:06}.jsonl"

    @property
    def moment(self) -> float:
        """When it began, in epoch seconds; 0 for the ledger."""
        return datetime.strptime(self.began, _MOMENT).replace(tzinfo=UTC).timestamp() if self.began else 0.0


def name_segment(chain: str, place: int, time: float) -> Segment:
    """The name of a new piece that begins now."""
    return Segment(chain, place, datetime.fromtimestamp(time, tz=UTC).strftime(_MOMENT))


def read_name(file: str) -> Segment | None:
    """What a file's name says, if it is one of ours."""
    name = _NAME.fullmatch(file)
    return None if name is None else Segment(name[2], int(name[3]), name[1] or "")


def list_segments(folder: Path) -> Sequence[Segment]:
    """All that are there, each chain in order. Raises OSError."""
    with os.scandir(folder) as entries:
        segments = [segment for entry in entries if (segment := read_name(entry.name)) is not None]
    return sorted(segments, key=lambda one: (one.chain != LEDGER, one.chain, one.place))


def prepare(folder: Path) -> None:
    """Make the folder if it is not there. Raises AuditFault where it is of no use, or open to others."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise _not_made(folder, error.strerror) from None
    refuse_unusable(folder)


def refuse_unusable(folder: Path) -> None:
    """Raise AuditFault for a folder that cannot be used, or not be made where it is missing. Changes nothing."""
    try:
        status = folder.stat()
    except FileNotFoundError:
        if os.access(folder.parent, os.W_OK | os.X_OK):
            return
        raise _not_made(folder, f"this account cannot write to {folder.parent}") from None
    except OSError as error:
        raise _not_made(folder, error.strerror) from None
    if status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) & 0o022:
        raise AuditFault(f"others may write to the folder of the audit {folder}; run `chmod 700 {folder}`")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise AuditFault(f"the folder of the audit {folder} cannot be written to by this account; mend its rights")


def _not_made(folder: Path, why: str | None) -> AuditFault:
    return AuditFault(f"the folder of the audit {folder} cannot be made: {why}; mend its rights, or set audit.files")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock: meanwhile nobody else adds or removes a file, or writes to the ledger. Raises OSError."""
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not _taken(descriptor):
            if time.monotonic() > deadline:
                raise TimeoutError(11, "another process has kept the lock of the audit for too long")
            time.sleep(_PAUSE_SECONDS)
        yield
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def create(path: Path) -> int:
    """The descriptor of a new file, held by this process until it closes it or ends. Raises OSError."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return descriptor


def is_held(path: Path) -> bool:
    """Whether a process still writes to this file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def append(descriptor: int, size: int, lines: bytes) -> None:
    """Write all of it after so many bytes, or nothing: what was begun is cut off again. Raises OSError."""
    rest = memoryview(lines)
    try:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    except OSError:
        os.ftruncate(descriptor, size)
        raise


def last_line(path: Path) -> tuple[bytes, int]:
    """The last line that is whole, and how many bytes come after it. Raises OSError."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _LAST_BYTES))
        whole, end, torn = file.read().rpartition(b"\n")
    return (whole.rpartition(b"\n")[2] + end if end else b""), len(torn)


def read_lines(path: Path, size: int | None = None) -> Iterator[bytes]:
    """The lines of a file, of its first so many bytes if that is said, and none longer than a line can be.

    The file is opened with the first of them and closed with the last. Raises OSError.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb", buffering=2**18) as file:
        rest = file.seek(0, os.SEEK_END) if size is None else size
        file.seek(0)
        while rest > 0 and (line := file.readline(min(rest, LONGEST_LINE))):
            rest -= len(line)
            yield line


def flush_folder(folder: Path) -> None:
    """Have its entries on the disk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
