"""Names and values out of a query or a body: form and JSON, each bounded and strict about its own syntax."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote

import msgspec

MOST_PARAMETERS = 64


class Unreadable(ValueError):
    """The text does not follow its own format."""


class Several(NamedTuple):
    """What was given for one name in one place, where it is not one text. `listed`: it was written as a list."""

    values: tuple[str, ...]
    listed: bool = False


Given = Sequence[tuple[str, str | Several]]
"""What one place holds: names, in order of first appearance, each with its value."""


def read_form(text: bytes, *, charset: str = "utf-8", drop_line_breaks: bool = False) -> Given:
    """`application/x-www-form-urlencoded`. Raises Unreadable."""
    try:
        form = text.decode(charset).replace("+", " ")
        fields = form.split("&", MOST_PARAMETERS)
        if len(fields) > MOST_PARAMETERS:
            raise Unreadable("too many parameters")
        if drop_line_breaks:
            fields = [field.rstrip("\r\n") for field in fields]
        pairs = [field.partition("=")[::2] for field in fields if field]
        if "%" in form:
            pairs = [(_unquoted(name, charset), _unquoted(value, charset)) for name, value in pairs]
    except UnicodeDecodeError as error:
        raise Unreadable(f"not a form in {charset}") from error
    return collect(pairs)


def _unquoted(text: str, charset: str) -> str:
    return unquote(text, encoding=charset, errors="strict") if "%" in text else text


def read_json(text: bytes) -> Given:
    """A JSON object: scalars as text, lists as lists; null counts as absent. Raises Unreadable."""
    try:
        members = msgspec.json.decode(text, type=dict[str, object])
        if text.count(b":") > len(members):  # each has one
            members |= _doubled_members(text)
        given = [(name, _json_given(value)) for name, value in members.items() if value is not None]
    except (ValueError, RecursionError) as error:  # what could just be read may be too deep to be written again
        raise Unreadable("not a JSON object") from error
    if len(members) > MOST_PARAMETERS:
        raise Unreadable("too many members")
    return given


def _doubled_members(text: bytes) -> Mapping[str, Several]:
    """What is there more than once; of it most readers of JSON tell the last alone (RFC 8259 §4)."""
    members: tuple[tuple[str, object], ...] = json.loads(text, object_pairs_hook=tuple)
    values: dict[str, list[object]] = {}
    for name, value in members:
        values.setdefault(name, []).append(value)
    return {name: _several(found) for name, found in values.items() if len(found) > 1}


def _several(values: Sequence[object]) -> Several:
    if any(isinstance(value, (list, tuple)) for value in values):
        return Several((), listed=True)
    scalars = ("" if value is None else value for value in values)
    return Several(tuple(value if isinstance(value, str) else json.dumps(value) for value in scalars))


def _json_given(value: object) -> str | Several:
    if isinstance(value, (str, Several)):
        return value
    if isinstance(value, list):
        return Several(tuple(_json_text(one) for one in value), listed=True)
    if isinstance(value, dict):
        return Several((), listed=True)
    return _json_text(value)


def _json_text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def collect(pairs: Sequence[tuple[str, str]]) -> Given:
    """Values by name, in order of first appearance; `name[…]` is the list `name`."""
    names = dict(pairs)
    if len(names) == len(pairs) and "[" not in "".join(names):
        return pairs
    collected: dict[str, list[str]] = {}
    for name, value in pairs:
        collected.setdefault(name.partition("[")[0] + "[" if "[" in name else name, []).append(value)
    return [(name.removesuffix("["), _given(values, listed=name.endswith("["))) for name, values in collected.items()]


def _given(values: list[str], *, listed: bool) -> str | Several:
    return values[0] if len(values) == 1 and not listed else Several(tuple(values), listed)
