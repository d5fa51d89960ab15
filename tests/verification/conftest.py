from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_server import Contracts, TinyServer, running_server


@pytest.fixture
def server() -> Iterator[TinyServer]:
    with running_server() as tiny:
        yield tiny


@pytest.fixture
def contracts(tmp_path: Path) -> Contracts:
    root = tmp_path / "contracts"
    root.mkdir()
    return Contracts(root=root)
