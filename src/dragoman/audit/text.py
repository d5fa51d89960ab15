"""Facts as one line of JSON: bounded, and nothing in it that a terminal or a viewer could take for more than text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_TEXT = 1024
"""Characters; a longer text is cut."""
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading a line comes to that is no JSON as it is wanted, or too deep: somebody else wrote it."""
_encode = msgspec.json.Encoder().encode


def one_line(facts: Mapping[str, object]) -> bytes:
    """The facts as a JSON object in ASCII, without an end of line."""
    text = _encoded(facts)
    if len(text) > LONGEST_TEXT:  # a shorter line has no text that is too long
        facts = {name: _cut(fact) for name, fact in facts.items()}
        text = _encoded(facts)
    if not is_harmless(text):
        text = json.dumps(facts).replace("\x7f", "\\u007f").encode()
    return text


def line_of(facts: msgspec.Struct) -> bytes:
    """The same of facts that are always the same ones, which is cheaper to write."""
    try:
        text = _encode(facts)
    except UnicodeEncodeError:
        text = b""
    if text and len(text) <= LONGEST_TEXT and is_harmless(text):
        return text
    return one_line(msgspec.structs.asdict(facts))


def is_harmless(text: bytes) -> bool:
    """Whether no character in it is more than text to a terminal or a viewer; JSON escapes the others."""
    return text.isascii() and b"\x7f" not in text


def _encoded(facts: Mapping[str, object]) -> bytes:
    try:
        return _encode(facts)
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can spell
        return json.dumps(facts).encode()


def mend(facts: Mapping[str, object]) -> Mapping[str, object]:
    """The facts with a replacement character for each half of a surrogate pair: many a reader of JSON stops at one."""
    return {
        name: fact.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if isinstance(fact, str) else fact
        for name, fact in facts.items()
    }


def _cut(fact: object) -> object:
    """The fact without the end of any text in it that is too long."""
    if isinstance(fact, str) and len(fact) > LONGEST_TEXT:
        return fact[:LONGEST_TEXT] + "..."
    if isinstance(fact, list | tuple):
        return [_cut(one) for one in fact]
    return fact
