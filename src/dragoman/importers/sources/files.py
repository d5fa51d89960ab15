"""Files that are named on the command line: regular ones only, and nothing of their content in a message."""

from __future__ import annotations

import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from dragoman.importers.record import SourceFault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def opened_file(path: Path) -> Iterator[BinaryIO]:
    """The file, until the block ends: a regular one, no pipe that would wait, no folder, no device.

    Raises SourceFault, while it is read too.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise SourceFault(f"{path}: not a regular file; name the source's own file")
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: OSError) -> SourceFault:
    """What to say of a file or folder that cannot be read."""
    return SourceFault(
        f"{path}: cannot be read: {error.strerror}; name the source's own file, readable for this account"
    )
