"""JSON as different servers write it: the same value, to the byte."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.core.json_text import JsonWriter

_ASCII = json.JSONEncoder(separators=(",", ":"))
_PLAIN = msgspec.json.Encoder().encode
_UNLIKE = re.compile(rb"[\\\x7f]|[:,\[]-?[0-9.]+e|^-?[0-9.]+e")
"""Where the two may differ in ASCII: an escape, a DEL, or what may be a number with an exponent."""


def write_escaped(value: object) -> bytes:
    r"""Every solidus as `\/` and every character outside ASCII as `\uXXXX`."""
    text = _PLAIN(value)  # four times as fast, and most often the same
    if not text.isascii() or _UNLIKE.search(text):
        text = _ASCII.encode(value).encode()
    return text.replace(b"/", b"\\/")


JSON_WRITERS: Mapping[str, JsonWriter] = {"plain": _PLAIN, "escaped": write_escaped}
"""By the word that dialect files use; no style writes white space."""
