"""A file that is there whole, private and on the disk, or not at all; never in the place of another."""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dragoman.store.faults import StoreFault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NO_SECOND_NAMES = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})


@contextmanager
def drafted(destination: Path) -> Iterator[tuple[Path, int]]:
    """An empty private file to be filled, and its descriptor; it gets its name when the block ends without a fault.

    Raises StoreFault if something of that name is there, or its folder cannot be written.
    """
    destination = destination.absolute()
    refuse_taken(destination)
    draft = destination.with_name(f".{destination.name}.{secrets.token_hex(4)}.unfinished")
    try:
        descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreFault(f"{destination} cannot be made: {error.strerror}; name another place.") from error
    try:
        yield draft, descriptor
        os.fsync(descriptor)
        _publish(draft, destination)
    except OSError as error:
        raise StoreFault(f"{destination} cannot be written: {error.strerror or error}.") from error
    finally:
        os.close(descriptor)
        draft.unlink(missing_ok=True)


def refuse_taken(destination: Path) -> None:
    """Raises StoreFault where something is."""
    if os.path.lexists(destination):
        raise StoreFault(f"{destination} is there already, and nothing is ever overwritten: name another file.")


def sync_folder(folder: Path) -> None:
    """Have the names in it reach the disk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _publish(draft: Path, destination: Path) -> None:
    """A second name is only given where there is none; a new name would replace what is there."""
    try:
        destination.hardlink_to(draft)
    except FileExistsError:
        refuse_taken(destination)
    except OSError as error:
        if error.errno not in _NO_SECOND_NAMES:
            raise
        refuse_taken(destination)
        draft.rename(destination)
    sync_folder(destination.parent)
