"""JSON as different servers write it: the same value, to the byte."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.core.json_text import JsonWriter

_ASCII = json.JSONEncoder(separators=(",", ":"))
_FAST = msgspec.json.Encoder().encode
_TEXT = frozenset({str})
_PLAIN = frozenset({str, int, bool, type(None)})
_PLAIN_OR_LIST = _PLAIN | {list}


def write_escaped(value: object) -> bytes:
    r"""Every solidus as `\/` and every character outside ASCII as `\uXXXX`, as Python's own encoder writes them.

    Where nothing but a solidus is to be escaped a faster one writes the same.
    """
    if _is_plain(value):
        try:
            text = _FAST(value)
        except UnicodeEncodeError:  # half of a surrogate pair
            return _write_slowly(value)
        if text.isascii() and b"\x7f" not in text:
            return text.replace(b"/", b"\\/")
    return _write_slowly(value)


def _is_plain(value: object) -> bool:
    """Whether it holds, under names, what all write alike but for its escapes: no fractions, and nothing deeper."""
    if type(value) is not dict or not _TEXT.issuperset(map(type, value)):
        return False
    kinds = set(map(type, value.values()))
    if kinds <= _PLAIN:
        return True
    lists = [one for one in value.values() if type(one) is list]
    return kinds <= _PLAIN_OR_LIST and all(_PLAIN.issuperset(map(type, one)) for one in lists)


def _write_slowly(value: object) -> bytes:
    return _ASCII.encode(value).replace("/", "\\/").encode()


JSON_WRITERS: Mapping[str, JsonWriter] = {"plain": _FAST, "escaped": write_escaped}
"""By the word that dialect files use; no style writes white space."""
