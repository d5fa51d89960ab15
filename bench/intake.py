"""How fast accounts come in and go out, beside what the database alone takes for the same rows.

`python -m bench.intake 100000`: an import from CSV into SQLite and PostgreSQL, plain INSERT and COPY of the same rows,
an export, and its restore. Each command is a process of its own; its greatest memory is told with it.
"""

from __future__ import annotations

import asyncio
import csv
import json
import os
import resource
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import asyncpg
from tests.postgresql import cluster, for_the_driver

from dragoman.core.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_HASH = "$2y$10$5qUFr1tYVFd1sLFZHT0JDe8CLXuYpLvWDk3WIlj4vCz5j4Cv0ZXsm"
_MAPPING = """rows = "resource_owner"
[columns]
id = "id"
username = "login"
email = "mail"
password_hash = "hash"
"""
_TABLES = ("subjects", "resource_owners", "login_names")
_AT_ONCE = 500


def main() -> None:
    """Measure, and print a line for each."""
    accounts = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with TemporaryDirectory() as name, cluster() as server, server.new_database() as database:
        folder = Path(name)
        _write_people(folder, accounts)
        url = server.url(database).reveal()
        file, shared = _make(folder / "file", None), _make(folder / "shared", url)
        importing = ("import", "csv", str(folder / "people.csv"), "--mapping", str(folder / "mapping.toml"))
        _tell("import into SQLite", accounts, lambda: _run(file, *importing))
        _tell("plain INSERT into SQLite", accounts, lambda: _insert(file.parent / "dragoman.db", folder / "bare.db"))
        _tell("import into PostgreSQL", accounts, lambda: _run(shared, *importing))
        _tell("export of SQLite", accounts, lambda: _run(file, "export", str(folder / "export"), "--with-keys"))
        moved = _make(folder / "moved", None)
        (moved.parent / "dragoman.db").unlink()
        for key in (moved.parent / "keys").iterdir():
            key.unlink()
        restoring = ("restore", str(folder / "export"), "--with-keys", "--replace")
        _tell("restore into SQLite", accounts, lambda: _run(moved, *restoring))
        with server.new_database() as empty:
            other = {"DRAGOMAN_DATABASE": server.url(empty).reveal()}
            restoring = ("restore", str(folder / "export"))
            _tell("restore into PostgreSQL", accounts, lambda: _run(moved, *restoring, **other))
        # Last: its rows are held at once, and a child begins with the memory of its parent.
        _tell("plain COPY into PostgreSQL", accounts, lambda: asyncio.run(_copy(url)))


def _write_people(folder: Path, accounts: int) -> None:
    (folder / "mapping.toml").write_text(_MAPPING)
    with (folder / "people.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "login", "mail", "hash"))
        writer.writerows((one, f"user{one}", f"user{one}@example.com", _HASH) for one in range(accounts))


def _make(folder: Path, url: str | None) -> Path:
    file = folder / "dragoman.toml"
    _run(file, "init", str(folder), configured=False, **({"DRAGOMAN_DATABASE": url} if url else {}))
    if url:
        file.write_text(f"database = {json.dumps(url)}\n" + file.read_text())
    return file


def _run(configuration: Path, *arguments: str, configured: bool = True, **environment: str) -> int:
    """The greatest memory of the process, in bytes."""
    command = [sys.executable, "-c", "from dragoman.cli.main import main; main()", *arguments]
    options = ["--config", str(configuration)] if configured else []
    subprocess.run(  # noqa: S603 (our own program)
        [*command, *options], check=True, stdout=subprocess.DEVNULL, env=os.environ | environment
    )
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def _insert(source: Path, destination: Path) -> int:
    """The rows that an import wrote, in transactions of as many, as durably."""
    with closing(sqlite3.connect(source)) as reading, closing(sqlite3.connect(destination)) as writing:
        for (text,) in reading.execute(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'sqlite_stat1'"
        ):
            writing.execute(text)
        writing.execute("PRAGMA journal_mode = WAL")
        writing.execute("PRAGMA synchronous = FULL")
        for table in _TABLES:
            cursor = reading.execute(f"SELECT * FROM {table}")  # noqa: S608 (our own names)
            for rows in iter(lambda: cursor.fetchmany(_AT_ONCE), []):  # noqa: B023 (used at once)
                marks = ", ".join("?" * len(rows[0]))
                with writing:
                    writing.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 (our own names)
    return 0


async def _copy(url: str) -> int:
    """The rows that an import wrote, each table at once, into the same tables."""
    connection = await asyncpg.connect(for_the_driver(Secret(url)))
    rows: dict[str, Sequence[Any]] = {
        name: [tuple(row) for row in await connection.fetch(f"SELECT * FROM {name}")]  # noqa: S608 (our own names)
        for name in _TABLES
    }
    await connection.execute(f"TRUNCATE {', '.join(_TABLES)} CASCADE")
    began = time.perf_counter()
    async with connection.transaction():
        for name in _TABLES:
            await connection.copy_records_to_table(name, records=rows[name])
    _COPIED.append(time.perf_counter() - began)
    await connection.close()
    return 0


_COPIED: list[float] = []


def _tell(what: str, accounts: int, work: Callable[[], int]) -> None:
    began = time.perf_counter()
    memory = work()
    seconds = _COPIED.pop() if _COPIED else time.perf_counter() - began
    told = f", {memory / 1e6:.0f} MB at most so far" if memory else ""
    sys.stdout.write(f"{what}: {seconds:.1f} s, {accounts / seconds:,.0f} accounts/s{told}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
