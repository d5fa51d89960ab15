"""A server that adopts the sessions of several others, and somebody who has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.attacks.harness import configuration_of, running
from tests.former_sessions.sessions import all_formats

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.attacks.harness import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    with running(configuration_of(folder, former=all_formats(folder))) as server:
        yield server


@pytest.fixture
def client(server: Server) -> str:
    return server.add_client()


@pytest.fixture
def person(server: Server) -> str:
    return server.add_owner()
