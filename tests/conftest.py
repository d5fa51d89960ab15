"""What every test package may ask for."""

from __future__ import annotations

import asyncio
import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from joserfc.jwk import RSAKey

from tests.measuring import Measuring, shows

_TESTS = Path(__file__).parent
MEASURING = Measuring() if "MEASURE" in os.environ else None

from dragoman.store.opening import open_server  # noqa: E402 (what it loads is to be measured)
from tests.cli.commanding import Folder, make_folder  # noqa: E402 (same)
from tests.mariadb import MariaDb, mariadb_server, missing  # noqa: E402 (same)
from tests.postgresql import Cluster, cluster  # noqa: E402 (same)
from tests.redis_server import RedisServer, kinds, redis_server  # noqa: E402 (same)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.core.secret import Secret


settings.register_profile("dragoman", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("search", parent=settings.get_profile("dragoman"), derandomize=False, max_examples=5000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dragoman"))
"""The same examples every time, however long one takes; `make fuzz` searches."""


LONG = ("histories", "leaks", "workers", "properties", "store")
"""Folders with tests that take long: they come early, so that no process has one left when the others are done."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In the order in which processes that share them should take them (`--dist loadfile`)."""
    ranks = {name: rank for rank, name in enumerate(LONG)}
    items.sort(key=lambda one: (not shows(one.path), ranks.get(one.path.relative_to(_TESTS).parts[0], len(LONG))))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> None:
    """Measure the tests of some packages, and only these."""
    if MEASURING is not None:
        MEASURING.go_on_for(item.path)


def pytest_sessionfinish() -> None:
    """Keep what was measured."""
    if MEASURING is not None:
        MEASURING.end()


@pytest.fixture(scope="session", autouse=True)
def _rsa_keys_are_examined_once() -> Iterator[None]:
    """OpenSSL proves both factors of a private key prime whenever it is read, which takes longer than most tests."""
    examine = RSAKey.binding.import_private_key
    examined = lru_cache(lambda members: examine(dict(members)))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(RSAKey.binding, "import_private_key", lambda jwk: examined(tuple(sorted(jwk.items()))))
        yield


@pytest.fixture(scope="session")
def made_folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """As `dragoman init` makes it, for tests to copy."""
    return make_folder(tmp_path_factory.mktemp("made") / "server")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """A running PostgreSQL, one for each test process. Whoever stops it starts it again."""
    with cluster() as one:
        yield one


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDb]:
    """A running MariaDB, one for each test process, if the machine has its programs."""
    if missing():
        pytest.skip(f"this machine has no {', no '.join(missing())}; `make tools` installs MariaDB")
    with mariadb_server() as one:
        yield one


@pytest.fixture(scope="session")
def _postgresql_template(postgresql: Cluster) -> Iterator[str]:
    async def prepare() -> None:
        async with open_server(postgresql.url(name)):
            pass

    with postgresql.new_database() as name:
        asyncio.run(prepare())
        yield name


@pytest.fixture
def postgresql_name(postgresql: Cluster, _postgresql_template: str) -> Iterator[str]:
    """The name of a database with Dragoman's schema and nothing in it, for one test."""
    with postgresql.new_database(_postgresql_template, "") as name:
        yield name


@pytest.fixture
def postgresql_url(postgresql: Cluster, postgresql_name: str) -> Secret:
    """Its address, as the setting `database` has it."""
    return postgresql.url(postgresql_name)


@pytest.fixture
def shared_server() -> Iterator[RedisServer]:
    """A running Valkey with nothing in it. Whoever stops it need not start it again."""
    with redis_server() as one:
        yield one


@pytest.fixture(params=kinds())
def each_shared_server(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    """The same, and once more with the oldest Redis that Dragoman knows."""
    with redis_server(request.param) as one:
        yield one
