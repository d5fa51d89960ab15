from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.commanding import Folder


@pytest.fixture
def folder(made_folder: Folder, tmp_path: Path) -> Folder:
    return made_folder.copied_to(tmp_path / "server")


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DRAGOMAN_CONFIG", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
