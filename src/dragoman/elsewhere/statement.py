"""A statement of the configuration: text with named parameters, which is never put together with a value here."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import TYPE_CHECKING

from dragoman.core.value import value
from dragoman.elsewhere.faults import ElsewhereFault

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    Values = Mapping[str, str | int | None]
    """Of the parameters of a statement, by name."""

_PIECES = re.compile(r"""'[^']*'|"[^"]*"|`[^`]*`|::|:(?P<parameter>[A-Za-z_]\w*)""")
_REFUSED = ("\\", "--", "/*", ";", "\0")
"""Without escapes and comments it is plain where a quoted text ends, whichever database reads it."""


@value
class Statement:
    """The text before, between and after the places of its parameters."""

    parts: Sequence[str]
    names: Sequence[str]
    """Of the parameter at each place, in order; one may stand at several."""

    def spelled(self, spell: Callable[[str], str], text: Callable[[str], str] = str) -> str:
        """The statement with each parameter as a database writes it, and what is around them likewise."""
        places = zip_longest(map(text, self.parts), map(spell, self.names), fillvalue="")
        return "".join(part + parameter for part, parameter in places)


def read_query(setting: str, text: str, parameter: str | None) -> Statement:
    """The query of a setting, whose one parameter has this name. Raises ElsewhereFault."""
    parameters = () if parameter is None else (parameter,)
    return read_statement(setting, text, ("SELECT", "WITH"), parameters, needed=parameters)


def read_statement(
    setting: str, text: str, begins: Sequence[str], parameters: Collection[str], *, needed: Collection[str]
) -> Statement:
    """The statement of a setting, which begins with one of these words. Raises ElsewhereFault."""
    if re.match(rf"\s*({'|'.join(begins)})\b", text, re.IGNORECASE) is None:
        raise ElsewhereFault(f"{setting}: not what is wanted; write a statement that begins with {' or '.join(begins)}")
    _refuse_tricks(setting, text)
    parts, names, end = [], [], 0
    for piece in _PIECES.finditer(text):
        name = piece["parameter"]
        if name is None:
            for quoted in parameters:
                if f":{quoted}" in piece[0]:
                    raise ElsewhereFault(f"{setting}: :{quoted} stands in quotes; take the quotes off")
        elif name not in parameters:
            raise ElsewhereFault(f"{setting}: there is no parameter :{name} here")
        else:
            parts.append(text[end : piece.start()])
            names.append(name)
            end = piece.end()
    for name in needed:
        if name not in names:
            raise ElsewhereFault(f"{setting}: the parameter :{name} is missing")
    return Statement(parts=(*parts, text[end:]), names=tuple(names))


def _refuse_tricks(setting: str, text: str) -> None:
    """Whatever makes it unclear what is quoted."""
    for one in _REFUSED:
        if one in text:
            raise ElsewhereFault(
                f"{setting}: {one!r} may not stand in it; write one statement without comments or escapes"
            )
    if any(quote in _PIECES.sub("", text) for quote in "'\"`"):
        raise ElsewhereFault(f"{setting}: a quoted text does not end")
