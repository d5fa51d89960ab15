"""The few statements of a dump that hold tables and rows. All others are stepped over, and nothing is executed.

(MySQL reference manual, mysqldump; MariaDB documentation, mariadb-dump; PostgreSQL documentation, pg_dump and COPY.)
The tools begin each statement at the beginning of a line, which what they print of a function's body never does.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.importers.sources.dump import spelling as spellings
from dragoman.importers.sources.dump.rows import read_copied, read_inserted
from dragoman.importers.sources.dump.spelling import Spelling, skip_opened, skip_statement
from dragoman.importers.sources.dump.text import DumpFault

if TYPE_CHECKING:
    from dragoman.importers.sources.dump.spelling import Value
    from dragoman.importers.sources.dump.text import DumpText

_MOST_COLUMNS = 4096
_INTEGERS = frozenset({b"int", b"integer", b"bigint", b"smallint", b"tinyint", b"mediumint", b"serial", b"bigserial"})

_NAME = rb'"(?:[^"]|"")++"|`(?:[^`]|``)++`|[A-Za-z_\x80-\xff][\w$\x80-\xff]*+'
_TABLE = rb"(?:(?:" + _NAME + rb")\.)?(?P<table>" + _NAME + rb")"
_BLANK = re.compile(rb"\s{1,4096}+")
_LINE_END = re.compile(rb"\n")
_LAST = re.compile(rb"-- (?:Dump completed|PostgreSQL database dump complete)")
_COMMENT = re.compile(rb"--(?=\s|$)|#")
_COMMAND = re.compile(rb"\\")
_CREATE = re.compile(rb"CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?" + _TABLE + rb"\s*+\(")
_COLUMN = re.compile(rb"\s*+(?P<name>" + _NAME + rb")(?:\s++(?P<type>[A-Za-z]++))?")
_INHERITED = re.compile(rb"\s*+INHERITS \(" + _TABLE)
_ATTACHED = re.compile(rb"ALTER TABLE (?:ONLY )?" + _TABLE + rb" ATTACH PARTITION")
_DATA = re.compile(rb"(?=(?:INSERT|REPLACE|COPY)\s)")
_INSERT = re.compile(
    rb"(?:INSERT|REPLACE)\s++(?:IGNORE\s++)?INTO\s++" + _TABLE + rb"\s*+(?:\((?P<columns>[^()]*+)\)\s*+)?"
    rb"(?:OVERRIDING (?:SYSTEM|USER) VALUE\s++)?VALUES\b"
)
_COPY = re.compile(rb"COPY " + _TABLE + rb"\s*+(?:\((?P<columns>[^()]*+)\)\s*+)?FROM stdin;\r?\n")
_COPIED = re.compile(rb"(?<=\n)\\\.(?:\r?\n|\Z)")
_SETTING = re.compile(rb"(?:/\*M?!\d*+\s*+)?SET\s++(?P<what>[^;]*+)")
_OTHER_DELIMITER = re.compile(rb"DELIMITER\s++(?!;\s*?\n)[^\n]*+\n")
_USUAL_DELIMITER = re.compile(rb"(?<=\n)DELIMITER\s++;[ \t\r]*+(?:\n|\Z)")
_CHARSET = re.compile(rb"\s*+(?:NAMES\s++'?|client_encoding\s*+=\s*+')(?P<charset>\w++)", re.IGNORECASE)
_UNREADABLE = re.compile(rb"NO_BACKSLASH_ESCAPES|standard_conforming_strings\s*+=\s*+off", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table that the dump creates."""

    name: str
    columns: tuple[str, ...]
    integers: frozenset[str]
    """Those of its columns that hold whole numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Some rows of a table."""

    table: Table
    columns: tuple[str, ...]
    values: Sequence[tuple[Value, ...]]


