"""What a report may show of a text that came from a server."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from dragoman.verification.cast import SECRET_MEMBERS
from dragoman.verification.pattern import Mismatch

PLACE = "▶"
"""Stands in both excerpts where they part."""
END = "«end»"

_LONGEST_BEFORE = 40
_LONGEST_AFTER = 100
_SHORTEST_CAPTURE = 8
_LONGEST_LOOKED_AT = 65_536
_TOKEN = re.compile(r"(?=[a-z_]{0,64}[A-Z0-9])[A-Za-z0-9_+/=.~-]{24,}")
"""Without a bound, what to look for ahead would cost the square of the length of what a server sends."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_BREAKS = {"\n": "«lf»", "\t": "«tab»"}


@dataclass(frozen=True, slots=True)
class Mask:
    """Puts names in the place of secrets and of captured values."""

    names: Mapping[str, str]
    """Each value with the name that stands for it."""

    def show(self, text: str, start: int = 0) -> str:
        """The text from a position on, without secrets; a secret that the position cuts is named as a whole.

        Other long runs that may be tokens keep their first characters, and what a terminal would obey is spelt out.
        Of a text that is far longer than any report shows, the rest is left out.
        """
        text = text[: start + _LONGEST_LOOKED_AT]
        if self.names:
            values = sorted(self.names, key=len, reverse=True)
            hits = [hit for hit in re.finditer("|".join(map(re.escape, values)), text) if hit.end() > start]
        else:
            hits = []
        shown, position = "", start
        for hit in hits:
            shown += _plain(text[position : max(position, hit.start())]) + self.names[hit[0]]
            position = hit.end()
        return shown + _plain(text[position:])


def mask_of(members: Mapping[str, str], captures: Mapping[str, str]) -> Mask:
    """A mask for the secrets among these members, and for captured values, in every spelling they may have."""
    secrets = {
        spelling: f"«{name}»"
        for name, value in members.items()
        if name.rpartition(".")[2] in SECRET_MEMBERS and value
        for spelling in (value, quote_plus(value), quote(value, safe=""), json.dumps(value)[1:-1])
    }
    tokens = {value: f"«{name}»" for name, value in captures.items() if len(value) >= _SHORTEST_CAPTURE}
    return Mask({**tokens, **secrets})


def excerpts(mismatch: Mismatch, text: str, mask: Mask) -> tuple[str, str]:
    """What was expected and what was there, both from shortly before the place where they part."""
    before = _visible(mismatch.before)
    if len(before) > _LONGEST_BEFORE:
        before = "…" + before[-_LONGEST_BEFORE:]
    expected = mask.show(mismatch.expected) or END
    actual = mask.show(text, mismatch.position) or END
    place = PLACE if before else ""
    return before + place + shorten(expected), before + place + shorten(actual)


def shorten(text: str) -> str:
    """The text, or its beginning when it is long."""
    return text if len(text) <= _LONGEST_AFTER else text[:_LONGEST_AFTER] + "…"


def _plain(text: str) -> str:
    return _visible(_TOKEN.sub(lambda run: f"{run[0][:4]}…({len(run[0])} characters)", text))


def _visible(text: str) -> str:
    return _CONTROL.sub(lambda found: _BREAKS.get(found[0]) or _spell(found[0]), text.replace("\r\n", "«crlf»"))


def _spell(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # noqa: PLR2004 - a byte that is no UTF-8, see PEP 383
        return f"\\x{code - 0xDC00:02x}"
    return f"\\u{code:04x}"
