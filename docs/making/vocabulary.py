"""The page of all words of dialect files, made from their schema and from the tables of values and refusals."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from dragoman.core import template
from dragoman.core.errors import Refusal
from dragoman.core.refusals import REFUSALS
from dragoman.core.template_values import HEADER_VALUES, TOKEN_VALUES
from dragoman.dialects import schema
from dragoman.dialects.dialect import ANSWER_VALUES, INTROSPECTION_VALUES, KEY_VALUES, RESOURCE_VALUES
from dragoman.dialects.files import REPLACED_WHOLE
from dragoman.dialects.spelling import ERROR_VALUES
from making.docstrings import read_structs
from making.markdown import code, codes, page, table
from making.shapes import REQUIRED, FieldShape, fields_of, read_shape
from making.texts import read_texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from msgspec.inspect import StructType

_INTRODUCTION = """\
<!-- Made by docs/make.py from src/dragoman/dialects/schema/; do not edit. -->

A dialect file is TOML. These are all of its words. The default holds in a file that extends nothing; in one with
`extends`, a word that is not there means what it means in the extended file. A word that does not exist, a wrong
type, or a template that names no value stops the start with the file and the reason."""

_NAMED = {
    "code": "`CODE` is an error code, such as `invalid_client`.",
    "refusal": "`REFUSAL` is one of the [refusals](#refusals).",
}
_GROUPS = (
    ("request", "The request as such"),
    ("token", "Token endpoint and client authentication"),
    ("management", "Introspection, revocation, keys"),
    ("resource", "Resources"),
    ("server", "The server itself"),
)


def make_vocabulary() -> str:
    """The page."""
    return page(
        "# The vocabulary of dialect files",
        _INTRODUCTION,
        f"Tables are merged with those they extend, except the ordered ones, which replace them as a whole: "
        f"{codes(sorted(REPLACED_WHOLE))}.",
        *_sections(),
        *_templates(),
        *_values(),
        *_refusals(),
    )


def undocumented() -> Iterator[str]:
    """Words without a docstring, as `Struct.word`; a table may have its struct's."""
    texts = read_structs(*schema.MODULES)
    for _, shape in _walk():
        name = shape.cls.__name__
        for field in fields_of(shape):
            if field.name not in texts[name].fields and not (field.table and texts[field.table.cls.__name__].meaning):
                yield f"{name}.{field.name}"


def value_tables() -> Mapping[str, tuple[str, ...]]:
    """The names of all values, by the name of their table in texts.toml."""
    return {
        "token_values": tuple(TOKEN_VALUES),
        "header_values": _beyond(HEADER_VALUES),
        "answer_values": (*_beyond(ANSWER_VALUES), "expires_in"),
        "introspection_values": _beyond(INTROSPECTION_VALUES),
        "resource_values": _beyond(RESOURCE_VALUES),
        "key_values": tuple(KEY_VALUES),
        "error_values": tuple(ERROR_VALUES),
    }


def _beyond(values: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(name for name in values if name not in TOKEN_VALUES)


def _walk() -> Iterator[tuple[tuple[str, ...], StructType]]:
    """Every table once, at the first place where it stands."""
    seen: set[type] = set()
    pending: list[tuple[tuple[str, ...], StructType]] = [((), read_shape(schema.DialectFile))]
    while pending:
        path, shape = pending.pop(0)
        if shape.cls in seen and shape.cls is not schema.EndpointWords:
            continue
        seen.add(shape.cls)
        yield path, shape
        inner = [(_path_of(path, field), field.table) for field in fields_of(shape) if field.table is not None]
        pending = [*inner, *pending] if path else [*pending, *inner]


def _path_of(path: tuple[str, ...], field: FieldShape) -> tuple[str, ...]:
    return (*path, field.name, field.name.upper()) if field.named else (*path, field.name)


def _sections() -> Iterator[str]:
    texts = read_structs(*schema.MODULES)
    places = {shape.cls: path for path, shape in reversed(tuple(_walk()))}
    for path, shape in _walk():
        own = texts[shape.cls.__name__]
        yield f"## `[{'.'.join(path)}]`" if path else "## Top level"
        yield " ".join(part for part in (own.meaning, _NAMED.get(path[-2], "") if len(path) > 1 else "") if part)
        yield table(
            ("word", "type", "default", "meaning"),
            (_row(field, path, own.fields, places) for field in fields_of(shape)),
        )


def _row(
    field: FieldShape, path: tuple[str, ...], texts: Mapping[str, str], places: Mapping[type, tuple[str, ...]]
) -> tuple[str, str, str, str]:
    if field.table is None:
        default = field.default if field.default in (REQUIRED, "none") else code(field.default)
        return code(field.name), field.type, default, texts[field.name]
    known = places[field.table.cls]
    target = _path_of(path, field) if field.table.cls is schema.EndpointWords else known
    link = f"See [`[{'.'.join(target)}]`](#{anchor('.'.join(target))})."
    return code(field.name), field.type, "", " ".join(part for part in (texts.get(field.name, ""), link) if part)


def anchor(heading: str) -> str:
    """The anchor that Markdown gives a heading."""
    kept = (one for one in heading.lower() if one.isalnum() or one in " -_")
    return "".join(kept).replace(" ", "-")


def _templates() -> Iterator[str]:
    yield "## Templates"
    yield "Every text in an ordered table and every `description`, `hint` and `text` is a template."
    yield inspect.getdoc(template) or ""


def _values() -> Iterator[str]:
    texts = read_texts()
    head = ("value", "meaning")
    yield "## Values"
    yield "### In claims, JOSE headers, answers, introspection and resource bodies"
    yield table(head, ((code(name), text) for name, text in texts.token_values.items()))
    for title, rows in (
        ("In JOSE headers besides", texts.header_values),
        ("In `response.body` besides", texts.answer_values),
        ("In introspection bodies besides", texts.introspection_values),
        ("In the demo resource's body besides", texts.resource_values),
        ("In `key.body`", texts.key_values),
        ("In everything below `errors`", texts.error_values),
    ):
        yield f"### {title}"
        yield table(head, ((code(name), text) for name, text in rows.items()))


def _refusals() -> Iterator[str]:
    texts = read_texts().refusals
    yield "## Refusals"
    yield "Each has an error code and a text, which hold unless a file says otherwise."
    for group, title in _GROUPS:
        yield f"### {title}"
        rows: Mapping[str, str] = getattr(texts, group)
        yield table(
            ("refusal", "when", "error code", "text"),
            ((code(name), text, *_code_and_text(Refusal(name))) for name, text in rows.items()),
        )


def _code_and_text(refusal: Refusal) -> tuple[str, str]:
    error, text = REFUSALS[refusal]
    return code(error.value), text


def names() -> frozenset[str]:
    """The words at the top level."""
    return frozenset(field.name for field in fields_of(read_shape(schema.DialectFile)))
