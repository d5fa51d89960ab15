"""One server for all attacks that leave it standing, and one in a process of its own; the others start their own."""

from base64 import b64encode
from collections.abc import Iterator

import pytest

from tests.attacks.door import Door
from tests.attacks.harness import Server, configuration_of, running
from tests.cli.commanding import STORED, make_folder
from tests.processes import running_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(configuration_of(tmp_path_factory.mktemp("server"))) as one:
        yield one


@pytest.fixture(scope="session")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = make_folder(tmp_path_factory.mktemp("door") / "server")
    secret = folder.client("shop", "--grant-type", "client_credentials", *STORED)
    folder.change(trusted_proxies='trusted_proxies = ["127.0.0.1/32"]')
    with running_server(folder.file) as server:
        yield Door(server, b64encode(f"shop:{secret}".encode()), folder.path / "dragoman.db")
