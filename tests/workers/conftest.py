from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.commanding import STORED, Folder


@pytest.fixture
def folder(made_folder: Folder, tmp_path: Path) -> Folder:
    """A folder whose database holds the client `shop`, and whose sessions are written for each token."""
    return made_folder.copied_to(tmp_path / "server")


@pytest.fixture
def shop(folder: Folder) -> tuple[str, str]:
    """A client whose access tokens are stored, so that each of them is a write."""
    return "shop", folder.client("shop", "--grant-type", "client_credentials", *STORED)
