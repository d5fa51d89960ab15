"""Accounts and sessions of a real old server that move in, each at its first use, and nothing that is not meant."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from dragoman.config.settings import ThrottleTable
from dragoman.verification.cast import CastClient, CastPerson
from tests.bridge.crossing import crossing
from tests.legacy_servers import ANN, BOB, CLIENT, Talker, cast_of, dead_url, http, legacy_server
from tests.processes import wait_until
from tests.shadow.watching import ask, credentials, password, refresh

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bridge.crossing import Crossed

PATH = "/oauth2/token"
TOLD = {"subject": "sub", "authorities": "roles"}


@contextmanager
def pair(
    tmp_path: Path, *here: CastPerson, dialect: str = "standard", **settings: object
) -> Iterator[tuple[str, Crossed]]:
    """An old server that knows ann and bob, and ours, which knows those that are `here`."""
    (tmp_path / "theirs").mkdir()
    with (
        legacy_server(tmp_path / "theirs", dialect, cast_of(ANN, BOB)) as url,
        crossing(tmp_path / "ours", dialect, cast_of(*here), url, **{**TOLD, **settings}) as crossed,
    ):
        yield url, crossed


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
        assert (arrived.id, arrived.directory, arrived.password_hash) == ("owner-ann", "legacy", None)


def test_whoever_came_with_a_session_moves_in_with_a_password(tmp_path: Path):
    with pair(tmp_path) as (url, crossed):
        old = ask(url, PATH, password(ANN)).document["refresh_token"]
        session = ask(crossed.url, PATH, refresh(old)).document["refresh_token"]
        assert ask(crossed.url, PATH, password(ANN)).status == 200
        ann = crossed.owner("ann")
        assert (ann.id, ann.directory) == ("owner-ann", None)
        assert ask(crossed.url, PATH, refresh(session)).status == 200


def test_parallel_retries_of_one_refresh_are_one_question(tmp_path: Path):
    with pair(tmp_path) as (url, crossed):
        old = ask(url, PATH, password(ANN)).document["refresh_token"]
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: ask(crossed.url, PATH, refresh(old)), range(8)))
        assert {one.status for one in answers} == {200}
        assert len({one.document["refresh_token"] for one in answers}) == 1
        assert len(crossed.rows("grants")) == 1


def test_parallel_first_log_ins_are_one_account(tmp_path: Path):
    with pair(tmp_path) as (_url, crossed):
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: ask(crossed.url, PATH, password(ANN)), range(6)))
        assert {one.status for one in answers} == {200}
        assert len(crossed.rows("resource_owners")) == 1


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
        legacy_server(tmp_path / "theirs", "standard", cast_of(ANN)) as url,
        crossing(tmp_path / "ours", "standard", here, url, **{**TOLD, "clients": (CLIENT.id, other.id)}) as crossed,
    ):
        old = ask(url, PATH, password(ANN)).document["refresh_token"]
        assert ask(crossed.url, PATH, {**refresh(old), **theirs}).status == 503  # nobody knows that client there
        mine = ask(crossed.url, PATH, refresh(old))
        assert mine.status == 200
        for token in (old, mine.document["refresh_token"]):
            assert ask(crossed.url, PATH, {**refresh(token), **theirs}).document["error"] == "invalid_grant"
        assert ask(crossed.url, PATH, refresh(mine.document["refresh_token"])).status == 200


# lying, broken and slow old servers


def says(**members: object) -> bytes:
    body = json.dumps({"access_token": "opaque-of-theirs", "token_type": "bearer", **members}).encode()
    return http("200 OK", body, "Content-Type: application/json")


ROOT = CastPerson(id="owner-root", username="root", password="Canary-of-root-9901", email="root@example.org")


@contextmanager
def lied_to(tmp_path: Path, answer: bytes, **settings: object) -> Iterator[tuple[Talker, Crossed]]:
    given = {"subject": "sub", "username": "username", "email": "email", "authorities": "roles", **settings}
    with (
        Talker(answer).listening() as talker,
        crossing(tmp_path / "ours", "standard", cast_of(ROOT), talker.url, **given) as crossed,
    ):
        yield talker, crossed


@pytest.fixture(scope="module")
def liar(tmp_path_factory) -> Iterator[tuple[Talker, Crossed]]:
    """An old server that says whatever a test has it say, none of which is to leave a trace here."""
    with lied_to(tmp_path_factory.mktemp("liar"), says()) as pair_of_both:
        yield pair_of_both


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


BROKEN = {
    "error page": http("500 Internal Server Error", b"<h1>SQLSTATE Canary</h1>"),
    "overloaded": http("429 Too Many Requests", b"{}"),
    "redirect": http("302 Found", b"", "Location: http://127.0.0.1:1/"),
    "empty object": http("200 OK", b"{}"),
    "both": http("200 OK", b'{"access_token": "x", "error": "invalid_grant"}'),
    "list": http("200 OK", b'["access_token"]'),
    "deep": http("200 OK", b"[" * 100_000),
    "no token": http("200 OK", b'{"access_token": ""}'),
    "a fault as a refusal": http("400 Bad Request", b'{"error": "server_error"}'),
    "a pause as a refusal": http("403 Forbidden", b'{"error": "temporarily_unavailable"}'),
    "no error code": http("403 Forbidden", b'{"message": "Forbidden"}'),
    "an error of another type": http("400 Bad Request", b'{"error": {"code": "invalid_grant"}}'),
    "no client": http("401 Unauthorized", b'{"error": "invalid_client"}'),
    "garbage": b"\x16\x03\x01 no HTTP",
    "silence": b"",
    "page for browsers": http("403 Forbidden", b"<html>"),
}


WRONG = http("400 Bad Request", b'{"error": "invalid_grant"}', "Content-Type: application/json")


@pytest.mark.parametrize("kind", BROKEN)
def test_without_a_clear_answer_nobody_is_refused_and_nobody_moves_in(liar, kind: str):
    talker, crossed = liar
    talker.answer = WRONG
    assert ask(crossed.url, PATH, password(ANN)).status == 400
    talker.answer = BROKEN[kind]
    assert ask(crossed.url, PATH, password(ANN)).status == 503
    assert ask(crossed.url, PATH, password(ROOT)).status == 200  # who lives here does not notice
    assert crossed.owner("ann") is None
    crossed.forget_grants()


@pytest.mark.parametrize("kind", ["error page", "a fault as a refusal"])
def test_names_at_which_the_old_server_stumbles_do_not_shut_out_others(liar, kind: str):
    talker, crossed = liar
    talker.answer = BROKEN[kind]
    for _ in range(8):
        assert ask(crossed.url, PATH, password(ANN)).status == 503
    talker.answer = WRONG
    assert ask(crossed.url, PATH, password(ANN)).status == 400


def test_a_dead_server_costs_nobody_a_session(tmp_path: Path):
    with crossing(tmp_path / "ours", "standard", cast_of(ROOT), dead_url(), **TOLD) as crossed:
        for _ in range(5):
            assert ask(crossed.url, PATH, password(ANN)).status == 503
            assert ask(crossed.url, PATH, refresh("a-token-of-theirs-000001")).status == 503
        assert ask(crossed.url, PATH, password(ROOT)).status == 200


@pytest.mark.parametrize("kind", ["error page", "no client", "a fault as a refusal", "an error of another type"])
def test_a_session_is_refused_only_where_the_old_server_refuses_it(liar, kind: str):
    talker, crossed = liar
    talker.answer = BROKEN[kind]
    assert ask(crossed.url, PATH, refresh("a-token-of-theirs-000002")).status == 503
    talker.answer = WRONG
    assert ask(crossed.url, PATH, refresh("a-token-of-theirs-000002")).status == 400


def test_a_slow_server_keeps_nobody_waiting_and_its_late_answer_still_counts(tmp_path: Path):
    late = threading.Event()

    def answer(connection) -> None:
        late.wait(60)
        connection.sendall(says(sub="owner-mallory", username="mallory"))

    with lied_to(tmp_path, b"", seconds=1) as (talker, crossed):
        talker.answer = answer
        assert ask(crossed.url, PATH, refresh("a-token-of-theirs-000001")).status == 503
        late.set()
        assert _until_200(crossed, "a-token-of-theirs-000001")
        assert len(talker.requests) == 1  # it was presented once, and whoever asked again got its session


def _until_200(crossed: Crossed, token: str) -> bool:
    return wait_until(lambda: ask(crossed.url, PATH, refresh(token)).status == 200, 60)


def test_an_answer_that_does_not_say_whose_session_it_is_stops_the_sessions_and_not_the_passwords(tmp_path: Path):
    with lied_to(tmp_path, says(), username=None) as (talker, crossed):
        assert ask(crossed.url, PATH, refresh("a-token-of-theirs-000001")).status == 400
        assert ask(crossed.url, PATH, refresh("a-token-of-theirs-000002")).status == 503
        assert len(talker.requests) == 1
        assert ask(crossed.url, PATH, password(ANN)).status == 200


def test_u13_u16_guesses_over_the_bridge_are_counted_before_they_are_sent(tmp_path: Path):
    strict = {
        "throttle": ThrottleTable(account_failures=3, account_limit=50, address_failures=1000, first_wait_seconds=900)
    }
    with (
        Talker(WRONG).listening() as talker,
        crossing(tmp_path / "ours", "standard", cast_of(), talker.url, further=strict, **TOLD) as crossed,
    ):
        with ThreadPoolExecutor(10) as pool:
            statuses = set(pool.map(lambda _: ask(crossed.url, PATH, password(ANN)).status, range(20)))
        assert statuses <= {400, 503}
        assert len(talker.requests) == 3
        asked = len(talker.requests)
        talker.answer = says(sub="owner-ann")
        assert ask(crossed.url, PATH, password(ANN)).status == 400  # held, although it would be right now
        assert len(talker.requests) == asked


def test_u12_guessed_refresh_tokens_count_for_their_address(tmp_path: Path):
    strict = {"throttle": ThrottleTable(address_failures=5)}
    with (
        Talker(WRONG).listening() as talker,
        crossing(tmp_path / "ours", "standard", cast_of(), talker.url, further=strict, **TOLD) as crossed,
    ):
        statuses = [ask(crossed.url, PATH, refresh(f"a-token-of-nobody-{number}")).status for number in range(8)]
        assert statuses == [400] * 5 + [429] * 3
        assert len(talker.requests) == 5


def test_signing_people_out_is_no_guessing(tmp_path: Path):
    strict = {"throttle": ThrottleTable(address_failures=2)}
    with (
        Talker(WRONG).listening() as talker,
        crossing(tmp_path / "ours", "standard", cast_of(ROOT), talker.url, further=strict, **TOLD) as crossed,
    ):
        for number in range(4):
            form = {"token": f"an-access-token-of-theirs-{number}", **credentials()}
            assert ask(crossed.url, "/oauth2/revoke", form).status == 200
        assert ask(crossed.url, PATH, password(ROOT)).status == 200


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


def test_u09_a_spelling_that_only_resembles_a_name_does_not_move_in_under_it(tmp_path: Path):
    with lied_to(tmp_path, says(sub="owner-mallory"), username=None) as (talker, crossed):
        for name in ("\uff21nn", "ann\u200b", "\u212bnn"):
            assert ask(crossed.url, PATH, {**password(ANN), "username": name}).status == 400
        assert talker.requests == []
        assert len(crossed.rows("resource_owners")) == 1
