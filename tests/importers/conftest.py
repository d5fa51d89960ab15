from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.commanding import Folder, make_folder
from tests.importers.sources import DumpSource, FileSource, MariaDbSource, ServerSource, Source

if TYPE_CHECKING:
    from pathlib import Path

    from tests.mariadb import MariaDb
    from tests.postgresql import Cluster


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DRAGOMAN_CONFIG", "COLUMNS", "DRAGOMAN_DATABASE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def made_folder_of_four(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return make_folder(
        tmp_path_factory.mktemp("made") / "server", "--dialect", "standard", "--dialect", "jobspace",
        "--dialect", "paymentiq", "--dialect", "jmondi",
    )  # fmt: skip


@pytest.fixture
def folder(made_folder_of_four: Folder, tmp_path: Path) -> Folder:
    return made_folder_of_four.copied_to(tmp_path / "server")


@pytest.fixture(params=["sqlite", "postgresql"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> FileSource | ServerSource:
    """An empty database of another server's."""
    if request.param == "sqlite":
        return FileSource(tmp_path / "old.sqlite")
    cluster: Cluster = request.getfixturevalue("postgresql")
    return ServerSource(cluster, request.getfixturevalue("other_database"))


@pytest.fixture
def further_source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    """The same on another kind of server, or a dump that its own tool made; which one is said by the test."""
    dump = tmp_path / "old.sql"
    if request.param.startswith("pg_dump"):
        server = ServerSource(request.getfixturevalue("postgresql"), request.getfixturevalue("other_database"))
        return DumpSource(server, dump, tuple(request.param.split()[1:]))
    maria = MariaDbSource(request.getfixturevalue("mariadb"), request.getfixturevalue("other_mariadb_database"))
    return DumpSource(maria, dump, tuple(request.param.split()[1:])) if "dump" in request.param else maria


@pytest.fixture
def other_mariadb_database(mariadb: MariaDb):
    with mariadb.new_database() as name:
        yield name


@pytest.fixture
def other_database(postgresql: Cluster):
    with postgresql.new_database() as name:
        yield name


@pytest.fixture(params=["to sqlite", "to postgresql"])
def each_folder(request: pytest.FixtureRequest, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """A server on either database."""
    if request.param == "to postgresql":
        url = request.getfixturevalue("postgresql_url")
        monkeypatch.setenv("DRAGOMAN_DATABASE", url.reveal())
    return folder
