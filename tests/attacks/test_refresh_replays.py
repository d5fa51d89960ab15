"""Refresh tokens that come twice, at once, late, or from somebody else: R01 to R08, R22, R24, R29."""

import sqlite3
from contextlib import closing
from pathlib import Path

from dragoman.core.model import Reuse
from tests.attacks.guarding import counted_work
from tests.attacks.harness import FORM, Answer, Clock, Server, configuration_of, running
from tests.attacks.sessions import BAD, DAY, outcome, session


def test_r01_a_replayed_refresh_token_ends_the_grant_and_everything_from_it(server: Server):
    client, first, access = session(server)
    renewed = server.refresh(client, first).document
    server.clock.now += 31
    mark = server.mark()
    assert outcome(server.refresh(client, first)) == BAD
    ended, refused = server.events(mark)
    assert (ended["level"], ended["outcome"], ended["because"]) == ("warning", "grant_revoked", "refresh_token_reuse")
    assert (ended["behind"], ended["age"], ended["looked_like_retry"]) == (1, 31, 1)
    assert (refused["outcome"], refused["refusal"]) == ("token_refused", "revoked_refresh_token")
    grant = server.grants(client)[0]
    assert ended["grant"] == refused["grant"] == grant.id.hex()
    assert grant.revoked_because == "refresh_token_reuse"
    assert grant.reuse == Reuse(behind=1, age=31, looked_like_retry=True)
    assert outcome(server.refresh(client, renewed["refresh_token"])) == BAD
    for token in (access, renewed["access_token"], renewed["refresh_token"]):
        assert server.introspect(client, token) == {"active": False}


def test_a_token_newer_than_its_row_ends_the_session_and_is_told_as_what_it_is(tmp_path: Path):
    """As after a failover to a standby that had not got the last changes: which tokens are spent nobody knows there."""
    with running(configuration_of(tmp_path)) as server:
        client, first, _ = session(server)
        second = server.refresh(client, first).document["refresh_token"]
        path = server.configuration.path(server.configuration.database)
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("UPDATE grants SET generation = generation - 1")
        mark = server.mark()
        assert outcome(server.refresh(client, second)) == BAD
        ended, _ = server.events(mark)
        assert (ended["level"], ended["because"], ended["behind"]) == ("warning", "database_has_forgotten", -1)
        assert outcome(server.refresh(client, first)) == BAD


def parallel(server: Server, client: str, token: str, times: int) -> list[Answer]:
    fields = {"grant_type": "refresh_token", **server.credentials(client), "refresh_token": token}
    body = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
    one = {"method": "POST", "path": "/oauth2/token", "headers": [("Content-Type", FORM)], "body": body}
    return server.ask_all([one] * times)


def test_r02_of_fifty_at_once_one_at_most_wins_where_there_is_no_grace(server: Server):
    client, token, _ = session(server, grace=0)
    answers = parallel(server, client, token, 50)
    won = [answer for answer in answers if answer.status == 200]
    assert len(won) == 1
    assert {outcome(answer) for answer in answers if answer.status != 200} <= {BAD}
    assert server.grants(client)[0].generation == 1


def test_r02_of_fifty_at_once_all_that_win_get_the_same_successor(server: Server):
    client, token, _ = session(server, grace=30)
    answers = parallel(server, client, token, 50)
    successors = {answer.document["refresh_token"] for answer in answers if answer.status == 200}
    assert len(successors) == 1
    assert server.grants(client)[0].generation == 1
    assert server.refresh(client, successors.pop()).status == 200


def test_r04_a_replay_in_the_same_second_is_a_replay(server: Server):
    client, first, _ = session(server, grace=0)
    second = server.refresh(client, first).document["refresh_token"]
    assert outcome(server.refresh(client, first)) == BAD
    assert outcome(server.refresh(client, second)) == BAD


