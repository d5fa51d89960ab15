"""Who guesses (attacks C03, C04, T02, U12, U17, U18, U19): client secrets, addresses that are told, and successes in between."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from dragoman.config.settings import PasswordsTable, ServerTable, ThrottleTable
from tests.attacks.harness import DIALECTS, FORM, PASSWORD, Answer, Server, configuration_of, running
from tests.attacks.spelling import basic, token_path
from tests.attacks.test_throttle import FREE, address, at_once, guess, log_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROXY = "10.9.8.7"
SHARED = "198.51.100.0/24"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {
        "throttle": ThrottleTable(shared_addresses=(SHARED,), shared_address_failures=80, client_failures=70),
        "server": ServerTable(port=0, trusted_proxies=(f"{PROXY}/32",)),
    }
    with running(configuration_of(tmp_path_factory.mktemp("server"), **settings)) as one:
        yield one


SPOOFED = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Client-IP", "True-Client-IP", "X-End-User-IP")


@pytest.mark.parametrize("header", SPOOFED)
def test_u18_a_header_of_a_stranger_changes_no_counter(server: Server, header: str):
    client, peer = server.add_client(), address()
    statuses = [
        log_in(server, client, f"{header}-{one}", "wrong", peer, headers=[(header, address())]).status
        for one in range(60)
    ]
    assert statuses == [400] * 50 + [429] * 10


def test_u18_a_trusted_proxy_tells_the_address_and_nobody_before_it(server: Server):
    client, far = server.add_client(), address()
    held = [
        log_in(server, client, f"u18-{one}", "wrong", PROXY, headers=[("X-Forwarded-For", f"{address()}, {far}")])
        for one in range(60)
    ]
    assert [answer.status for answer in held] == [400] * 50 + [429] * 10
    other = [("X-Forwarded-For", f"{far}, {address()}")]
    assert log_in(server, client, "u18-other", "wrong", PROXY, headers=other).status == 400


def test_u18_the_addresses_of_one_slash_64_are_one_and_a_mapped_address_is_its_own(server: Server):
    client = server.add_client()
    statuses = [log_in(server, client, f"six-{one}", "wrong", f"2001:db8:0:18::{one:x}").status for one in range(60)]
    assert statuses == [400] * 50 + [429] * 10
    plain, mapped = "203.0.113.18", "::ffff:203.0.113.18"
    statuses = [log_in(server, client, f"map-{one}", "wrong", (plain, mapped)[one % 2]).status for one in range(60)]
    assert statuses == [400] * 50 + [429] * 10


def test_u19_a_success_resets_no_other_counter(server: Server):
    client, own, peer = server.add_client(), server.add_owner(), address()
    statuses = []
    for one in range(60):
        log_in(server, client, own, PASSWORD, peer)
        statuses.append(log_in(server, client, f"u19-{one}", "wrong", peer).status)
    assert statuses == [400] * 50 + [429] * 10
    victim = server.add_owner()
    hashes = 0
    for _ in range(10):
        hashes += guess(server, client, victim, 1)
        assert log_in(server, client, own, PASSWORD, peer).status == 200
    assert hashes == FREE


def test_u19_a_success_ends_the_row_of_its_account(server: Server):
    client, owner = server.add_client(), server.add_owner()
    for _ in range(5):
        assert guess(server, client, owner, FREE - 1) == FREE - 1
        assert log_in(server, client, owner, PASSWORD, address()).status == 200


def test_u17_the_door_that_reads_urls_counts_together_with_the_others(server: Server):
    client, owner = server.add_client(), server.add_owner()
    fields = {"grant_type": "password", **server.credentials(client), "username": owner, "scope": "read"}

    def by_get(password: str) -> Answer:
        query = urlencode({**fields, "password": password}).encode()
        return server.ask("GET", "/axosoft/api/oauth2/token", query=query)

    wrong = [by_get(f"wrong {one}") for one in range(FREE)]
    assert guess(server, client, owner, 3) == 0
    with server.nothing_happens():
        held = by_get(PASSWORD)
    assert {answer.identity for answer in (*wrong, held)} == {held.identity}


def test_t02_what_is_refused_for_its_query_counts_against_nobody(server: Server):
    client, owner, victim = server.add_client(), server.add_owner(), server.add_owner()
    form = {"grant_type": "password", **server.credentials(client), "password": "wrong"}
    for one, other in ((owner, victim), (victim, owner)):
        for _ in range(2 * FREE):
            answer = server.form("/oauth2/token", {**form, "username": one}, query=f"username={other}".encode())
            assert (answer.status, answer.error) == (400, "invalid_request")
    assert [guess(server, client, name, 2 * FREE) for name in (owner, victim)] == [FREE, FREE]


BY_BASIC = [one for one in DIALECTS if one.startswith(("standard", "paymentiq", "spring", "kabbage"))]


@pytest.mark.parametrize("dialect", BY_BASIC)
def test_c03_wrong_secrets_of_one_client_are_never_counted_against_the_other(server: Server, dialect: str):
    """Where Basic says who it is; in the others the parameter does, and that client's secret is what is tried."""
    tried, named, since = server.add_client(), server.add_client(), server.mark()
    headers = [("Content-Type", FORM), basic(tried, "wrong")]
    body = urlencode({"grant_type": "client_credentials", "client_id": named}).encode()
    for _ in range(75):
        answer = server.ask("POST", token_path(dialect), headers=headers, body=body, peer=address())
        assert answer.status in (400, 401)
    assert named not in {one["client"] for one in server.events(since) if one["level"] == "warning"}
    assert server.grants(named) == ()


