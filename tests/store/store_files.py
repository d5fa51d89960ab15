"""Where the store is in tests of what files alone promise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """In place of the folder's fixture of this name."""
    return tmp_path / "folder" / "dragoman.db"
