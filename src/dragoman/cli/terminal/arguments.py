"""What is read alike wherever it is an argument: options that may be repeated, and lengths of time."""

from __future__ import annotations

import re

from dragoman.core.errors import Fault

_AGE = re.compile(r"([1-9][0-9]{0,5})([mhd])")
_SECONDS = {"m": 60, "h": 3600, "d": 86400}


def names_of(values: tuple[str, ...]) -> tuple[str, ...]:
    """Names of a repeated option, several in one text too; none of them has a space."""
    return tuple(part for value in values for part in value.split())


def values_of(values: tuple[str, ...]) -> tuple[str, ...]:
    """Values of a repeated option, which may have spaces; an empty one is none."""
    return tuple(value for value in values if value)


def read_age(text: str) -> int:
    """Seconds, from `30m`, `12h` or `7d`. Raises Fault."""
    found = _AGE.fullmatch(text)
    if found is None:
        raise Fault(f"{text!r} is no length of time; write minutes, hours or days as in 30m, 12h or 7d")
    return int(found[1]) * _SECONDS[found[2]]
