"""Opaque access tokens are sealed, unless a server of an earlier version may be beside this one and be shown them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from dragoman.config.reading import read_configuration
from dragoman.store.version import FITS_FROM, FITS_FROM_ALONE, FITS_FROM_NAME
from tests.cli.commanding import post
from tests.serving import serving

if TYPE_CHECKING:
    from tests.cli.commanding import Folder


def _let_in(folder: Folder, version: str) -> None:
    with closing(sqlite3.connect(folder.path / "dragoman.db")) as connection, connection:
        connection.execute("UPDATE installation SET value = ? WHERE name = ?", (version, FITS_FROM_NAME))


def _rows(folder: Folder) -> int:
    with closing(sqlite3.connect(folder.path / "dragoman.db")) as connection:
        (number,) = connection.execute("SELECT count(*) FROM access_tokens").fetchone()
    return number


def test_no_token_is_written_that_a_server_beside_this_one_could_not_read_and_all_are_read(folder: Folder):
    """Before, during and after the time in which earlier versions are let in."""
    shop = "shop", folder.client("shop", "--grant-type", "client_credentials", "--token-format", "opaque")
    tokens: list[str] = []
    for version, stored in ((FITS_FROM_ALONE, 0), (FITS_FROM, 1), (FITS_FROM_ALONE, 1)):
        _let_in(folder, version)
        with serving(read_configuration(folder.file)) as base:
            status, answer = post(f"{base}/oauth2/token", shop, grant_type="client_credentials")
            assert status == 200
            tokens.append(answer["access_token"])
            assert _rows(folder) == stored
            for token in tokens:
                assert post(f"{base}/oauth2/introspect", shop, token=token)[1]["active"]
    assert {token[:4] for token in tokens} == {"dga_"}
