"""A dump's tables, in a database that has no name, so that one way of reading serves dumps and databases alike.

SQLite keeps such a database in a file that it unlinks at once: nobody else can open it, and nothing of it is left
behind, however this process ends. Its pages go to that file, and not to memory, when there are many.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from dragoman.importers.record import SourceFault
from dragoman.importers.sources.dump.spelling import MYSQL, POSTGRESQL, Spelling
from dragoman.importers.sources.dump.statements import Rows, Statements, Table
from dragoman.importers.sources.dump.text import DumpFault, DumpText
from dragoman.importers.sources.files import opened_file
from dragoman.importers.sources.sqlite import File, said

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

_HEADS = (
    (re.compile(rb"(?:/\*M?!\d++\\- [^\n]*+\n)?-- (?:MySQL|MariaDB) dump [^\n]*+\n?"), MYSQL),
    (re.compile(rb"(?:--\s*+)?-- PostgreSQL database dump\s"), POSTGRESQL),
)
_PACKED = re.compile(rb"PGDMP|\x1f\x8b|BZh|\xfd7zXZ|\x28\xb5\x2f\xfd|PK\x03\x04")


@contextmanager
def opened(path: Path, needed: Collection[str] | None) -> Iterator[File]:
    """The tables of these names, or all, until the block ends. Raises SourceFault."""
    with closing(sqlite3.connect("", isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        try:
            with opened_file(path) as file:
                _load(connection, DumpText(file.read), needed)
        except DumpFault as fault:
            raise SourceFault(f"{path}: {fault}") from None
        except sqlite3.Error as error:
            raise SourceFault(f"{path}: cannot be kept in a file for temporary ones: {said(error)}") from None
        yield File(connection, path)


def _load(connection: sqlite3.Connection, text: DumpText, needed: Collection[str] | None) -> None:
    for setting in ("journal_mode = OFF", "synchronous = OFF", "trusted_schema = OFF"):
        connection.execute(f"PRAGMA {setting}")
    connection.execute("BEGIN")
    for one in Statements(text, _spelling_of(text), needed).read():
        match one:
            case Table():
                typed = (f"{_quoted(name)} {'INTEGER' if name in one.integers else ''}" for name in one.columns)
                connection.execute(f"CREATE TABLE {_quoted(one.name)} ({', '.join(typed)})")
            case Rows():
                columns = map(_quoted, one.columns)
                places = ", ".join("?" * len(one.columns))
                connection.executemany(
                    f"INSERT INTO {_quoted(one.table.name)} ({', '.join(columns)}) VALUES ({places})",  # noqa: S608 (quoted)
                    one.values,
                )
    connection.execute("COMMIT")
    connection.execute("PRAGMA query_only = ON")


def _spelling_of(text: DumpText) -> Spelling:
    if text.more():
        for head, spelling in _HEADS:
            if text.take(head) is not None:
                return spelling
        if text.take(_PACKED) is not None:
            raise DumpFault("it is packed; unpack it (gunzip, pg_restore --file plain.sql) and name what comes out")
    raise DumpFault(
        "neither an SQLite database nor a dump with the head that mysqldump, mariadb-dump or pg_dump write; name the "
        "file of one, or the URL of a PostgreSQL, MySQL or MariaDB database"
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