def test_u12_an_address_that_many_share_has_more(server: Server):
    client = server.add_client()
    statuses = [log_in(server, client, f"many-{one}", "wrong", "198.51.100.7").status for one in range(90)]
    assert statuses == [400] * 80 + [429] * 10


def test_c04_wrong_secrets_are_counted_and_a_right_one_is_never_refused(server: Server):
    client, other, peer, since = server.add_client(), server.add_client(), address(), server.mark()
    right = {"grant_type": "client_credentials", **server.credentials(client)}

    def send(**fields: str) -> int:
        return server.form("/oauth2/token", right | fields, peer=peer).status

    assert [send(client_secret=f"wrong {one}") for one in range(60)] == [401] * 50 + [429] * 10
    assert send(client_id="no such client") == 429
    assert send() == 200
    introspection = {**server.credentials(other), "client_secret": "wrong", "token": "x"}
    answer = server.form("/oauth2/introspect", introspection, peer=peer)
    assert (answer.status, answer.error) == (429, "temporarily_unavailable")
    assert server.form("/oauth2/introspect", introspection, peer=address()).status == 401
    assert log_in(server, client, server.add_owner(), PASSWORD, peer).status == 429
    for _ in range(20):
        assert server.form("/oauth2/token", right | {"client_secret": "wrong"}, peer=address()).status == 401
    alarms = [(one["outcome"], one["client"]) for one in server.events(since) if one["level"] == "warning"]
    assert alarms == [("address_throttled", client), ("client_guessed_at", client)]


def test_c04_the_secret_of_a_public_client_and_a_missing_one_are_no_guesses(server: Server):
    public, confidential, peer = server.add_client(public=True), server.add_client(), address()
    for fields in ({"client_id": public, "client_secret": "any"}, {"client_id": confidential}, {}):
        for _ in range(30):
            assert server.form("/oauth2/token", {"grant_type": "password", **fields}, peer=peer).status == 401
    assert log_in(server, confidential, server.add_owner(), PASSWORD, peer).status == 200


BACK_END = "192.0.2.200"


def test_the_end_user_that_a_back_end_tells_of_is_counted_audited_and_kept(server: Server):
    client, owner = server.add_client(end_user_address_header="x-end-user-ip"), server.add_owner()
    for one in range(60):
        told = [("X-End-User-IP", f"2001:db8:77:{one:x}::1")]
        assert log_in(server, client, f"end-{one}", "wrong", BACK_END, headers=told).status == 400
    guesser = [("X-End-User-IP", address())]
    statuses = [log_in(server, client, f"g-{one}", "wrong", BACK_END, headers=guesser).status for one in range(51)]
    assert statuses == [400] * 50 + [429]
    home = [("X-End-User-IP", "2001:db8:78::5")]
    assert log_in(server, client, owner, PASSWORD, BACK_END, headers=home).status == 200
    assert server.events()[-1]["address"] == "2001:db8:78::5"
    assert server.grants(client)[0].used_by.address == "2001:db8:78::5"
    assert guess(server, server.add_client(), owner, 50) == FREE
    assert log_in(server, client, owner, PASSWORD, BACK_END, headers=home).status == 200
    assert log_in(server, client, owner, PASSWORD, BACK_END).error == "invalid_grant"
    assert server.events()[-1]["address"] == BACK_END


