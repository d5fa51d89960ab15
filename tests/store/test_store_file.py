import asyncio
import fcntl
import os
import re
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Timer

import pytest
from store_cast import CLIENT, serve, serve_cast

from dragoman.core.model import Client
from dragoman.store import compilation
from dragoman.store.faults import StoreFault
from dragoman.store.sqlite.database import migrate
from dragoman.store.sqlite.file import create_database
from dragoman.store.sqlite.opening import open_server, open_tool
from dragoman.store.store import Store
from dragoman.store.version import APPLICATION_ID, FITS_FROM_NAME, VERSIONS

SERVER = """
import asyncio, sys
from pathlib import Path
from dragoman.store.sqlite.opening import open_server

async def main():
    async with open_server(Path(sys.argv[1])):
        print("open", flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Files alone have these promises."""
    return tmp_path / "folder" / "dragoman.db"


async def _nothing(store: Store) -> None:
    assert store.broken is None


def _schema(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT type || ' ' || name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {name: re.sub(r"\s+", "", text) for name, text in rows}


def test_all_files_are_the_owners_alone(database: Path) -> None:
    async def scenario(store: Store) -> None:
        files = {file.name: file.stat().st_mode & 0o777 for file in database.parent.iterdir()}
        names = {"dragoman.db", "dragoman.db-wal", "dragoman.db-shm", "dragoman.db.lock", "dragoman.db.turn"}
        assert files == dict.fromkeys(names, 0o600)
        assert database.parent.stat().st_mode & 0o777 == 0o700

    before = os.umask(0)
    try:
        serve_cast(database, scenario)
        database.chmod(0o644)
        serve(database, scenario)
    finally:
        os.umask(before)


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


def test_reopening_keeps_all(database: Path) -> None:
    async def again(store: Store) -> None:
        assert await store.find_client("app") == CLIENT

    serve_cast(database, _nothing)
    serve(database, again)


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
            assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    serve_cast(migrated, _nothing)


def test_a_server_migrates_an_older_database(database: Path) -> None:
    database.parent.mkdir()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("VACUUM")
    serve_cast(database, _nothing)


def test_the_versions_known_are_those_of_the_migrations() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(compilation.FOLDER / "migrations"))
    revisions = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(revisions)) == VERSIONS


def test_the_generated_text_is_what_the_constructs_say() -> None:
    for name, text in compilation.generated_modules().items():
        assert (compilation.FOLDER / name).read_text() == text, "run python -m dragoman.store.compilation"


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _text(path: Path) -> None:
    path.write_text("clients:\n  - app\n" * 1000)


def _foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE clients (id TEXT)")


def _future(path: Path) -> None:
    create_database(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.execute("UPDATE installation SET value = '9998' WHERE name = ?", (FITS_FROM_NAME,))


def _folder(path: Path) -> None:
    path.mkdir()


def _corrupt(path: Path) -> None:
    serve_cast(path, _nothing)
    content = bytearray(path.read_bytes())
    for page in range(4096, len(content), 4096):
        content[page + 8 : page + 4000] = b"\xee" * 3992
    path.write_bytes(content)


def _truncated(path: Path) -> None:
    serve_cast(path, _nothing)
    path.write_bytes(path.read_bytes()[:9000])


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (_empty, "is empty"),
        (_text, "is damaged or no SQLite database"),
        (_foreign, "is the database of another program"),
        (_future, "was written by a newer Dragoman"),
        (_folder, "is not a file"),
        (_corrupt, "is damaged"),
        (_truncated, "is damaged"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_by_name_and_left_alone(
    database: Path, spoil: Callable[[Path], None], sentence: str
) -> None:
    database.parent.mkdir()
    spoil(database)
    before = database.read_bytes() if database.is_file() else b""
    with pytest.raises(StoreFault, match=sentence) as fault:
        serve(database, _nothing)
    assert str(database) in str(fault.value)
    assert str(fault.value).endswith(".")
    assert before == (database.read_bytes() if database.is_file() else b"")


def test_a_later_schema_that_says_it_fits_is_used_and_left_as_it_is(database: Path) -> None:
    serve_cast(database, _nothing)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    serve(database, _nothing)
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


def test_a_log_without_its_database_is_not_folded_into_a_new_one(database: Path) -> None:
    database.parent.mkdir()
    database.with_name("dragoman.db-wal").write_bytes(b"what a crash left")
    with pytest.raises(StoreFault, match="is missing, but its write-ahead log"):
        serve(database, _nothing)
    assert not database.exists()


def test_a_database_that_cannot_be_created_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreFault, match="file"):
        serve(tmp_path / "file" / "dragoman.db", _nothing)


def test_a_creation_that_was_cut_short_leaves_nothing_in_the_way(database: Path) -> None:
    database.parent.mkdir()
    (database.parent / "dragoman.db.new").write_bytes(b"half a database")
    serve_cast(database, _nothing)
    assert not (database.parent / "dragoman.db.new").exists()


def test_a_second_server_is_refused_and_a_tool_is_not(database: Path) -> None:
    async def tool() -> None:
        async with open_tool(database) as store:
            await store.administration.create_client(Client(id="by-tool", name=""))

    async def again(store: Store) -> None:
        assert await store.find_client("by-tool") is not None

    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"open\n"
        link = database.parent / "link.db"
        link.symlink_to(database)
        for path in (database, link):
            with pytest.raises(StoreFault, match=rf"in use by another Dragoman server \(process {server.pid}\)"):
                serve(path, _nothing)
        asyncio.run(tool())
        server.communicate()
    serve(database, again)


def test_a_look_at_the_lock_keeps_no_server_from_starting(database: Path) -> None:
    """A backup asks for a moment whether a server runs."""
    serve_cast(database, _nothing)
    lock = database.with_name("dragoman.db.lock").open("rb")
    fcntl.flock(lock, fcntl.LOCK_SH)
    looking = Timer(0.03, lock.close)
    looking.start()
    serve(database, _nothing)
    looking.join()


def test_a_lock_file_that_cannot_be_written_is_told(database: Path) -> None:
    serve_cast(database, _nothing)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with pytest.raises(StoreFault, match=r"dragoman\.db\.lock cannot be written: File too large"):
            serve(database, _nothing)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    serve(database, _nothing)


def test_f35_a_file_system_that_is_read_only_is_told(database: Path) -> None:
    serve_cast(database, _nothing)
    mounted = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" "$1" && shift && exec "$@"'
    alone = ["unshare", "--map-root-user", "--mount", "sh", "-c", mounted, "sh", str(database.parent)]
    if subprocess.run([*alone, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    command = [*alone, sys.executable, "-c", SERVER, str(database)]
    server = subprocess.run(command, check=False, capture_output=True, text=True)
    assert server.stdout == ""
    assert "dragoman.db.lock cannot be opened: Read-only file system." in server.stderr


def test_a_servers_lock_goes_with_it_however_it_ends(database: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        assert server.stdout is not None
        server.stdout.readline()
        server.kill()
    serve_cast(database, _nothing)


def test_a_tool_creates_the_database_and_sees_what_the_server_writes(database: Path) -> None:
    async def scenario() -> None:
        async with open_tool(database) as tool, open_server(database) as server:
            await server.administration.create_client(CLIENT)
            assert await tool.find_client("app") == CLIENT

    asyncio.run(scenario())
