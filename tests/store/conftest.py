from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from dragoman.core.secret import Secret


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Path | Secret:
    """Where the store is: every promise is kept on either."""
    if request.param == "sqlite":
        return tmp_path / "folder" / "dragoman.db"
    return request.getfixturevalue("postgresql_url")
