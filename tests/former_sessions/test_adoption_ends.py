"""Former sessions end by revocation (RFC 7009), by a restore, and on the day that the settings name."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from tests.attacks.harness import START, configuration_of, running
from tests.former_sessions import makers
from tests.former_sessions.sessions import DAY, UNTIL, all_formats, former, passport_token, refused, spring_token

if TYPE_CHECKING:
    from pathlib import Path

    from tests.attacks.harness import Server


def test_a_former_token_that_its_client_revokes_is_over(server: Server, client: str, person: str) -> None:
    token = spring_token(server, client, person)
    form = {**server.credentials(client), "token": token}
    stranger = server.add_client()
    foreign = server.form("/oauth2/revoke", {**form, **server.credentials(stranger)})
    assert server.refresh(client, token).status == 200
    assert server.form("/oauth2/revoke", form).status == 200
    mark = server.mark()
    assert refused(server, server.refresh(client, token), mark) == "revoked_refresh_token"
    assert foreign.status == server.form("/oauth2/revoke", {**form, **server.credentials(stranger)}).status != 200


def test_a_former_token_can_be_revoked_before_its_first_use(server: Server, client: str, person: str) -> None:
    token = spring_token(server, client, person)
    assert server.form("/oauth2/revoke", {**server.credentials(client), "token": token}).status == 200
    assert server.refresh(client, token).error == "invalid_grant"


def test_revoking_what_nobody_can_use_any_more_is_no_error(server: Server, client: str, person: str) -> None:
    expired = spring_token(server, client, person, exp=START - 1)
    spent = spring_token(server, client, person)
    assert server.refresh(client, spent).status == 200
    server.revoke_all(person)
    server.purge(server.clock.now + 1)
    assert server.grants(client) == ()
    for token in (expired, spent, "nothing that anybody made", passport_token(server, client, person)):
        assert server.form("/oauth2/revoke", {**server.credentials(client), "token": token}).status == 200


def test_a_restart_forgets_nothing_and_a_restore_ends_what_was_not_adopted(tmp_path: Path) -> None:
    configuration = configuration_of(tmp_path, former=all_formats(tmp_path))
    with running(configuration) as server:
        client, people = server.add_client(), [server.add_owner() for _ in range(2)]
        spent, kept = (spring_token(server, client, one) for one in people)
        successor = server.refresh(client, spent).document["refresh_token"]
        secret = server.secret_of(client)
    with running(configuration) as server:
        form = {"grant_type": "refresh_token", "client_id": client, "client_secret": secret}
        assert server.form("/oauth2/token", {**form, "refresh_token": spent}).document["refresh_token"] == successor
    with closing(sqlite3.connect(configuration.path(configuration.database))) as connection, connection:
        connection.execute("REPLACE INTO installation VALUES ('not before', ?)", (f"{START + 10:012d}",))
    with running(configuration) as server:
        server.clock.now += 20
        mark = server.mark()
        answer = server.form("/oauth2/token", {**form, "refresh_token": kept})
        assert refused(server, answer, mark) == "revoked_refresh_token"


def test_adoption_ends_on_its_day_and_what_was_adopted_goes_on(tmp_path: Path) -> None:
    tables = (former(tmp_path, "spring-jwt", makers.SECRET, unlisted=True, ends="renewed"),)
    with running(configuration_of(tmp_path, former=tables)) as server:
        client = server.add_client(refresh_token_lifetime=None, refresh_token_idle_lifetime=None)
        first, second = server.add_owner(), server.add_owner()
        server.clock.now = UNTIL - 1
        adopted = server.refresh(client, spring_token(server, client, first, exp=None))
        assert [grant.expires_at for grant in server.grants(client)] == [None]
        server.clock.now = UNTIL
        mark = server.mark()
        late = server.refresh(client, spring_token(server, client, second, exp=None))
        assert refused(server, late, mark) == "expired_refresh_token"
        assert server.refresh(client, adopted.document["refresh_token"]).status == 200


def test_a_renewed_session_lives_as_long_as_one_that_begins(tmp_path: Path) -> None:
    tables = (former(tmp_path, "spring-jwt", makers.SECRET, unlisted=True, ends="renewed"),)
    with running(configuration_of(tmp_path, former=tables)) as server:
        client, person = server.add_client(refresh_token_lifetime=365 * DAY), server.add_owner()
        assert server.refresh(client, spring_token(server, client, person)).status == 200
        assert [grant.expires_at for grant in server.grants(client)] == [START + 365 * DAY]


def test_an_operator_says_so_who_adopts_what_nobody_listed(tmp_path: Path) -> None:
    tables = (former(tmp_path, "passport", makers.APP_KEY_LINE, unlisted=True),)
    with running(configuration_of(tmp_path, former=tables)) as server:
        client, person = server.add_client(), server.add_owner()
        assert server.refresh(client, passport_token(server, client, person)).status == 200
        other = passport_token(server, client, person, refresh_token_id="another")
        server.passwords.close()
        for answer in (
            server.refresh(client, other), server.form("/oauth2/revoke", {**server.credentials(client), "token": other})
        ):  # fmt: skip
            assert (answer.status, answer.error) == (503, "temporarily_unavailable"), "as slow work as a password's"
