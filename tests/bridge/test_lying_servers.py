"""An old server that lies gets nobody in who lives here, and nothing beyond the ceiling."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bridge.pairs import PATH, ROOT, lied_to, says
from tests.old_servers import ANN, CLIENT
from tests.shadow.watching import ask, password, refresh


def test_a_lying_server_is_never_asked_about_an_account_that_lives_here(tmp_path: Path):
    with lied_to(tmp_path, says(sub="owner-root", username="root")) as (talker, crossed):
        before = crossed.rows("resource_owners")
        for name in ("root", "ROOT", "root@example.org"):
            form = {**password(ROOT, wrong=True), "username": name}
            assert ask(crossed.url, PATH, form).status == 400
        assert talker.requests == []
        assert crossed.rows("resource_owners") == before


LIES = {
    "id of a local account": {"sub": "owner-root", "username": "mallory"},
    "name of a local account": {"sub": "owner-mallory", "username": "root"},
    "e-mail of a local account": {"sub": "owner-mallory", "username": "mallory", "email": "root@example.org"},
    "name in another case": {"sub": "owner-mallory", "username": "\uff32OOT", "email": "mallory"},
    "id of a client": {"sub": CLIENT.id, "username": "mallory"},
    "another name": {"sub": "owner-mallory", "username": "eve"},
    "an object for an id": {"sub": {"a": 1}, "username": "mallory"},
    "an endless id": {"sub": "x" * 5000, "username": "mallory"},
    "control characters": {"sub": "owner\u0000mallory", "username": "mallory"},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lying_server_cannot_vouch_for_anybody_who_lives_here(liar, lie: str):
    talker, crossed = liar
    talker.answer = says(**LIES[lie])
    before = crossed.rows("resource_owners"), crossed.rows("login_names")
    form = {**password(ROOT), "username": "mallory"}
    assert ask(crossed.url, PATH, form).status in (400, 503)
    after = crossed.rows("resource_owners"), crossed.rows("login_names")
    assert (before, crossed.rows("grants")) == (after, [])


@pytest.mark.parametrize("lie", ["id of a local account", "name of a local account", "id of a client", "an endless id"])
def test_a_lying_server_cannot_start_a_session_of_anybody_who_lives_here(liar, lie: str):
    talker, crossed = liar
    talker.answer = says(**LIES[lie], refresh_token="x")
    before = crossed.rows("resource_owners"), crossed.rows("login_names")
    assert ask(crossed.url, PATH, refresh("a-token-of-theirs-000001")).status == 400
    assert (crossed.rows("resource_owners"), crossed.rows("login_names")) == before
    assert crossed.rows("grants") == []


def test_a_lying_server_gives_no_scope_or_authority_beyond_the_ceiling(tmp_path: Path):
    lie = says(sub="owner-mallory", username="mallory", scope="read admin *", roles=["ROLE_ADMIN", "ROLE_USER"])
    with lied_to(tmp_path, lie, authorities_allowed=("ROLE_USER",)) as (_talker, crossed):
        answer = ask(crossed.url, PATH, refresh("a-token-of-theirs-000001"))
        assert (answer.status, answer.document["scope"]) == (200, "read")
        assert crossed.owner("mallory").authorities == ("ROLE_USER",)


def test_an_answer_that_does_not_say_whose_session_it_is_stops_the_sessions_and_not_the_passwords(tmp_path: Path):
    with lied_to(tmp_path, says(), username=None) as (talker, crossed):
        assert ask(crossed.url, PATH, refresh("a-token-of-theirs-000001")).status == 400
        assert ask(crossed.url, PATH, refresh("a-token-of-theirs-000002")).status == 503
        assert len(talker.requests) == 1
        assert ask(crossed.url, PATH, password(ANN)).status == 200


def test_the_audit_tells_who_was_vouched_for_and_by_whom(tmp_path: Path):
    with lied_to(tmp_path, says(sub="owner-root", username="root")) as (talker, crossed):
        ask(crossed.url, PATH, refresh("a-token-of-theirs-000001"))
        talker.answer = says(sub="owner-ann")
        ask(crossed.url, PATH, password(ANN))
    told = [str(event) for event in crossed.events() if "vouched_for" in str(event)]
    assert len(told) == 2
    assert "vouched_for_local" in told[0]
    assert "owner-root" in told[0]
    assert "owner-ann" in told[1]
