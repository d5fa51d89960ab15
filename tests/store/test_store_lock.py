"""One server has the file, tools come beside it, and the lock goes with whoever held it."""

import asyncio
import fcntl
import resource
import subprocess
import sys
from pathlib import Path
from threading import Timer

import pytest
from store_cast import CLIENT, serve, serve_cast, unbroken
from store_files import database

from dragoman.core.model import Client
from dragoman.store.faults import StoreFault
from dragoman.store.sqlite.opening import open_server, open_tool
from dragoman.store.store import Store

__all__ = ["database"]  # a fixture

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
                serve(path, unbroken)
        asyncio.run(tool())
        server.communicate()
    serve(database, again)


def test_a_look_at_the_lock_keeps_no_server_from_starting(database: Path) -> None:
    """A backup asks for a moment whether a server runs."""
    serve_cast(database, unbroken)
    lock = database.with_name("dragoman.db.lock").open("rb")
    fcntl.flock(lock, fcntl.LOCK_SH)
    looking = Timer(0.03, lock.close)
    looking.start()
    serve(database, unbroken)
    looking.join()


def test_a_lock_file_that_cannot_be_written_is_told(database: Path) -> None:
    serve_cast(database, unbroken)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with pytest.raises(StoreFault, match=r"dragoman\.db\.lock cannot be written: File too large"):
            serve(database, unbroken)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    serve(database, unbroken)


def test_f35_a_file_system_that_is_read_only_is_told(database: Path) -> None:
    serve_cast(database, unbroken)
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
    serve_cast(database, unbroken)


def test_a_tool_creates_the_database_and_sees_what_the_server_writes(database: Path) -> None:
    async def scenario() -> None:
        async with open_tool(database) as tool, open_server(database) as server:
            await server.administration.create_client(CLIENT)
            assert await tool.find_client("app") == CLIENT

    asyncio.run(scenario())
