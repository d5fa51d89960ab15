from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.commanding import Folder
from tests.telemetry.collector import Collector, running_collector

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def folder(made_folder: Folder, tmp_path: Path) -> Folder:
    return made_folder.copied_to(tmp_path / "server")


@pytest.fixture
def shop(folder: Folder) -> tuple[str, str]:
    return "shop", folder.client("shop", "--grant-type", "client_credentials")


@pytest.fixture
def collector() -> Iterator[Collector]:
    with running_collector() as running:
        yield running
