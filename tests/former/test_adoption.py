"""Refresh tokens of the server that stood here before, presented to a whole server: what is adopted, what never is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from dragoman.config.settings import FormerTable
from dragoman.core.adoption import digest_of
from dragoman.core.model import FormerSession, RefreshPolicy
from dragoman.core.scope import Scope
from dragoman.store.former_sessions import StoredSession
from dragoman.store.intake import Changes
from tests.attacks.harness import FORM, START, configuration_of, running
from tests.directories.people import PASSWORD as MEMBERS_PASSWORD
from tests.directories.people import SqliteMembers
from tests.former import makers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.attacks.harness import Answer, Server

DAY = 86400
END = START + 30 * DAY
UNTIL = START + 90 * DAY


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def former(folder: Path, format_name: str, key: str | None = None, **settings: Any) -> FormerTable:
    """A server that stopped when the test's clock begins, whose sessions are adopted for ninety days."""
    if key is not None:
        path = folder / f"{format_name}.key"
        path.write_text(key)
        path.chmod(0o600)
    times = {"cut_over": moment(START), "until": moment(UNTIL)}
    name = None if key is None else f"{format_name}.key"
    return FormerTable(format=format_name, key=name, **{**times, **settings})


def all_formats(folder: Path) -> tuple[FormerTable, ...]:
    return (
        former(folder, "passport", makers.APP_KEY_LINE),
        former(folder, "spring-jwt", makers.SECRET, unlisted=True),
        former(folder, "ts-oauth2-server", makers.SECRET + " of another"),
        former(folder, "spring-jdbc"),
        former(folder, "django"),
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    with running(configuration_of(folder, former=all_formats(folder))) as server:
        yield server


@pytest.fixture
def client(server: Server) -> str:
    return server.add_client()


@pytest.fixture
def person(server: Server) -> str:
    return server.add_owner()


def spring_token(server: Server, client: str, person: str, **claims: Any) -> str:
    """A refresh token as a JwtAccessTokenConverter makes it."""
    said = {
        "aud": ["backoffice_api"], "user_name": server.owner_id(person), "scope": ["read", "write"],
        "ati": "00000000-0000-0000-0000-000000000001", "exp": END, "authorities": ["ROLE_AGENT"],
        "jti": f"jti of {client} and {person}", "client_id": client,
    }  # fmt: skip
    return makers.jwt({name: value for name, value in {**said, **claims}.items() if value is not None})


def passport_token(server: Server, client: str, person: str, **payload: Any) -> str:
    said = {
        "client_id": client, "refresh_token_id": f"id of {client} and {person}", "access_token_id": "a",
        "scopes": ["read"], "user_id": server.owner_id(person), "expire_time": END,
    }  # fmt: skip
    return makers.sealed({**said, **payload})


@dataclass(frozen=True)
class Listing:
    """What `Intake.take` is handed."""

    changes: Changes


def list_session(server: Server, format_name: str, identifier: str, **session: Any) -> None:
    """As an import lists one."""
    said = {"client_id": None, "subject": None, "scope": None, "expires_at": END}
    stored = StoredSession(
        digest=digest_of(format_name, identifier), format=format_name, session=FormerSession(**{**said, **session})
    )
    listing = Listing(Changes(new_sessions=(stored,)))
    server.run(server.tool.intake.take((), (), lambda _standing: listing, START))


def refused(server: Server, answer: Answer, since: int) -> str:
    """The refusal in the audit, of an answer that tells nothing of it."""
    assert (answer.status, answer.error) == (400, "invalid_grant")
    return str(server.events(since)[-1]["refusal"])


# what goes on


def test_a_former_token_goes_on_without_a_log_in_and_becomes_ours(server: Server, client: str, person: str) -> None:
    first = server.refresh(client, spring_token(server, client, person))
    assert first.status == 200
    assert server.resource(first.document["access_token"]) == 200
    second = server.refresh(client, first.document["refresh_token"])
    assert second.status == 200
    (grant,) = server.grants(client)
    assert (grant.subject, grant.scope, grant.generation) == (server.owner_id(person), Scope(("read", "write")), 2)
    assert grant.expires_at == END
    assert grant.facts == {"adopted_from": "spring-jwt"}


def test_a_retry_with_a_former_token_gets_the_same_successor_and_a_late_one_ends_all(
    server: Server, client: str, person: str
) -> None:
    token = spring_token(server, client, person)
    successor = server.refresh(client, token).document["refresh_token"]
    server.clock.now += 29
    assert server.refresh(client, token).document["refresh_token"] == successor
    server.clock.now += 1
    assert server.refresh(client, token).error == "invalid_grant"
    assert server.refresh(client, successor).error == "invalid_grant"
    assert [grant.revoked_because for grant in server.grants(client)] == ["refresh_token_reuse"]
    server.purge(server.clock.now + 1)
    assert server.grants(client) == ()
    mark = server.mark()
    with server.nothing_issued():
        assert refused(server, server.refresh(client, token), mark) == "unknown_refresh_token"


def test_uses_at_the_same_time_become_one_grant(server: Server, client: str, person: str) -> None:
    form = {**server.credentials(client), "grant_type": "refresh_token"}
    token = spring_token(server, client, person)
    body = "&".join(f"{name}={value}" for name, value in {**form, "refresh_token": token}.items()).encode()
    one = {"method": "POST", "path": "/oauth2/token", "headers": [("Content-Type", FORM)], "body": body}
    answers = server.ask_all([one] * 8)
    assert [answer.status for answer in answers] == [200] * 8
    assert len({answer.document["refresh_token"] for answer in answers}) == 1
    assert [(grant.generation, grant.issued) for grant in server.grants(client)] == [(1, 1)]


def test_a_listed_session_goes_on_with_the_scope_that_it_had(server: Server, client: str, person: str) -> None:
    token = passport_token(server, client, person)
    mark = server.mark()
    assert refused(server, server.refresh(client, token), mark) == "unknown_refresh_token"
    assert server.grants(client) == ()
    list_session(server, "passport", f"id of {client} and {person}")
    mark = server.mark()
    wider = server.refresh(client, token, scope="read write")
    assert (wider.status, wider.error) == (400, "invalid_scope")
    assert server.refresh(client, token).status == 200
    assert [grant.scope for grant in server.grants(client)] == [Scope(("read",))]


@pytest.mark.parametrize(
    "named",
    [("spring-jdbc", "DZ6omiA0Tf1dngDIwc-VDvG9qAE", "2b8b11413bd2ef0a8d797216cbeb444b"),
     ("django", "I9dfahEDIMu6OVF6mWYxDfGRARq35o", "I9dfahEDIMu6OVF6mWYxDfGRARq35o")],
)  # fmt: skip
def test_a_token_that_says_nothing_is_known_by_its_row(
    server: Server, client: str, person: str, named: tuple[str, str, str]
) -> None:
    (name, token, identifier), mark = named, server.mark()
    assert refused(server, server.refresh(client, token), mark) == "malformed_refresh_token"
    list_session(server, name, identifier, client_id=client, subject=server.owner_id(person), expires_at=None)
    assert server.refresh(client, token).status == 200
    (grant,) = server.grants(client)
    assert (grant.scope, grant.expires_at) == (Scope(("read", "write")), UNTIL)


def test_a_client_whose_refresh_tokens_stay_keeps_its_former_one(server: Server, person: str) -> None:
    client = server.add_client(refresh=RefreshPolicy.REUSE)
    token = spring_token(server, client, person)
    tokens = [server.refresh(client, token).document["refresh_token"] for _ in range(2)]
    server.clock.now += 3600
    assert server.refresh(client, token).document["refresh_token"] == tokens[0] == tokens[1]
    assert [(grant.generation, grant.issued) for grant in server.grants(client)] == [(0, 3)]


def test_what_is_kept_of_a_former_token_is_a_digest(server: Server, client: str, person: str) -> None:
    token = spring_token(server, client, person)
    server.refresh(client, token)
    kept = b"".join(path.read_bytes() for path in server.configuration.path(".").glob("dragoman.db*"))
    told = server.log.getvalue()
    for text in (token, token.rsplit(".", 1)[1], f"jti of {client}", makers.SECRET):
        assert text.encode() not in kept
        assert text.encode() not in told


# what does not


def test_a_token_of_another_client_is_refused_with_an_alarm_and_stays_good(
    server: Server, client: str, person: str
) -> None:
    token, stranger, mark = spring_token(server, client, person), server.add_client(), server.mark()
    with server.nothing_issued():
        assert refused(server, server.refresh(stranger, token), mark) == "foreign_refresh_token"
    assert server.events(mark)[-1]["level"] == "warning"
    assert server.refresh(client, token).status == 200
    mark = server.mark()
    assert refused(server, server.refresh(stranger, token), mark) == "foreign_refresh_token"
    assert server.refresh(client, token).status == 200, "a stranger has ended nothing"


def test_a_forged_token_is_what_it_was_without_a_former_server(server: Server, client: str, person: str) -> None:
    good, sealed = spring_token(server, client, person), passport_token(server, client, person)
    changed = sealed[:-1] + ("0" if sealed[-1] != "0" else "1")
    for token in (good[:-4] + "AAAA", makers.jwt({"jti": "j"}, alg="none"), changed, "x" * 17000, "ünïcode" * 5):
        mark = server.mark()
        with server.nothing_issued():
            assert refused(server, server.refresh(client, token), mark) in (
                "malformed_refresh_token",
                "forged_refresh_token",
            )


def test_an_access_token_is_no_refresh_token_nor_the_other_way_round(server: Server, client: str, person: str) -> None:
    token, access = spring_token(server, client, person), spring_token(server, client, person, ati=None)
    assert server.refresh(client, access).error == "invalid_grant"
    assert server.resource(token) == 401
    assert server.introspect(client, token) == {"active": False}
    ours = server.log_in(client, person).document["access_token"]
    mark = server.mark()
    assert refused(server, server.refresh(client, ours), mark) == "not_a_refresh_token"


def test_an_expired_session_is_over(server: Server, client: str, person: str) -> None:
    now = server.clock.now
    for end, status in ((now, 400), (now + 1, 200)):
        assert server.refresh(client, spring_token(server, client, person, exp=end)).status == status


def test_a_token_that_its_own_row_contradicts_is_refused(server: Server, client: str, person: str) -> None:
    for wrong in ({"client_id": server.add_client()}, {"subject": server.owner_id(server.add_owner())}):
        one = server.add_client()
        list_session(server, "passport", f"id of {one} and {person}", **wrong)
        mark = server.mark()
        assert refused(server, server.refresh(one, passport_token(server, one, person)), mark) == "forged_refresh_token"


def test_what_was_made_after_the_old_server_stopped_is_refused(server: Server, client: str, person: str) -> None:
    claims = {
        "client_id": client, "access_token_id": "a", "refresh_token_id": f"id of {client}", "scope": "read",
        "user_id": server.owner_id(person), "expire_time": END,
    }  # fmt: skip
    list_session(server, "ts-oauth2-server", f"id of {client}", client_id=client)
    late, mark = makers.jwt({**claims, "iat": START + 301}, makers.SECRET + " of another"), server.mark()
    assert refused(server, server.refresh(client, late), mark) == "forged_refresh_token"
    good = makers.jwt({**claims, "iat": START + 300}, makers.SECRET + " of another")
    assert server.refresh(client, good).status == 200


def test_the_account_is_judged_as_for_a_token_of_ours(server: Server, client: str) -> None:
    locked, disabled, others = (
        server.add_owner(locked=True), server.add_owner(enabled=False), server.add_owner(belongs_to=server.add_client())
    )  # fmt: skip
    for person in (locked, disabled, others):
        assert server.refresh(client, spring_token(server, client, person)).error == "invalid_grant"
    assert [grant.generation for grant in server.grants(client)] == [0], "the locked one's, which was not spent"
    server.change_owner(locked, locked=False)
    assert server.refresh(client, spring_token(server, client, locked)).status == 200
    gone = spring_token(server, client, locked, user_name="nobody here", jti="another")
    mark = server.mark()
    assert refused(server, server.refresh(client, gone), mark) == "unknown_refresh_token"


def test_sessions_that_were_ended_here_before_their_first_use_never_come_back(server: Server, client: str) -> None:
    signed_out, disabled, deleted = server.add_owner(), server.add_owner(), server.add_owner()
    tokens = {one: spring_token(server, client, one) for one in (signed_out, disabled, deleted)}
    owner_id = server.owner_id(deleted)
    server.revoke_all(signed_out)
    server.change_owner(disabled, enabled=False)
    server.change_owner(disabled, enabled=True)
    server.delete_owner(deleted)
    server.add_owner(id=owner_id)
    for token in tokens.values():
        mark = server.mark()
        with server.nothing_issued():
            assert refused(server, server.refresh(client, token), mark) == "revoked_refresh_token"


def test_a_new_client_inherits_no_session_of_one_that_was_deleted(server: Server, client: str, person: str) -> None:
    token = spring_token(server, client, person)
    server.delete_client(client)
    server.add_client(id=client)
    mark = server.mark()
    assert refused(server, server.refresh(client, token), mark) == "revoked_refresh_token"


def test_an_adoption_is_in_the_audit_even_where_the_refresh_is_then_refused(server: Server, client: str) -> None:
    for person, outcome in ((server.add_owner(), "token_issued"), (server.add_owner(locked=True), "token_refused")):
        mark = server.mark()
        for _ in range(2):
            server.refresh(client, spring_token(server, client, person))
        events = server.events(mark)
        assert [one["outcome"] for one in events] == ["session_adopted", outcome, outcome]
        told = (events[0]["client"], events[0]["subject"], events[0]["from"])
        assert told == (client, server.owner_id(person), "spring-jwt")


def test_a_session_of_somebody_who_lives_in_a_directory_goes_on_without_a_log_in(tmp_path: Path) -> None:
    members = SqliteMembers(tmp_path / "members.db")
    members.add(42, "ann")
    members.add(43, "bob", active=0)
    server_of_old = former(tmp_path, "spring-jwt", makers.SECRET, unlisted=True)
    with running(configuration_of(tmp_path, former=(server_of_old,), directory=members.table())) as server:
        client, local = server.add_client(), server.add_owner(username="carl")
        members.add(44, "carl")
        tokens = [spring_token(server, client, local, user_name=one, jti=one) for one in ("42", "43", "44", "45", "")]
        answers = [server.refresh(client, one) for one in tokens]
        assert [one.status for one in answers] == [200, 400, 400, 400, 400]
        assert server.introspect(client, answers[0].document["access_token"])["sub"] == "42"
        kept = server.run(server.tool.find_resource_owner("42"))
        assert (kept.username, kept.directory, kept.password_hash) == ("ann", "directory", None)
        assert server.log_in(client, "ann", MEMBERS_PASSWORD).status == 200


# revocation (RFC 7009)


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


# the terms


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
