from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.commanding import Folder, make_folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return make_folder(tmp_path / "server")


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DRAGOMAN_CONFIG", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
