"""One server with all dialects for all properties."""

from collections.abc import Iterator

import pytest

from tests.attacks.harness import Server, configuration_of, running


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(configuration_of(tmp_path_factory.mktemp("server"))) as one:
        yield one
