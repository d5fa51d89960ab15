"""A dialect's words as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.dialects import schema
from making.docstrings import read_structs
from making.markdown import code, table
from making.shapes import show

if TYPE_CHECKING:
    from dragoman.dialects.schema import Ordered, Words


def words_table(words: Words, leave_out: tuple[str, ...] = ()) -> str:
    """Each word with what it is here and what it means."""
    texts = read_structs(*schema.MODULES)[type(words).__name__].fields
    rows = (
        (code(name), _shown(getattr(words, name)), texts[name])
        for name in type(words).__struct_fields__
        if name not in leave_out
    )
    return table(("word", "here", "meaning"), rows)


def header_table(headers: Ordered) -> str:
    """Headers in order."""
    return table(("header", "value"), ((code(name), code(str(value))) for name, value in headers.items()))


def _shown(value: object) -> str:
    return "none" if value is None else code(show(value))
