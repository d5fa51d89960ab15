"""From a path to the list that is there."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from dragoman.password_lists.faults import PasswordListFault
from dragoman.password_lists.hashes import HASH_LINE, RangeFolder, SortedHashes
from dragoman.password_lists.words import plain_list, shipped_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from dragoman.core.password_rules import PasswordList

_LONGEST_FIRST_LINE = 80


def open_lists(paths: Iterable[Path]) -> Iterator[PasswordList]:
    """The list that ships, then those at these paths. Raises PasswordListFault."""
    yield shipped_list()
    for path in paths:
        yield _open_list(path)


def _open_list(path: Path) -> PasswordList:
    """A folder has ranges; a file hashes if its first line is one, and else passwords. Nothing else is opened."""
    try:
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            return RangeFolder(path=path)
        if not stat.S_ISREG(kind):
            raise PasswordListFault(f"passwords.refused: {path} is neither a file nor a folder; take it out")
        with path.open("rb") as file:
            first = file.readline(_LONGEST_FIRST_LINE)
    except OSError as error:
        raise PasswordListFault(f"passwords.refused: {path} cannot be read: {error.strerror}") from None
    return SortedHashes(path=path) if HASH_LINE.fullmatch(first) else plain_list(path)
