"""Sessions of a real old server go on here, each at its first use, as their clients' own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from dragoman.verification.cast import CastClient
from tests.bridge.crossing import crossing
from tests.bridge.pairs import PATH, TOLD, pair
from tests.old_servers import ANN, CLIENT, cast_of, old_server
from tests.shadow.watching import ask, credentials, password, refresh


def test_a_session_goes_on_and_its_account_comes_along(tmp_path: Path):
    with pair(tmp_path) as (url, crossed):
        old = ask(url, PATH, password(ANN, scope="read")).document["refresh_token"]
        first = ask(crossed.url, PATH, refresh(old))
        assert (first.status, first.document["scope"]) == (200, "read")
        again = ask(crossed.url, PATH, refresh(old))  # the answer was lost: the same successor
        assert again.document["refresh_token"] == first.document["refresh_token"]
        second = ask(crossed.url, PATH, refresh(first.document["refresh_token"]))
        assert second.status == 200
        assert ask(crossed.url, PATH, refresh(old)).status == 400  # too late to be a retry
        assert ask(crossed.url, PATH, refresh(second.document["refresh_token"])).status == 400  # so the session ends
        arrived = crossed.owner("owner-ann")
        assert (arrived.id, arrived.directory, arrived.password_hash) == ("owner-ann", "old-server", None)


def test_parallel_retries_of_one_refresh_are_one_question(tmp_path: Path):
    with pair(tmp_path) as (url, crossed):
        old = ask(url, PATH, password(ANN)).document["refresh_token"]
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: ask(crossed.url, PATH, refresh(old)), range(8)))
        assert {one.status for one in answers} == {200}
        assert len({one.document["refresh_token"] for one in answers}) == 1
        assert len(crossed.rows("grants")) == 1


def test_a_session_that_is_revoked_here_stays_ended(tmp_path: Path):
    with pair(tmp_path) as (url, crossed):
        old = ask(url, PATH, password(ANN)).document["refresh_token"]
        assert ask(crossed.url, "/oauth2/revoke", {"token": old, **credentials()}).status == 200
        assert ask(crossed.url, PATH, refresh(old)).status == 400
        assert crossed.rows("grants WHERE revoked_at IS NULL") == []
        assert len(crossed.rows("grants")) == 1


def test_m10_a_session_that_came_over_stays_its_clients_own(tmp_path: Path):
    other = CastClient(
        id="kiosk", secret="secret-of-the-kiosk-00000001", grant_types=CLIENT.grant_types, scope=("read",)
    )
    here = cast_of()
    here = msgspec.structs.replace(here, clients={**here.clients, "other": other})
    theirs = {"client_id": other.id, "client_secret": other.secret}
    (tmp_path / "theirs").mkdir()
    with (
        old_server(tmp_path / "theirs", "standard", cast_of(ANN)) as url,
        crossing(tmp_path / "ours", "standard", here, url, **{**TOLD, "clients": (CLIENT.id, other.id)}) as crossed,
    ):
        old = ask(url, PATH, password(ANN)).document["refresh_token"]
        assert ask(crossed.url, PATH, {**refresh(old), **theirs}).status == 503  # nobody knows that client there
        mine = ask(crossed.url, PATH, refresh(old))
        assert mine.status == 200
        for token in (old, mine.document["refresh_token"]):
            assert ask(crossed.url, PATH, {**refresh(token), **theirs}).document["error"] == "invalid_grant"
        assert ask(crossed.url, PATH, refresh(mine.document["refresh_token"])).status == 200
