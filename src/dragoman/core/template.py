"""The one small template language of dialect files: ordered records of texts with `{placeholders}`.

`{name}` is a value; where it is absent the whole entry is left out. `{name?}` also leaves it out when it is empty.
`{a|b}` takes the first that is present; an alternative in single quotes is literal. `{{` and `}}` are braces.
A text that is one placeholder keeps the value's type; any other text becomes text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import repeat
from operator import call
from typing import Generic, TypeVar

Source = TypeVar("Source")
Getter = Callable[[Source], object]

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


class TemplateError(ValueError):
    """A template names a value that does not exist, or its braces do not match."""


@dataclass(frozen=True, slots=True)
class Record(Generic[Source]):
    """Names and what they hold, in the order in which they are written."""

    names: tuple[str, ...] = ()
    getters: tuple[Getter[Source], ...] = ()
    """One for each name."""
    reads: frozenset[str] = frozenset()
    """The values that the entries name, where `compile_record` made it; without any, all sources render alike."""

    def render(self, source: Source) -> dict[str, object]:
        """All entries whose value is present, in order."""
        values = list(map(call, self.getters, repeat(source)))
        record = dict(zip(self.names, values, strict=True))
        absent = -1
        for _ in range(values.count(None)):  # mostly none or one: cheaper than to ask each value
            absent = values.index(None, absent + 1)
            del record[self.names[absent]]
        return record

    def __bool__(self) -> bool:
        return bool(self.names)


def compile_record(table: Mapping[str, object], values: Mapping[str, Getter[Source]]) -> Record[Source]:
    """A record from a table of templates, constants and nested tables. Raises TemplateError."""
    return replace(record_of(table, lambda text: compile_template(text, values)), reads=frozenset(names_in(table)))


def record_of(table: Mapping[str, object], compile_text: Callable[[str], Getter[Source]]) -> Record[Source]:
    """As `compile_record`, for who compiles the same texts over and over and remembers them. Raises TemplateError."""
    return Record(tuple(table), tuple(_compile_entry(entry, compile_text) for entry in table.values()))


def compile_template(text: str, values: Mapping[str, Getter[Source]]) -> Getter[Source]:
    """A function that renders one text. Raises TemplateError."""
    pieces: list[str | Getter[Source]] = []
    position = 0
    for match in _PLACEHOLDER.finditer(text):
        pieces.append(text[position : match.start()])
        position = match.end()
        if match[0] in ("{{", "}}"):
            pieces.append(match[0][0])
        elif match[1] is None:
            raise TemplateError(f"the braces in {text!r} do not match; write {{{{ or }}}} for a brace itself")
        else:
            pieces.append(_compile_placeholder(match[1], values))
    pieces.append(text[position:])
    return _join(tuple(piece for piece in pieces if piece != ""))


def _compile_entry(entry: object, compile_text: Callable[[str], Getter[Source]]) -> Getter[Source]:
    match entry:
        case str():
            return compile_text(entry)
        case dict():
            return record_of(entry, compile_text).render
        case list():
            items = tuple(_compile_entry(item, compile_text) for item in entry)
            return lambda source: [value for item in items if (value := item(source)) is not None]
        case _:
            return lambda _source: entry


def names_in(entry: object) -> Iterator[str]:
    """The names of all values in an entry, however deep."""
    match entry:
        case str():
            for placeholder in _PLACEHOLDER.finditer(entry):
                if placeholder[1] is not None:
                    names = placeholder[1].removesuffix("?").split("|")
                    yield from (name.strip() for name in names if not name.strip().startswith("'"))
        case dict():
            for value in entry.values():
                yield from names_in(value)
        case list():
            for item in entry:
                yield from names_in(item)


def _compile_placeholder(text: str, values: Mapping[str, Getter[Source]]) -> Getter[Source]:
    unless_empty = text.endswith("?")
    alternatives = [_compile_name(name.strip(), values) for name in text.removesuffix("?").split("|")]
    read = alternatives[0] if len(alternatives) == 1 else _first_present(tuple(alternatives))
    if unless_empty:
        return lambda source: read(source) or None
    return read


def _compile_name(name: str, values: Mapping[str, Getter[Source]]) -> Getter[Source]:
    if name.startswith("'") and name.endswith("'") and len(name) > 1:
        literal = name[1:-1]
        return lambda _source: literal
    if name not in values:
        raise TemplateError(f"there is no value {name!r}; there are: {', '.join(sorted(values))}")
    return values[name]


def _first_present(alternatives: tuple[Getter[Source], ...]) -> Getter[Source]:
    def read(source: Source) -> object:
        for one in alternatives:
            value = one(source)
            if value is not None:
                return value
        return None

    return read


def _join(pieces: tuple[str | Getter[Source], ...]) -> Getter[Source]:
    match pieces:
        case ():
            return lambda _source: ""
        case (str() as literal,):
            return lambda _source: literal
        case (read,) if not isinstance(read, str):
            return read

    def render(source: Source) -> object:
        parts = [piece if isinstance(piece, str) else piece(source) for piece in pieces]
        return None if None in parts else "".join(map(str, parts))

    return render
