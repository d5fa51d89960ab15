"""A whole cut-over from Passport, whose APIs go on to ask its database: nobody logs in again, and no API notices."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from dragoman.config.reading import read_configuration
from tests.cli.commanding import make_folder
from tests.importers import test_passport
from tests.importers.sources import FileSource, MariaDbSource
from tests.importers.test_sessions import PASSPORT_TABLES, VECTORS, Cutover
from tests.mirror.laravel import Api, MariaDbLaravel, SqliteLaravel
from tests.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.mirror.laravel import Laravel


@pytest.fixture(params=["sqlite", "mariadb"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[FileSource | MariaDbSource, Laravel]]:
    """The old server's database, to import from and to mirror into."""
    if request.param == "sqlite":
        yield FileSource(tmp_path / "old.sqlite"), SqliteLaravel(None, tmp_path / "old.sqlite")
    else:
        server = request.getfixturevalue("mariadb")
        with server.new_database() as name:
            yield MariaDbSource(server, name), MariaDbLaravel(None, server, name)


def test_a_session_of_the_old_server_goes_on_at_this_one_and_at_its_apis(
    tmp_path: Path, old: tuple[FileSource | MariaDbSource, Laravel]
):
    source, database = old
    folder = make_folder(tmp_path / "server", "--dialect", "jobspace")
    cutover = Cutover(folder, source, "passport", test_passport.SERVER)
    vector, payload = VECTORS["passport"], VECTORS["passport"]["payload"]
    test_passport.version_4(source)
    source.fill(
        *(test_passport.table(source, text) for text in PASSPORT_TABLES),
        f"INSERT INTO oauth_access_tokens VALUES ('{payload['access_token_id']}', 7, 2, NULL, '[]', false, NULL, NULL, "
        "'2096-10-02 07:06:40')",
        f"INSERT INTO oauth_refresh_tokens VALUES ('{payload['refresh_token_id']}', '{payload['access_token_id']}', "
        "false, '2096-10-02 07:06:40')",
    )
    cutover.adopt("passport", vector["app_key"])
    cutover.list_sessions()
    folder.file.write_text(database.written(folder.file.read_text()))
    with cutover.client("/oauth/token", "2", test_passport.SECRET) as client:
        api = Api(database, read_configuration(folder.file), int(time.time()))
        status, first = client.refresh(vector["refresh_token"])
        assert status == 200
        assert api.lets_in(first["access_token"])
        status, second = client.refresh(first["refresh_token"])
        assert status == 200
        assert api.lets_in(second["access_token"])
        assert api.claims(second["access_token"])["sub"] == "7"
        folder.done("user", "sign-out", "ann@example.com")
        wait_until(lambda: not api.lets_in(second["access_token"]))
