"""A text file as a source: UTF-8, line by line, each of a bounded length."""

from __future__ import annotations

from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

from dragoman.importers.record import SourceFault
from dragoman.importers.sources.files import opened_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dragoman.core.secret import Secret

_LONGEST_LINE = 1 << 20
"""Characters."""


@contextmanager
def open_lines(location: Path | Secret) -> Iterator[Iterator[str]]:
    """The lines of a file, until the block ends. What is no UTF-8 becomes lone surrogates, which are refused later.

    Raises SourceFault, while it is read too.
    """
    path = _path(location)
    with opened_file(path) as file, TextIOWrapper(file, "utf-8-sig", "surrogateescape", newline="") as text:
        yield _bounded(text.readline, path)


def _path(location: Path | Secret) -> Path:
    if isinstance(location, Path):
        return location
    raise SourceFault("this kind of source is a file, not the URL of a database")


def _bounded(readline: Callable[[int], str], path: Path) -> Iterator[str]:
    number = 0
    while line := readline(_LONGEST_LINE + 1):
        number += 1
        if len(line) > _LONGEST_LINE:
            raise SourceFault(f"{path}, line {number}: longer than {_LONGEST_LINE} characters; mend it and run again")
        yield line
