"""Plain lists: a password a line, in any order and spelling."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, BinaryIO

from dragoman.core.login_name import canonical
from dragoman.password_lists.faults import PasswordListFault

if TYPE_CHECKING:
    from pathlib import Path

    from dragoman.core.password_rules import Guesses

_BLOCK = 1 << 20
_SHIPPED = "common.txt.gz"
_WHAT_SHIPS = "one that many people use, or such a one with little added"


@dataclass(frozen=True, slots=True, kw_only=True)
class WordList:
    """A list that is read from its beginning to its end, a block at a time, whenever it is asked."""

    told_as: str
    open: Callable[[], BinaryIO]
    name: str

    def holds(self, guesses: Guesses) -> bool:
        """Whether one of the simple spellings is a line of it. Raises PasswordListFault."""
        try:
            with self.open() as file:
                return any(not guesses.simple.isdisjoint(lines) for lines in self._folded_lines(file))
        except OSError as error:
            raise PasswordListFault(f"passwords.refused: {self.name} cannot be read: {error.strerror}") from None

    def _folded_lines(self, file: BinaryIO) -> Iterator[list[str]]:
        begun = b""
        while block := file.read(_BLOCK):
            whole, newline, rest = block.rpartition(b"\n")
            if not newline and len(begun) > _BLOCK:
                raise PasswordListFault(f"passwords.refused: {self.name} is no list: one of its lines does not end")
            if newline:
                yield _fold(begun + whole)
            begun = rest if newline else begun + rest
        yield _fold(begun)


def shipped_list() -> WordList:
    """The most common passwords, about twenty thousand; docs/passwords.md tells where they are from."""
    found = resources.files(__package__).joinpath(_SHIPPED)

    def open_shipped() -> BinaryIO:
        return io.BytesIO(gzip.decompress(found.read_bytes()))

    return WordList(told_as=_WHAT_SHIPS, open=open_shipped, name=_SHIPPED)


def plain_list(path: Path) -> WordList:
    """A list of the operator's: one word a line, read anew at each question and never held in memory."""
    return WordList(told_as=f"in the list {path.name}", open=lambda: path.open("rb"), name=str(path))


def _fold(lines: bytes) -> list[str]:
    return [
        line.lower().decode() if line.isascii() else canonical(line.decode("utf-8", "replace"))
        for line in lines.replace(b"\r\n", b"\n").removesuffix(b"\r").split(b"\n")
    ]
