"""JSON as different servers write it: the same value, to the byte."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.core.json_text import JsonWriter

_ASCII = json.JSONEncoder(separators=(",", ":"))


def write_escaped(value: object) -> bytes:
    r"""Every solidus as `\/` and every character outside ASCII as `\uXXXX`."""
    return _ASCII.encode(value).replace("/", "\\/").encode()


JSON_WRITERS: Mapping[str, JsonWriter] = {"plain": msgspec.json.Encoder().encode, "escaped": write_escaped}
"""By the word that dialect files use; no style writes white space."""
