"""What a dump of a PostgreSQL database holds, read before anything is done with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.store.faults import StoreFault
from dragoman.store.postgresql.tools import run
from dragoman.store.saving import POSTGRESQL_BEGINS, SQLITE_BEGINS
from dragoman.store.version import FITS_FROM_NAME, refuse_later

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_COPY = re.compile(r"^COPY (\S+\.)?(?P<table>\w+) \((?P<columns>[^)]*)\) FROM stdin;$")
_TABLE = re.compile(r"^\d+; \d+ \d+ TABLE (?P<schema>(?!DATA )\S+) ", re.MULTILINE)
_LEFT_OUT = re.compile(
    r"^(;.*|\d+; \d+ \d+ (SCHEMA|COMMENT|ACL|DEFAULT ACL|TABLE DATA \S+ alembic_version) .*)\n", re.MULTILINE
)
"""The schema is there before; and a database whose version is missing is one that no server starts on: the version is
written last, together with all that ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dump:
    """A dump that is whole, and ours."""

    version: str
    """Of the schema."""
    schema: str
    """In which its tables are."""
    facts: Mapping[str, str]
    """The table `installation`."""
    contents: str
    """What `pg_restore --use-list` is to restore: all but the version."""


async def read_dump(tool: str, file: Path) -> Dump:
    """Read it with this `pg_restore`, to its end. Raises StoreFault if it is damaged, another program's, or newer."""
    _refuse_other_files(file)
    try:
        await run([tool, "--file=/dev/null", str(file)])
        listed = (await run([tool, "--list", str(file)])).decode()
        tables = ("--table=installation", "--table=alembic_version")
        script = (await run([tool, "--data-only", "--file=-", *tables, str(file)])).decode()
    except StoreFault as fault:
        raise StoreFault(f"{file} cannot be read, or is damaged: {fault}. Nothing was changed.") from None
    rows = {name: tuple(found) for name, found in _copied_rows(script)}
    schemas = set(_TABLE.findall(listed))
    if len(rows.get("alembic_version", ())) != 1 or "installation" not in rows or len(schemas) != 1:
        raise StoreFault(f"{file} is no backup of a Dragoman database.")
    version = rows["alembic_version"][0][0]
    facts = {row[0]: row[1] for row in rows["installation"]}
    refuse_later(version, facts.get(FITS_FROM_NAME), str(file))
    return Dump(version=version, schema=schemas.pop(), facts=facts, contents=_LEFT_OUT.sub("", listed))


def _refuse_other_files(file: Path) -> None:
    try:
        with file.open("rb") as opened:
            begins = opened.read(16)
    except OSError as error:
        raise StoreFault(f"{file} cannot be read: {error.strerror}.") from error
    if begins == SQLITE_BEGINS:
        raise StoreFault(f"{file} is a backup of an SQLite database: name a file in the setting `database`.")
    if not begins.startswith(POSTGRESQL_BEGINS):
        raise StoreFault(f"{file} is no backup of a PostgreSQL database.")


def _copied_rows(script: str) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
    """The tables of a script, with their rows as text. What is read here never holds what would have to be escaped."""
    lines = iter(script.splitlines())
    for line in lines:
        begun = _COPY.match(line)
        if begun is None:
            continue
        rows = []
        for row in lines:
            if row == "\\.":
                break
            rows.append(tuple(row.split("\t")))
        yield begun["table"], rows
