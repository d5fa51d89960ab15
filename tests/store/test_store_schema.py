"""The schema is made or migrated by the server that opens the file, and is the one that the code says."""

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from store_cast import serve, serve_cast, unbroken
from store_files import database

from dragoman.store.sql import compilation
from dragoman.store.sqlite.database import migrate
from dragoman.store.sqlite.file import create_database
from dragoman.store.version import APPLICATION_ID, FITS_FROM_ALONE, FITS_FROM_NAME, VERSIONS

__all__ = ["database"]  # a fixture


def _schema(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT type || ' ' || name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {name: re.sub(r"\s+", "", text) for name, text in rows}


def test_a_new_database_is_made_without_loading_sqlalchemy(tmp_path: Path) -> None:
    program = """
import asyncio, pathlib, sys
from dragoman.store.opening import open_server

async def made():
    async with open_server(pathlib.Path(sys.argv[1]) / "dragoman.db"):
        print("sqlalchemy" in sys.modules)

asyncio.run(made())
"""
    assert subprocess.check_output([sys.executable, "-c", program, str(tmp_path)]) == b"False\n"


def test_both_ways_to_a_schema_give_the_same(tmp_path: Path) -> None:
    created, migrated = tmp_path / "created.db", tmp_path / "migrated.db"
    create_database(created)
    with closing(sqlite3.connect(migrated)) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("VACUUM")
    migrate(migrated)
    assert _schema(created) == _schema(migrated)
    assert "table grants" in _schema(created)
    for path in (created, migrated):
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(VERSIONS[-1],)]
            assert connection.execute("SELECT name, value FROM installation").fetchall() == [
                (FITS_FROM_NAME, FITS_FROM_ALONE)  # no older server can have the file at the same time
            ]
            assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    serve_cast(migrated, unbroken)


def test_a_server_migrates_an_older_database(database: Path) -> None:
    database.parent.mkdir()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("VACUUM")
    serve_cast(database, unbroken)


def test_the_versions_known_are_those_of_the_migrations() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(compilation.FOLDER / "migrations"))
    revisions = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(revisions)) == VERSIONS


def test_the_generated_text_is_what_the_constructs_say() -> None:
    for name, text in compilation.generated_modules().items():
        assert (compilation.FOLDER / name).read_text() == text, "run python -m dragoman.store.sql.compilation"


def test_a_later_schema_that_says_it_fits_is_used_and_left_as_it_is(database: Path) -> None:
    serve_cast(database, unbroken)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    serve(database, unbroken)
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]
