"""One server with all dialects for all properties; hypothesis draws the same examples every time."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.attacks.harness import Server, configuration_of, running

settings.register_profile("dragoman", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("search", parent=settings.get_profile("dragoman"), derandomize=False, max_examples=5000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dragoman"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(configuration_of(tmp_path_factory.mktemp("server"))) as one:
        yield one
