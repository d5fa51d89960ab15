"""Accounts of a real old server move in, each at its first log-in, and nothing that is not meant."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from tests.bridge.crossing import crossing
from tests.bridge.pairs import PATH, TOLD, lied_to, pair, says
from tests.old_servers import ANN, BOB, CLIENT, cast_of, dead_url
from tests.shadow.watching import ask, credentials, password, refresh


def test_whoever_logs_in_moves_in_and_is_never_asked_for_there_again(tmp_path: Path):
    with pair(tmp_path, authorities_allowed=("ROLE_USER",)) as (url, crossed):
        first = ask(crossed.url, PATH, password(ANN))
        assert first.status == 200
        ann = crossed.owner("ann")
        assert (ann.id, ann.directory, ann.authorities) == ("owner-ann", None, ("ROLE_USER",))
        assert ann.password_hash.startswith("$argon2id$")
        assert ask(crossed.url, PATH, refresh(first.document["refresh_token"])).status == 200
        address = crossed.url
    del url
    with crossing(tmp_path / "ours", "standard", cast_of(), dead_url(), **TOLD) as again:
        assert again.url != address
        assert ask(again.url, PATH, password(ANN)).status == 200
        assert ask(again.url, PATH, password(ANN, wrong=True)).status == 400


def test_a_wrong_password_is_refused_as_everywhere_and_nobody_moves_in(tmp_path: Path):
    with pair(tmp_path, BOB) as (_url, crossed):
        unknown = ask(crossed.url, PATH, password(ANN, wrong=True))
        known = ask(crossed.url, PATH, password(BOB, wrong=True))
        assert (unknown.status, unknown.body) == (known.status, known.body)
        assert crossed.owner("ann") is None


def test_m06_authorities_beyond_the_ceiling_stay_there(tmp_path: Path):
    with pair(tmp_path) as (_url, crossed):
        assert ask(crossed.url, PATH, password(ANN)).status == 200
        assert crossed.owner("ann").authorities == ()


def test_nobody_is_asked_for_after_the_end_nor_for_clients_that_are_not_named(tmp_path: Path):
    over = datetime(2020, 1, 1, tzinfo=UTC)
    with pair(tmp_path, until=over) as (url, crossed):
        token = ask(url, PATH, password(ANN)).document["refresh_token"]
        assert ask(crossed.url, PATH, password(ANN)).status == 400
        assert ask(crossed.url, PATH, refresh(token)).status == 400
    (tmp_path / "other").mkdir()
    with pair(tmp_path / "other", clients=("another",)) as (url, crossed):
        token = ask(url, PATH, password(ANN)).document["refresh_token"]
        assert ask(crossed.url, PATH, password(ANN)).status == 400
        assert ask(crossed.url, PATH, refresh(token)).status == 400
        assert ask(url, PATH, refresh(token)).status == 200  # it was not presented there


def test_whoever_came_with_a_session_moves_in_with_a_password(tmp_path: Path):
    with pair(tmp_path) as (url, crossed):
        old = ask(url, PATH, password(ANN)).document["refresh_token"]
        session = ask(crossed.url, PATH, refresh(old)).document["refresh_token"]
        assert ask(crossed.url, PATH, password(ANN)).status == 200
        ann = crossed.owner("ann")
        assert (ann.id, ann.directory) == ("owner-ann", None)
        assert ask(crossed.url, PATH, refresh(session)).status == 200


def test_parallel_first_log_ins_are_one_account(tmp_path: Path):
    with pair(tmp_path) as (_url, crossed):
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: ask(crossed.url, PATH, password(ANN)), range(6)))
        assert {one.status for one in answers} == {200}
        assert len(crossed.rows("resource_owners")) == 1


def test_two_values_of_one_parameter_never_reach_the_old_server(tmp_path: Path):
    """What we read and what it reads must be one name: else somebody could move in under the name of another."""
    with pair(tmp_path, dialect="kabbage", subject=None, authorities=None) as (_url, crossed):
        mallory = {**password(BOB), **credentials()}
        body = "&".join(
            [
                *(f"{name}={value}" for name, value in mallory.items() if name != "username"),
                "username=ann",
                "username=bob",
            ]
        )
        assert ask(crossed.url, "/auth/token", body.encode()).status == 400
        assert ask(crossed.url, "/auth/token?username=bob", {**password(BOB), "username": "ann"}).status == 400
        assert crossed.owner("ann") is None
        assert ask(crossed.url, "/auth/token", password(BOB)).status == 200


def test_no_password_and_no_token_is_kept_or_logged(tmp_path: Path, capfd):
    with pair(tmp_path) as (url, crossed):
        old = ask(url, PATH, password(ANN)).document["refresh_token"]
        ask(crossed.url, PATH, refresh(old))
        ask(crossed.url, PATH, password(ANN))
        ask(crossed.url, PATH, password(BOB, wrong=True))
        folder = Path(crossed.configuration.folder)
    outputs = [one.read_bytes() for one in folder.rglob("*") if one.is_file() and "keys" not in one.parts]
    outputs.append("".join(capfd.readouterr()).encode())
    for canary in (b"Canary", CLIENT.secret.encode(), old.encode()):
        assert not [one for one in outputs if canary in one]


def test_u09_a_spelling_that_only_resembles_a_name_does_not_move_in_under_it(tmp_path: Path):
    with lied_to(tmp_path, says(sub="owner-mallory"), username=None) as (talker, crossed):
        for name in ("\uff21nn", "ann\u200b", "\u212bnn"):
            assert ask(crossed.url, PATH, {**password(ANN), "username": name}).status == 400
        assert talker.requests == []
        assert len(crossed.rows("resource_owners")) == 1
