"""Refresh tokens of the server that stood here before that are never adopted: forged, foreign, contradicted, or of sessions that have ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.attacks.harness import START
from tests.former_sessions import makers
from tests.former_sessions.sessions import END, list_session, passport_token, refused, spring_token

if TYPE_CHECKING:
    from tests.attacks.harness import Server


def test_m10_a_token_of_another_client_is_refused_with_an_alarm_and_stays_good(
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


def test_m10_an_expired_session_is_over(server: Server, client: str, person: str) -> None:
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
