"""JSON as different servers write it: the same value, to the byte."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.core.json_text import JsonWriter

_ASCII = json.JSONEncoder(separators=(",", ":"))
_write_plain = msgspec.json.Encoder().encode


def write_escaped(value: object) -> bytes:
    r"""Every solidus as `\/` and every character outside ASCII as `\uXXXX`."""
    return _ASCII.encode(value).replace("/", "\\/").encode()


def _write_escaped_without_fractions(value: object) -> bytes:
    """The same by the faster writer, which differs in how it spells fractions and in what it escapes."""
    try:
        text = _write_plain(value)
    except UnicodeEncodeError:  # half of a surrogate pair
        return write_escaped(value)
    if text.isascii() and b"\x7f" not in text:
        return text.replace(b"/", b"\\/")
    return write_escaped(value)


JSON_WRITERS: Mapping[str, JsonWriter] = {"plain": _write_plain, "escaped": write_escaped}
"""By the word that dialect files use; no style writes white space."""


def writer_for(style: str, table: object) -> JsonWriter:
    """The same to the byte, by the fastest that can write what this table of templates comes to.

    No value that a template may name is a fraction; a constant in the table may be one.
    """
    return _write_escaped_without_fractions if style == "escaped" and not _has_fraction(table) else JSON_WRITERS[style]


def _has_fraction(entry: object) -> bool:
    match entry:
        case dict():
            return any(map(_has_fraction, entry.values()))
        case list():
            return any(map(_has_fraction, entry))
        case _:
            return isinstance(entry, float)