class Statements:
    """The statements of one dump."""

    def __init__(self, text: DumpText, spelling: Spelling, needed: Collection[str] | None) -> None:
        self._text = text
        self._spelling = spelling
        self._needed = None if needed is None else frozenset(name.casefold() for name in needed)
        self._tables: dict[str, Table] = {}
        self._complete = False

    def read(self) -> Iterator[Table | Rows]:
        """The tables that are needed, each before its rows. Raises DumpFault, for an end that came too early, too."""
        text = self._text
        while text.more():
            if text.take(_BLANK):
                continue
            if text.take(_LAST):
                self._complete = True
                text.skip_past(_LINE_END)
            elif text.take(_COMMENT):
                text.skip_past(_LINE_END)
            elif text.at_line_start():
                yield from self._statement()
            else:
                skip_statement(text, self._spelling)
        if not self._complete:
            raise DumpFault("it ends before its last line, so that rows may be missing; make it again")

    def _statement(self) -> Iterator[Table | Rows]:
        text = self._text
        if (found := text.take(_CREATE)) is not None:
            yield from self._created(found)
        elif text.take(_DATA) is not None:
            yield from self._filled()
        elif text.take(_OTHER_DELIMITER) is not None:
            text.skip_past(_USUAL_DELIMITER)
        elif self._spelling is spellings.POSTGRESQL and text.take(_COMMAND) is not None:
            text.skip_past(_LINE_END)
        else:
            if (found := text.take(_ATTACHED)) is not None:
                self._refuse_divided(found)
            elif (found := text.take(_SETTING)) is not None:
                _check_setting(found["what"])
            skip_statement(text, self._spelling)

    def _created(self, found: re.Match[bytes]) -> Iterator[Table]:
        name = _unquoted(found["table"])
        table = self._columns_of(name)
        if (inherited := self._text.take(_INHERITED)) is not None:
            self._refuse_divided(inherited)
        if self._is_needed(name):
            if name.casefold() in self._tables:
                raise DumpFault(f"there are two tables {name!r}; make a dump of the one database or schema alone")
            self._tables[name.casefold()] = table
            yield table
        skip_statement(self._text, self._spelling)

    def _columns_of(self, name: str) -> Table:
        columns, integers = [], []
        ended = False
        while not ended:
            found = self._text.take(_COLUMN)
            if found is not None and found["name"].upper() not in self._spelling.no_columns:
                columns.append(_unquoted(found["name"]))
                if (found["type"] or b"").lower() in _INTEGERS:
                    integers.append(columns[-1])
            if len(columns) > _MOST_COLUMNS:
                raise DumpFault(f"the table {name!r} has more than {_MOST_COLUMNS} columns")
            ended = self._skip_item() != b","
        return Table(name=name, columns=tuple(columns), integers=frozenset(integers))

    def _skip_item(self) -> bytes:
        """Past what stands between two commas of a list in parentheses; the sign behind it."""
        depth = 0
        within = re.compile(self._spelling.opening.pattern + rb"|[(),]")
        while (found := self._text.skip_past(within)) is not None and found[0] != b";":
            match found[0]:
                case b"(":
                    depth += 1
                case b")" | b"," as sign if not depth:
                    return sign
                case b")":
                    depth -= 1
                case b",":
                    continue
                case sign:
                    skip_opened(self._text, self._spelling, sign)
        raise DumpFault("a CREATE TABLE has no end")

    def _filled(self) -> Iterator[Rows]:
        text = self._text
        copied = text.take(_COPY)
        found = copied or text.take(_INSERT)
        if found is None:
            raise DumpFault("there is an INSERT or COPY of another form than these tools write")
        name = _unquoted(found["table"])
        if not self._is_needed(name):
            if copied is None:
                skip_statement(text, self._spelling)
            else:
                text.skip_past(_COPIED)
            return
        table = self._tables.get(name.casefold())
        if table is None:
            raise DumpFault(f"there are rows of {name!r} before a CREATE TABLE; make a dump with structure and data")
        columns = table.columns if found["columns"] is None else _names(found["columns"])
        if not set(columns) <= set(table.columns):
            raise DumpFault(f"there are rows of {name!r} with columns that it does not have")
        read = read_inserted(text, self._spelling, name, len(columns))
        for values in read_copied(text, name, len(columns)) if copied is not None else read:
            yield Rows(table=table, columns=columns, values=values)

    def _is_needed(self, name: str) -> bool:
        return self._needed is None or name.casefold() in self._needed

    def _refuse_divided(self, found: re.Match[bytes]) -> None:
        name = _unquoted(found["table"])
        if self._is_needed(name):
            raise DumpFault(
                f"rows of {name!r} stand in parts of it; add --load-via-partition-root, or name the database"
            )


def _check_setting(what: bytes) -> None:
    charset = _CHARSET.match(what)
    if charset is not None and not charset["charset"].lower().startswith(b"utf8"):
        raise DumpFault("it is not in UTF-8; make it with --default-character-set=utf8mb4 or --encoding=UTF8")
    if _UNREADABLE.search(what) is not None:
        raise DumpFault(
            "it sets NO_BACKSLASH_ESCAPES, or standard_conforming_strings to off; make it without (--skip-triggers)"
        )


def _names(columns: bytes) -> tuple[str, ...]:
    return tuple(_unquoted(one[0]) for one in re.finditer(_NAME, columns))


def _unquoted(name: bytes) -> str:
    quote = name[:1]
    plain = name[1:-1].replace(quote * 2, quote) if quote in (b'"', b"`") else name
    try:
        return plain.decode()
    except UnicodeDecodeError:
        raise DumpFault("a name is not UTF-8") from None
