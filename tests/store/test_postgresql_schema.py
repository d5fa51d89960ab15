"""How a PostgreSQL database becomes ours, and stays usable while two versions of Dragoman run side by side."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from store_cast import CLIENT, serve, serve_cast, unbroken
from tests.postgresql import Cluster, for_the_driver

from dragoman.core.model import Client
from dragoman.core.secret import Secret
from dragoman.store.faults import StoreConflict, StoreFault
from dragoman.store.postgresql.address import read_address
from dragoman.store.postgresql.migration import upgrade_database
from dragoman.store.sql import compilation
from dragoman.store.store import Store
from dragoman.store.version import FITS_FROM, FITS_FROM_ALONE, FITS_FROM_NAME, VERSIONS

STARTED = """
import asyncio, sys
from dragoman.core.secret import Secret
from dragoman.store.{module} import {function}
{imports}
asyncio.run({call})
"""
CREATE = STARTED.format(
    module="postgresql.opening", function="prepare", imports="", call="prepare(Secret(sys.argv[1]))"
)
MIGRATE = STARTED.format(
    module="postgresql.migration",
    function="upgrade_database",
    imports="from dragoman.store.postgresql.address import read_address",
    call="upgrade_database(read_address(Secret(sys.argv[1])))",
)
COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable, column_default
FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position
"""
INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname"
CONSTRAINTS = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace ORDER BY conname
"""
OPTIONS = "SELECT relname, reloptions FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
STAMPS = "SELECT version_num FROM alembic_version"
FITS = "SELECT name, value FROM installation"


def _schema(postgresql: Cluster, name: str) -> list[Sequence[object]]:
    """Names of primary keys aside, which nothing ever uses: Alembic leaves them to the database."""
    found = [row for query in (COLUMNS, INDEXES, CONSTRAINTS, OPTIONS) for row in postgresql.run(query, database=name)]
    return sorted(str(tuple(row)).replace("pk_", "").replace("_pkey", "") for row in found)


def _fits(postgresql: Cluster, name: str) -> str:
    facts = dict(tuple(row) for row in postgresql.run(FITS, database=name))
    return facts[FITS_FROM_NAME]


def test_both_ways_to_a_schema_give_the_same(postgresql: Cluster) -> None:
    with postgresql.new_database() as created, postgresql.new_database() as migrated:
        serve(postgresql.url(created), unbroken)
        asyncio.run(upgrade_database(read_address(postgresql.url(migrated))))
        assert _schema(postgresql, created) == _schema(postgresql, migrated)
        for name in (created, migrated):
            assert [tuple(row) for row in postgresql.run(STAMPS, database=name)] == [(VERSIONS[-1],)]
            serve_cast(postgresql.url(name), unbroken)
        assert _fits(postgresql, created) == FITS_FROM_ALONE
        assert _fits(postgresql, migrated) == FITS_FROM


def test_a_server_migrates_an_older_database_while_others_use_it(postgresql: Cluster) -> None:
    async def older() -> None:
        engine = create_async_engine(for_the_driver(postgresql.url(name)).replace("postgresql:", "postgresql+asyncpg:"))
        async with engine.begin() as connection:
            await connection.run_sync(_first_version)
        await engine.dispose()

    with postgresql.new_database() as name, postgresql.new_database() as created:
        asyncio.run(older())
        assert [tuple(row) for row in postgresql.run(STAMPS, database=name)] == [(VERSIONS[0],)]
        serve_cast(postgresql.url(name), unbroken)
        assert [tuple(row) for row in postgresql.run(STAMPS, database=name)] == [(VERSIONS[-1],)]
        assert _fits(postgresql, name) == FITS_FROM
        serve(postgresql.url(created), unbroken)
        assert _schema(postgresql, created) == _schema(postgresql, name)


def _first_version(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(compilation.FOLDER / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, VERSIONS[0])


def test_a_migration_lets_nobody_in_who_was_shut_out_before(postgresql: Cluster) -> None:
    with postgresql.new_database() as name:
        serve(postgresql.url(name), unbroken)
        postgresql.run(f"UPDATE alembic_version SET version_num = '{VERSIONS[-2]}'", database=name)
        asyncio.run(upgrade_database(read_address(postgresql.url(name))))
        assert [tuple(row) for row in postgresql.run(STAMPS, database=name)] == [(VERSIONS[-1],)]
        assert _fits(postgresql, name) == FITS_FROM_ALONE


@pytest.mark.parametrize("program", [CREATE, MIGRATE], ids=["create", "migrate"])
def test_processes_that_start_at_once_make_one_schema(postgresql: Cluster, program: str) -> None:
    with postgresql.new_database() as name:
        called = [sys.executable, "-c", program, postgresql.url(name).reveal()]
        processes = [subprocess.Popen(called, stderr=subprocess.PIPE) for _ in range(3)]
        said = [process.communicate()[1] for process in processes]
        assert [process.returncode for process in processes] == 3 * [0], said
        assert len(postgresql.run(STAMPS, database=name)) == 1
        serve_cast(postgresql.url(name), unbroken)


def test_a_migration_that_fails_leaves_nothing(postgresql: Cluster) -> None:
    with postgresql.new_database() as name:
        postgresql.run("CREATE TABLE login_names (foreign_column text)", database=name)
        with pytest.raises(StoreFault, match="tables of another program"):
            asyncio.run(upgrade_database(read_address(postgresql.url(name))))
        postgresql.run("DROP TABLE login_names", "CREATE SEQUENCE login_names", database=name)
        with pytest.raises(StoreFault, match=r"could not be brought to this version.*Nothing was changed"):
            asyncio.run(upgrade_database(read_address(postgresql.url(name))))
        with pytest.raises(StoreFault, match=r"could not be prepared.*Nothing was changed"):
            serve(postgresql.url(name), unbroken)
        assert postgresql.run("SELECT 1 FROM pg_tables WHERE schemaname = 'public'", database=name) == []


@pytest.mark.parametrize("fits", [True, False])
def test_a_later_schema_is_used_if_it_says_that_it_fits(
    postgresql: Cluster, postgresql_url: Secret, postgresql_name: str, *, fits: bool
) -> None:
    async def again(store: Store) -> None:
        assert await store.find_client("app") == CLIENT

    serve_cast(postgresql_url, unbroken)
    postgresql.run("UPDATE alembic_version SET version_num = '9999'", database=postgresql_name)
    postgresql.run("ALTER TABLE clients ADD COLUMN later text", database=postgresql_name)
    if fits:
        serve(postgresql_url, again)
    else:
        postgresql.run(
            f"UPDATE installation SET value = '9998' WHERE name = '{FITS_FROM_NAME}'", database=postgresql_name
        )
        with pytest.raises(StoreFault, match="written by a newer Dragoman"):
            serve(postgresql_url, again)
    assert [tuple(row) for row in postgresql.run(STAMPS, database=postgresql_name)] == [("9999",)]


def test_a_running_server_survives_an_expanding_migration(
    postgresql: Cluster, postgresql_url: Secret, postgresql_name: str
) -> None:
    async def scenario(store: Store) -> None:
        assert await store.find_client("app") == CLIENT
        await postgresql.query(
            "ALTER TABLE clients ADD COLUMN later text",
            "ALTER TABLE grants ADD COLUMN later bigint DEFAULT 1",
            database=postgresql_name,
        )
        assert await store.find_client("app") == CLIENT
        assert await store.administration.update_client(CLIENT)

    serve_cast(postgresql_url, scenario)


def test_the_oldest_version_that_fits_is_a_known_one() -> None:
    assert FITS_FROM in VERSIONS
    assert FITS_FROM_ALONE in VERSIONS


@pytest.mark.parametrize("table", ["clients", "alembic_version"])
def test_a_database_of_another_program_is_left_alone(postgresql: Cluster, table: str) -> None:
    with postgresql.new_database() as name:
        postgresql.run(f"CREATE TABLE {table} (version_num text)", database=name)
        with pytest.raises(StoreFault, match="tables of another program"):
            serve(postgresql.url(name), unbroken)
        assert len(postgresql.run("SELECT 1 FROM pg_tables WHERE schemaname = 'public'", database=name)) == 1


@pytest.mark.parametrize(
    ("encoding", "statement", "sentence"),
    [
        ("SQL_ASCII", "SELECT 1", "names of people need UTF8"),
        ("UTF8", "ALTER DATABASE {name} SET synchronous_commit = off", "synchronous_commit = off"),
        ("UTF8", "ALTER DATABASE {name} SET default_transaction_read_only = on", "cannot be written"),
    ],
)
def test_a_database_that_could_not_keep_a_promise_is_refused(
    postgresql: Cluster, encoding: str, statement: str, sentence: str
) -> None:
    with postgresql.new_database(settings=f"ENCODING '{encoding}'") as name:
        postgresql.run(statement.format(name=name))
        with pytest.raises(StoreFault, match=sentence):
            serve(postgresql.url(name), unbroken)


def test_a_server_on_postgresql_loads_no_sqlalchemy(postgresql_url: Secret) -> None:
    program = (
        "import asyncio, sys\n"
        "from dragoman.core.secret import Secret\n"
        "from dragoman.store.opening import open_server\n"
        "async def main():\n"
        "    async with open_server(Secret(sys.argv[1])):\n"
        "        print('sqlalchemy' in sys.modules)\n"
        "asyncio.run(main())\n"
    )
    assert subprocess.check_output([sys.executable, "-c", program, postgresql_url.reveal()]) == b"False\n"


def test_what_no_text_column_can_hold_names_nothing_and_is_refused_with_a_sentence(postgresql_url: Secret) -> None:
    async def scenario(store: Store) -> None:
        assert await store.find_client("app\0") is None
        with pytest.raises(StoreConflict, match="NUL") as refused:
            await store.administration.update_client(Client(id="app", name="secret\0"))
        assert "secret" not in str(refused.value)

    serve_cast(postgresql_url, scenario)
