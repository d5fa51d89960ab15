"""The page of the export's format, made from the lines' own structs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import inspect

from dragoman.store.export import lines
from making.docstrings import read_structs
from making.markdown import block, code, page, table

if TYPE_CHECKING:
    from collections.abc import Iterator

_INTRODUCTION = """\
<!-- Made by docs/make.py from src/dragoman/store/export/lines.py; do not edit. -->

`dragoman export FILE` writes the whole state: clients, accounts, sessions, and what was revoked. `dragoman restore
FILE` puts it into an SQLite file or an empty PostgreSQL database. [Export](backup-and-restore.md#export) says how both
are used. The file is the same for both databases, and this is version {version} of its format.

- UTF-8, one JSON object (RFC 8259) on each line, no line longer than a mebibyte, `\\n` after each.
- The first line is the header. Then come the lines of each type in the order of this page, each type in the order of
  the bytes of its first member. The last line counts and sums all before it.
- Times are whole seconds since 1970-01-01T00:00:00Z. Members are never left out. A reader refuses a member or a type
  that it does not know, and a version that it does not know.
- Two exports of the same state differ in the header and in the sum alone.

**What is in it that others must not have:** password hashes, digests of client secrets, names and addresses of people,
and from where they log in. **What is not in it:** the keys, without which it is of no use, and with which its refresh
tokens can be made; the audit; the throttle's counts; the configuration. No token can be read from it."""

_WORDS = {
    inspect.NoneType: "null",
    inspect.BoolType: "true or false",
    inspect.IntType: "number",
    inspect.VarTupleType: "list of texts",
    inspect.FrozenSetType: "list of texts",
    inspect.DictType: "object",
    inspect.DataclassType: "object",
}
_EXAMPLE = """\
{"type":"header","format":"dragoman-export","version":1,"made_at":1795334400, … }
{"type":"client","id":"app","name":"App","secrets":["…"],"grant_types":["password","refresh_token"], … }
{"type":"resource_owner","id":"u1","username":"ann","email":null, … }
{"type":"grant","id":"q83vEjRWeJCrze8S","client_id":"app","subject":"u1","generation":4,"revoked_at":null, … }
{"type":"end","lines":{"access_token":0,"client":1,"grant":1,"resource_owner":1, … },"sha256":"…"}"""


def make_export_format() -> str:
    """The page."""
    return page(
        "# The format of an export",
        _INTRODUCTION.format(version=lines.VERSION),
        block(_EXAMPLE, "json"),
        *_sections(),
    )


def _sections() -> Iterator[str]:
    texts = read_structs(lines)
    for struct in (lines.Header, *lines.ENTRIES, lines.End):
        text = texts[struct.__name__]
        yield f"## `{lines.type_of(struct)}`"
        yield text.meaning
        shape = inspect.type_info(struct)
        if not isinstance(shape, inspect.StructType):
            raise TypeError(struct)
        yield table(
            ("member", "type", "meaning"),
            ((code(field.name), _type(field.type), text.fields[field.name]) for field in shape.fields),
        )


def _type(shape: inspect.Type) -> str:
    if isinstance(shape, inspect.UnionType):
        return " or ".join(map(_type, shape.types))
    return next((words for kind, words in _WORDS.items() if isinstance(shape, kind)), "text")