def test_r05_a_replay_after_a_restart_is_a_replay(tmp_path: Path):
    configuration, clock = configuration_of(tmp_path), Clock()
    with running(configuration, clock) as server:
        client, first, _ = session(server)
        second = server.refresh(client, first).document["refresh_token"]
        secret = server.secret_of(client)
    clock.now += 31
    with running(configuration, clock) as server:
        server._secrets[client] = secret
        assert outcome(server.refresh(client, first)) == BAD
        assert outcome(server.refresh(client, second)) == BAD
        assert server.grants(client)[0].revoked_because == "refresh_token_reuse"


def test_r07_a_stranger_with_a_live_refresh_token_learns_and_ends_nothing(server: Server):
    client, token, _ = session(server)
    stranger = server.add_client()
    with server.nothing_happens():
        assert outcome(server.refresh(stranger, token)) == BAD
    event = server.events()[-1]
    assert (event["level"], event["refusal"]) == ("warning", "foreign_refresh_token")
    assert server.refresh(client, token).status == 200


def test_r08_a_stranger_with_a_spent_refresh_token_ends_nothing(server: Server):
    client, first, _ = session(server)
    second = server.refresh(client, first).document["refresh_token"]
    server.clock.now += 31
    with server.nothing_happens():
        assert outcome(server.refresh(server.add_client(), first)) == BAD
    assert server.refresh(client, second).status == 200


def test_r22_a_lost_answer_is_given_again_and_there_is_one_branch(server: Server):
    client, first, _ = session(server)
    successor = server.refresh(client, first).document["refresh_token"]
    server.clock.now += 29
    assert server.refresh(client, first).document["refresh_token"] == successor
    third = server.refresh(client, successor).document["refresh_token"]
    assert server.grants(client)[0].generation == 2
    assert outcome(server.refresh(client, first)) == BAD  # two generations old: no retry
    assert outcome(server.refresh(client, third)) == BAD


def test_r24_a_grant_of_a_hundred_thousand_generations_ends_with_the_same_work_as_any(server: Server):
    works = []
    for generation in (2, 100_000):
        client, first, _ = session(server)
        path = server.configuration.path(server.configuration.database)
        with closing(sqlite3.connect(path)) as connection, connection:
            changed = connection.execute(
                "UPDATE grants SET generation = ?, issued = ? WHERE client_id = ?", (generation, generation + 1, client)
            )
            assert changed.rowcount == 1
        with counted_work(server) as work:
            assert outcome(server.refresh(client, first)) == BAD
        assert server.grants(client)[0].revoked_because == "refresh_token_reuse"
        works.append(work)
    assert works[0] == works[1]
    assert 0 < sum(works[0].values()) < 10


def test_r24_and_is_revoked_with_the_same_work_as_any(server: Server):
    works = []
    for generation in (2, 100_000):
        client, first, _ = session(server)
        path = server.configuration.path(server.configuration.database)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(
                "UPDATE grants SET generation = ?, issued = ? WHERE client_id = ?", (generation, generation + 1, client)
            )
        with counted_work(server) as work:
            server.form("/oauth2/revoke", {**server.credentials(client), "token": first})
        assert server.grants(client)[0].revoked_at is not None
        works.append(work)
    assert works[0] == works[1]


def test_r29_after_the_clean_up_a_very_old_refresh_token_is_still_recognised(server: Server):
    client, first, _ = session(server)
    token = first
    for _ in range(20):
        server.clock.now += DAY
        token = server.refresh(client, token).document["refresh_token"]
    server.run(server.tool.administration.purge(server.clock() - 60))
    assert outcome(server.refresh(client, first)) == BAD
    assert outcome(server.refresh(client, token)) == BAD


def test_a_replay_from_elsewhere_does_not_look_like_a_retry(server: Server):
    client, first, _access = session(server)
    server.refresh(client, first)
    server.clock.now += 31
    form = {"grant_type": "refresh_token", **server.credentials(client), "refresh_token": first}
    assert outcome(server.form("/oauth2/token", form, headers=[("User-Agent", "another")])) == BAD
    grant = server.grants(client)[0]
    assert grant.reuse == Reuse(behind=1, age=31, looked_like_retry=False)
    assert (grant.used_by.agent, grant.revoked_by.agent) == ("", "another")
