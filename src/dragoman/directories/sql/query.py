"""A query of the configuration: text with one parameter, which is never put together with a value here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.directories.faults import DirectoryFault

if TYPE_CHECKING:
    from collections.abc import Sequence

_BEGINS = re.compile(r"\s*(SELECT|WITH)\b", re.IGNORECASE)
_PIECES = re.compile(r"""'[^']*'|"[^"]*"|`[^`]*`|::|:(?P<parameter>[A-Za-z_]\w*)""")
_REFUSED = ("\\", "--", "/*", ";", "\0")
"""Without escapes and comments it is plain where a quoted text ends, whichever database reads it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """The text before, between and after the places of its parameter."""

    parts: Sequence[str]

    def spelled(self, parameter: str) -> str:
        """The query with the parameter as a database writes it."""
        return parameter.join(self.parts)


def read_query(setting: str, text: str, parameter: str | None) -> Query:
    """The query of a setting, whose one parameter has this name. Raises DirectoryFault."""
    if _BEGINS.match(text) is None:
        raise DirectoryFault(f"{setting}: not a query; write a SELECT")
    for one in _REFUSED:
        if one in text:
            raise DirectoryFault(f"{setting}: {one!r} may not stand in it; write one query without comments or escapes")
    parts, end = [], 0
    for piece in _PIECES.finditer(text):
        name = piece["parameter"]
        if name is None:
            if parameter is not None and f":{parameter}" in piece[0]:
                raise DirectoryFault(f"{setting}: :{parameter} stands in quotes; take the quotes off")
        elif name != parameter:
            raise DirectoryFault(f"{setting}: there is no parameter :{name} here")
        else:
            parts.append(text[end : piece.start()])
            end = piece.end()
    if any(quote in _PIECES.sub("", text) for quote in "'\"`"):
        raise DirectoryFault(f"{setting}: a quoted text does not end")
    if parameter is not None and not parts:
        raise DirectoryFault(f"{setting}: the parameter :{parameter} is missing")
    return Query(parts=(*parts, text[end:]))