@pytest.mark.parametrize(
    "lines",
    [
        ["203.0.113.5:1234"], ["[2001:db8::1]"], ["fe80::1%eth0"], ["unknown"], [""], ["203.0.113.5, nonsense"],
        ["203.0.113.5 203.0.113.6"], ["203.0.113.5", "x"], ["203.0.113.005"],
    ],
)  # fmt: skip
def test_what_is_no_address_is_not_one(server: Server, lines: list[str]):
    client = server.add_client(end_user_address_header="x-end-user-ip")
    headers = [("X-End-User-IP", line) for line in lines]
    log_in(server, client, server.add_owner(), PASSWORD, BACK_END, headers=headers)
    assert server.events()[-1]["address"] == BACK_END


def test_the_last_of_several_is_the_end_user(server: Server):
    client = server.add_client(end_user_address_header="x-end-user-ip")
    headers = [("X-End-User-IP", "203.0.113.1, 203.0.113.2"), ("x-end-user-ip", "203.0.113.3")]
    log_in(server, client, server.add_owner(), PASSWORD, BACK_END, headers=headers)
    assert server.events()[-1]["address"] == "203.0.113.3"


def test_nobody_is_believed_who_has_not_shown_to_be_that_back_end(server: Server):
    client, public = server.add_client(end_user_address_header="x-end-user-ip"), server.add_client(public=True)
    server.change_client(public, end_user_address_header="x-end-user-ip")
    other, peer, headers = server.add_client(), address(), [("X-End-User-IP", "203.0.113.9")]
    form = {"grant_type": "password", "username": "a", "password": "b", "client_id": client, "client_secret": "wrong"}
    server.form("/oauth2/token", form, peer=peer, headers=headers)
    assert server.events()[-1]["address"] == peer
    log_in(server, other, "a", "b", peer, headers=headers)
    assert server.events()[-1]["address"] == peer
    server.form("/oauth2/token", form | {"client_id": public} | {"client_secret": ""}, peer=peer, headers=headers)
    assert server.events()[-1]["address"] == peer


def test_who_is_turned_away_by_a_full_queue_has_not_guessed(tmp_path: Path):
    passwords = PasswordsTable(memory_kib=8192, iterations=4, slots=1, queue=0)
    with running(configuration_of(tmp_path, throttle=ThrottleTable(), passwords=passwords)) as server:
        client, owner = server.add_client(), server.add_owner()
        statuses: list[int] = []
        while 503 not in statuses:
            requests = [at_once(server, client, f"name {one}", "wrong", address()) for one in range(4)]
            statuses = [answer.status for answer in server.ask_all(requests)]
            requests = [at_once(server, client, owner, PASSWORD, address()) for _ in range(4)]
            statuses += [answer.status for answer in server.ask_all(requests)]
        assert guess(server, client, owner, 10) == FREE


def test_switched_off_nothing_is_counted_or_kept(tmp_path: Path):
    with running(configuration_of(tmp_path, throttle=ThrottleTable(enabled=False))) as server:
        client, owner, peer = server.add_client(), server.add_owner(), address()
        assert guess(server, client, owner, 60, peer) == 60
        wrong = {"grant_type": "client_credentials", "client_id": client, "client_secret": "wrong"}
        assert {server.form("/oauth2/token", wrong, peer=peer).status for _ in range(60)} == {401}
        assert log_in(server, client, owner, PASSWORD, peer).status == 200
        assert server.run(server.tool.find_resource_owner(server.owner_id(owner))).known_places == ()


def test_c04_a_wrong_secret_leaves_one_line_of_the_audit_at_each_door(server: Server):
    client = server.add_client()
    wrong = {"client_id": client, "client_secret": "wrong", "token": "dga_nothing", "grant_type": "client_credentials"}
    for path, outcome in (
        ("/oauth2/token", "token_refused"),
        ("/oauth2/introspect", "client_refused"),
        ("/oauth2/revoke", "revocation_refused"),
    ):
        before = server.mark()
        server.form(path, wrong, peer=address())
        (event,) = server.events(before)
        assert (event["outcome"], event["detail"]) == (outcome, "wrong secret")
