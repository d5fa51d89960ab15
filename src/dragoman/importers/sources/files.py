"""Files that are named on the command line: regular ones only, and nothing of their content in a message."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from dragoman.importers.record import SourceFault

if TYPE_CHECKING:
    from pathlib import Path


def regular(path: Path) -> Path:
    """The path, if a regular file is there: no pipe that would wait, no folder, no device. Raises SourceFault."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise SourceFault(f"{path}: cannot be read: {error.strerror}; name the source's own file") from None
    if not stat.S_ISREG(mode):
        raise SourceFault(f"{path}: not a regular file; name the source's own file")
    return path
