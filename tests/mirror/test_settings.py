"""What the mirror's settings may say, and what the doctor finds out about them."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

import pytest

from dragoman.config.reading import ConfigurationFault, read_configuration
from dragoman.core.secret import Secret
from dragoman.elsewhere.faults import ElsewhereFault
from dragoman.elsewhere.statement import read_statement
from dragoman.mirror.database import open_database
from dragoman.wiring.mirror import examine_mirror
from tests.attacks.harness import configuration_of, running
from tests.cli.commanding import Folder, make_folder
from tests.mirror.conftest import LAYOUTS, mirrored
from tests.mirror.laravel import SqliteLaravel, documented, laravel

CANARY = "canary-c0ffee"
NAMES = ("insert", "revoke_grant", "revoke_token", "purge")


@pytest.fixture(scope="module")
def passport_folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return make_folder(tmp_path_factory.mktemp("made") / "server", "--dialect", "passport-12")


@pytest.fixture
def folder(passport_folder: Folder, tmp_path: Path) -> Folder:
    return passport_folder.copied_to(tmp_path / "server")


def environment(where: str, scheme: str, **settings: str) -> dict[str, str]:
    told = {name: str(documented(scheme)[name]) for name in NAMES}
    given = {"url": where, **told, "timeout_seconds": "10", **settings}
    return {f"DRAGOMAN_MIRROR__{name.upper()}": text for name, text in given.items()}


def finding(folder: Folder, given: dict[str, str]) -> tuple[str, str]:
    with mock.patch.dict(os.environ, given):
        outcome = folder.run("doctor", "--json")
    assert CANARY not in outcome.out + outcome.err
    assert "p@ss" not in outcome.out + outcome.err
    (found,) = (one for one in outcome.json["findings"] if one["check"] == "mirror")
    return found["state"], found["text"]


def examined(folder: Folder, given: dict[str, str]) -> str:
    """What the doctor is told."""
    try:
        told = asyncio.run(examine_mirror(read_configuration(folder.file, given)))
    except ElsewhereFault as fault:
        told = str(fault)
    assert told is not None
    assert CANARY not in told
    return told


@pytest.mark.parametrize(("kind", "version"), LAYOUTS)
def test_each_kind_of_database_takes_the_statements_of_the_page(
    folder: Folder, tmp_path: Path, request: pytest.FixtureRequest, kind: str, version: int
):
    with laravel(kind, version, request, tmp_path) as database:
        given = environment(database.url, database.scheme)
        assert finding(folder, given) == ("ok", "it takes the statements")
        for name in NAMES:
            changed = str(documented(database.scheme)[name]).replace("oauth_access_tokens", "nowhere")
            told = examined(folder, environment(database.url, database.scheme, **{name: changed}))
            assert told.startswith(f"{name}: mirror: the ")
        assert database.rows() == []


@pytest.mark.parametrize(("kind", "version"), LAYOUTS)
def test_some_hundred_old_rows_are_taken_away_at_once(
    tmp_path: Path, request: pytest.FixtureRequest, kind: str, version: int
):
    with laravel(kind, version, request, tmp_path) as database:
        for number in range(3):
            end = f"'20{20 + number}-01-01 00:00:00'"
            database.run(
                "INSERT INTO oauth_access_tokens VALUES "
                f"('t{number}', NULL, '{database.client_id}', NULL, '[]', false, {end}, {end}, {end})"
            )
        statement = read_statement("purge", documented(database.scheme)["purge"], ("DELETE",), ("before",), needed=())

        async def purge(before: int) -> int:
            location = Secret(database.url) if "://" in database.url else Path(database.url)
            opened = open_database("mirror.url", location, 1, 60)
            try:
                return await opened.change(statement, {"before": before})
            finally:
                await opened.close()

        end = int(datetime(2021, 1, 1, tzinfo=UTC).timestamp())
        assert asyncio.run(purge(end)) == 1
        assert asyncio.run(purge(end + 1)) == 1
        assert [row["id"].strip() for row in database.rows()] == ["t2"]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"url": "/nowhere/laravel.sqlite"}, "SQLITE_CANTOPEN"),
        ({"url": f"mongodb://u:{CANARY}@h/d"}, "mirror.url: write the path of an SQLite file"),
        ({"url": f"mysql://u:{CANARY}@h"}, "mirror.url: write mysql://"),
        ({"url": f"postgresql://u:{CANARY}@h/d?x=y"}, "an option that Dragoman does not know"),
        ({"insert": "INSERT INTO t VALUES (':token', :grant)"}, "mirror.insert: :token stands in quotes"),
        ({"insert": "INSERT INTO t VALUES (:token)"}, "mirror.insert: the parameter :grant is missing"),
        ({"insert": "DROP TABLE users"}, "mirror.insert: not what is wanted"),
        ({"revoke_grant": "UPDATE t SET revoked = 1"}, "mirror.revoke_grant: the parameter :grant is missing"),
        ({"revoke_token": "UPDATE t SET x = :grant"}, "mirror.revoke_token: there is no parameter :grant here"),
        ({"purge": "DELETE FROM t; DROP TABLE users"}, "';' may not stand in it"),
    ],
)
def test_a_mirror_that_cannot_be_meant_is_told_with_its_setting(
    folder: Folder, tmp_path: Path, settings: dict[str, str], told: str
):
    database = SqliteLaravel(12, tmp_path / "laravel.sqlite")
    assert told in examined(folder, environment(database.url, "/", **settings))


def test_the_doctor_tells_what_is_wrong_with_it(folder: Folder, tmp_path: Path):
    database = SqliteLaravel(12, tmp_path / "laravel.sqlite")
    for settings, told in (({"url": "/nowhere"}, "insert: mirror: "), ({"insert": "INSERT"}, "mirror.insert: ")):
        state, text = finding(folder, environment(database.url, "/", **settings))
        assert state == "problem"
        assert text.startswith(told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('url = "laravel.sqlite"', "mirror.insert: missing"),
        ('url = "x"\ninsert = "x"\nrevoke_grant = "x"', "mirror.revoke_token: missing"),
        (
            'url = "x"\ninsert = "x"\nrevoke_grant = "x"\nrevoke_token = "x"\ndialects = ["jmondi"]',
            "mirror.dialects: jmondi is not mounted",
        ),
        ("connections = 0", "connections"),
    ],
)
def test_settings_that_miss_something_are_refused(tmp_path: Path, text: str, told: str):
    file = tmp_path / "dragoman.toml"
    file.write_text(f"[mirror]\n{text}\n")
    with pytest.raises(ConfigurationFault, match=told):
        read_configuration(file, {})


def test_settings_show_no_secret(tmp_path: Path):
    file = tmp_path / "dragoman.toml"
    file.write_text("")
    configuration = read_configuration(file, environment(f"mysql://u:{CANARY}@h/d", "mysql://"))
    assert CANARY in (configuration.mirror.url or "")
    assert CANARY not in repr(configuration) + repr(configuration.mirror)


def test_tokens_that_nobody_could_look_up_are_no_tokens_for_a_mirror(tmp_path: Path):
    database = SqliteLaravel(12, tmp_path / "laravel.sqlite")
    configuration = configuration_of(tmp_path, mirror=database.table(dialects=("kabbage",)))
    with pytest.raises(ElsewhereFault, match="access tokens of kabbage are no JWTs"), running(configuration):
        pass


def test_without_names_all_mounts_are_mirrored_whose_tokens_can_be(tmp_path: Path):
    with mirrored(SqliteLaravel(12, tmp_path / "laravel.sqlite"), tmp_path, dialects=()) as story:
        ann, client_id = story.add_user(10), story.database.client_id
        assert story.server.log_in(client_id, ann).status == 200
        assert len(story.database.rows()) == 1
