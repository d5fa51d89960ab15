"""PgBouncer in transaction mode: whatever the last one left in a server's session, and whoever had it before."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from store_cast import CLIENT, HOUR, NOW, OWNER, new_access_token, new_grant
from tests.postgresql import PASSWORD, Cluster

from dragoman.core.ports import Rotated
from dragoman.core.secret import Secret
from dragoman.store.faults import StoreFault
from dragoman.store.opening import open_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.store.store import Store

POOLER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
CONFIGURATION = """
[databases]
* = host=127.0.0.1 port={server_port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 2
max_client_conn = 200
logfile = {folder}/log
"""

pytestmark = pytest.mark.skipif(POOLER is None, reason="PgBouncer comes from the system's packages")


@pytest.fixture
def pooler(postgresql: Cluster) -> Iterator[int]:
    """The port of a PgBouncer with two connections to the cluster."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with _reachable_folder() as folder:
        (folder / "users").write_text(f'"dragoman" "{PASSWORD}"\n')
        text = CONFIGURATION.format(port=port, server_port=postgresql.port, folder=folder)
        (folder / "pgbouncer.ini").write_text(text)
        (folder / "log").touch(mode=0o666)
        (folder / "log").chmod(0o666)
        unprivileged = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        with subprocess.Popen([POOLER, "-q", folder / "pgbouncer.ini"], cwd="/", **unprivileged) as process:
            try:
                _wait_for(port)
                yield port
            finally:
                process.terminate()


@contextmanager
def _reachable_folder() -> Iterator[Path]:
    """Not below pytest's, which is closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="dragoman-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _wait_for(port: int) -> None:
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise TimeoutError


def test_two_servers_share_two_sessions_from_the_first_table_to_the_last_rotation(
    postgresql: Cluster, pooler: int
) -> None:
    async def scenario(url: Secret) -> None:
        async with AsyncExitStack() as stack:
            stores: list[Store] = [await stack.enter_async_context(open_server(url)) for _ in range(2)]
            await stores[0].administration.create_client(CLIENT)
            await stores[1].administration.create_resource_owner(OWNER)
            grants = [new_grant() for _ in range(40)]
            await asyncio.gather(
                *(
                    stores[n % 2].create_grant(one, new_access_token(one) if n % 3 else None)
                    for n, one in enumerate(grants)
                )
            )
            for _ in range(5):
                rotations = [each.rotate(one, NOW, NOW + HOUR, None) for one in grants for each in stores]
                outcomes = await asyncio.gather(*rotations)
                grants = [outcome.grant for outcome in outcomes if isinstance(outcome, Rotated)]
                assert len(grants) == 40
            assert await stores[0].administration.revoke_grants_of_subject(OWNER.id, NOW, "test") == 40
            assert await stores[1].administration.purge(NOW + 200 * HOUR) > 0

    with postgresql.new_database() as name:
        asyncio.run(scenario(postgresql.url(name, port=pooler, pooler="transaction")))


def test_a_pooler_that_nobody_spoke_of_stops_the_start(postgresql: Cluster, postgresql_name: str, pooler: int) -> None:
    async def scenario() -> None:
        async with open_server(postgresql.url(postgresql_name, port=pooler)):
            pass

    with pytest.raises(StoreFault, match=r"pooler=transaction"):
        asyncio.run(scenario())
