"""Guessing (attacks U09 to U20): what is held, for whom, for how long, and what it costs."""

from __future__ import annotations

import random
import sys
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from dragoman.config.settings import ThrottleTable
from dragoman.core.secret import Secret
from tests.attacks.harness import DIALECTS, FORM, PASSWORD, Answer, Server, configuration_of, running
from tests.attacks.spelling import log_in as dialect_log_in
from tests.attacks.test_resource_owners import SAME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FREE, STRANGERS, KNOWN = 5, 80, 20
"""The defaults: wrong passwords without a wait, all that strangers have, all that known addresses have."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With the throttle as it is by default."""
    with running(configuration_of(tmp_path_factory.mktemp("server"), throttle=ThrottleTable())) as one:
        yield one


_drawn = random.Random(20)


def address() -> str:
    """One that nobody has used yet."""
    return ".".join(str(_drawn.randrange(1, 255)) for _ in range(4))


def log_in(server: Server, client: str, name: str, password: str, peer: str, **parts: object) -> Answer:
    fields = {"grant_type": "password", **server.credentials(client), "username": name, "password": password}
    return server.form("/oauth2/token", fields, peer=peer, **parts)


def guess(server: Server, client: str, name: str, count: int, peer: str | None = None) -> int:
    """So many wrong passwords, each from an address of its own unless one is given; how many were hashed."""
    before = server.passwords.hashes_computed
    for number in range(count):
        log_in(server, client, name, f"wrong {number}", peer or address())
    return server.passwords.hashes_computed - before


@pytest.mark.parametrize("dialect", DIALECTS)
def test_u01_u15_u17_a_held_account_answers_as_a_wrong_password_before_the_hash(server: Server, dialect: str):
    client, owner = server.add_client(), server.add_owner()
    unknown = f"nobody-{owner}"
    wrong = dialect_log_in(server, dialect, client, owner, "wrong", peer=address())
    assert guess(server, client, owner, FREE - 1) == FREE - 1
    assert guess(server, client, unknown, FREE) == FREE
    for name, password in ((owner, PASSWORD), (owner, "wrong"), (unknown, "wrong")):
        since = server.mark()
        with server.nothing_happens(hashes=0):
            held = dialect_log_in(server, dialect, client, name, password, peer=address())
        assert held.identity == wrong.identity
        event = server.events(since)[-1]
        assert (event["refusal"], event["detail"]) == ("wrong_credentials", "throttled: account")


def test_u01_a_name_that_is_held_tells_of_no_other_whether_somebody_has_it(server: Server):
    """Where names were counted together that are only alike, those of accounts would not be."""
    client, owner = server.add_client(), server.add_owner()
    for name in (owner, f"nobody-{owner}"):
        assert guess(server, client, name, FREE + 1) == FREE
        assert guess(server, client, f"{name}\u0301", 1) == 1


def test_u09_u10_all_spellings_and_names_of_an_account_are_one_counter(server: Server):
    client = server.add_client()
    server.add_owner(username="Counted-One", email="counted@people.example")
    names = ("counted-one", "COUNTED-ONE", "\uff23ounted-one", "count\u00aded-one", "Counted@people.example")
    assert sum(guess(server, client, name, 1) for name in names) == FREE
    assert [guess(server, client, name, 1) for name in names] == [0] * len(names)


@pytest.mark.parametrize(("name", "variant"), SAME)
def test_u09_every_spelling_of_a_name_is_one_counter_whether_somebody_has_it_or_not(
    server: Server, name: str, variant: str
):
    client = server.add_client()
    with suppress(ValueError):
        server.add_owner(username=f"{name}-counted")
    for ending in ("-counted", "-of-nobody"):
        assert guess(server, client, name + ending, FREE - 2) == FREE - 2
        assert guess(server, client, variant + ending, FREE) == 2


def test_u10_the_spellings_of_a_name_that_nobody_has_are_one_counter_too(server: Server):
    client = server.add_client()
    names = ("no-such-name", "NO-SUCH-NAME", "\uff2eo-such-name", "no-such-name\u200b", "no-such\ufe0f-name")
    assert sum(guess(server, client, name, 1) for name in names) == FREE
    assert guess(server, client, "no-such-name", 3) == 0
    assert guess(server, client, "x" * 1000, 2 * FREE) == FREE


def test_u12_an_address_that_tries_many_names_is_held_and_others_are_not(server: Server):
    client, owner = server.add_client(), server.add_owner()
    prefix, since = "2001:db8:12:34:", server.mark()
    answers = [log_in(server, client, f"stuffed-{one}", "Password1!", f"{prefix}:{one:x}") for one in range(200)]
    assert Counter(answer.status for answer in answers) == {400: 50, 429: 150}
    last = answers[-1]
    assert (last.error, last.header("Retry-After")) == ("temporarily_unavailable", "600")
    assert sum(event["outcome"] == "address_throttled" for event in server.events(since)) == 1
    assert log_in(server, client, owner, PASSWORD, f"{prefix}:ffff").status == 429
    assert log_in(server, client, owner, PASSWORD, "2001:db8:12:35::1").status == 200
    server.clock.now += 601
    assert log_in(server, client, owner, PASSWORD, f"{prefix}:ffff").status == 200


def test_u12_nothing_but_guessing_is_refused_to_a_held_address(server: Server):
    client, peer = server.add_client(), address()
    tokens = server.log_in(client, server.add_owner()).document
    for one in range(60):
        log_in(server, client, f"other-{one}", "wrong", peer)
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    for fields in (refresh, {"grant_type": "client_credentials"}):
        assert server.form("/oauth2/token", fields | server.credentials(client), peer=peer).status == 200
    token = {"token": tokens["access_token"]}
    assert server.form("/oauth2/introspect", token | server.credentials(client), peer=peer).status == 200


@pytest.mark.parametrize("dialect", DIALECTS)
def test_u12_a_held_address_is_told_so_in_every_dialect(server: Server, dialect: str):
    client, peer = server.add_client(), address()
    for one in range(50):
        log_in(server, client, f"held-{dialect}-{one}", "wrong", peer)
    answer = dialect_log_in(server, dialect, client, server.add_owner(), PASSWORD, peer=peer)
    assert answer.status == (503 if dialect == "axosoft" else 429)  # its document says so
    assert answer.header("Retry-After") == "600"
    assert b"invalid_grant" not in answer.body


def test_u13_strangers_verify_no_more_than_their_part_and_wait_ever_longer(server: Server):
    client, owner = server.add_client(), server.add_owner()
    assert guess(server, client, owner, 50) == FREE
    waits, hashes = [], FREE
    while hashes < STRANGERS:
        waited = 0
        while not guess(server, client, owner, 1):
            server.clock.now += 1 if waited < 16 else 60
            waited += 1 if waited < 16 else 60
        waits.append(waited)
        hashes += 1
    assert waits == sorted(waits)
    assert waits[0] == 2
    assert waits[-1] >= 900
    server.clock.now += 80000
    assert guess(server, client, owner, 200) == 0
    alarms = [one for one in server.events() if one["outcome"] == "account_closed_to_strangers"]
    assert [one["subject"] for one in alarms].count(server.owner_id(owner)) == 1
    server.clock.now += 86400
    assert guess(server, client, owner, 10) == FREE


def test_u13_a_hundred_in_a_row_is_the_most_wherever_they_come_from(server: Server):
    client, owner, home = server.add_client(), server.add_owner(), address()
    assert log_in(server, client, owner, PASSWORD, home).status == 200
    hashes = 0
    for _ in range(110):
        hashes += guess(server, client, owner, 1, home) + guess(server, client, owner, 1)
        server.clock.now += 901
    assert hashes == STRANGERS + KNOWN
    assert log_in(server, client, owner, PASSWORD, home).error == "invalid_grant"


def test_u14_who_is_known_logs_in_while_strangers_hammer(server: Server):
    client, owner, home = server.add_client(), server.add_owner(), address()
    assert log_in(server, client, owner, PASSWORD, home).status == 200
    for _ in range(20):
        guess(server, client, owner, 10)
        assert log_in(server, client, owner, PASSWORD, home).status == 200
        server.clock.now += 3600
    assert guess(server, client, owner, STRANGERS) <= FREE
    assert log_in(server, client, owner, PASSWORD, address()).error == "invalid_grant"


def test_u14_who_is_known_by_an_address_is_not_held_with_it(server: Server):
    client, owner, home = server.add_client(), server.add_owner(), address()
    assert log_in(server, client, owner, PASSWORD, home).status == 200
    for one in range(60):
        log_in(server, client, f"neighbour-{one}", "wrong", home)
    assert log_in(server, client, server.add_owner(), PASSWORD, home).status == 429
    assert log_in(server, client, owner, PASSWORD, home).status == 200


def test_u14_known_addresses_outlive_a_restart(tmp_path: Path):
    configuration, home = configuration_of(tmp_path, throttle=ThrottleTable()), "2001:db8:1:2::3"
    with running(configuration) as server:
        client, owner = server.add_client(), server.add_owner()
        assert log_in(server, client, owner, PASSWORD, home).status == 200
        secret = server.secret_of(client)
    with running(configuration) as server:
        server._secrets[client] = secret
        assert guess(server, client, owner, 50) == FREE
        assert log_in(server, client, owner, PASSWORD, "2001:db8:1:2::4").status == 200
        assert log_in(server, client, owner, PASSWORD, "2001:db8:1:3::3").error == "invalid_grant"


def test_u14_an_operator_lets_the_owner_in_again(server: Server):
    client, owner = server.add_client(), server.add_owner()
    assert guess(server, client, owner, 50) == FREE
    assert log_in(server, client, owner, PASSWORD, address()).error == "invalid_grant"
    server.run(server.tool.administration.reset_throttle(server.owner_id(owner)))
    assert log_in(server, client, owner, PASSWORD, address()).status == 200


def test_u14_a_new_password_forgets_wrong_ones_and_known_addresses(server: Server):
    client, owner, thief = server.add_client(), server.add_owner(), address()
    assert log_in(server, client, owner, PASSWORD, thief).status == 200
    assert guess(server, client, owner, 50) == FREE
    stored = server.run(server.preparing.hash_new(Secret("another password")))
    server.run(server.tool.administration.set_password_hash(server.owner_id(owner), stored))
    assert log_in(server, client, owner, "another password", address()).status == 200
    assert guess(server, client, owner, 50) == FREE
    assert log_in(server, client, owner, "another password", thief).error == "invalid_grant"


def test_u14_known_addresses_are_kept_for_sixteen_and_tell_nobody_what_they_are(server: Server):
    client, owner, first = server.add_client(), server.add_owner(), address()
    for peer in (first, *(address() for _ in range(16)), "192.0.2.77"):
        assert log_in(server, client, owner, PASSWORD, peer).status == 200
    found = server.run(server.tool.find_resource_owner(server.owner_id(owner)))
    assert len(found.known_places) == len(set(found.known_places)) == 16
    assert "192.0.2.77" not in "".join(found.known_places)
    other = server.add_owner()
    assert log_in(server, client, other, PASSWORD, "192.0.2.77").status == 200
    assert server.run(server.tool.find_resource_owner(server.owner_id(other))).known_places[0] not in found.known_places
    assert guess(server, client, owner, 50) == FREE
    assert log_in(server, client, owner, PASSWORD, "192.0.2.77").status == 200
    assert log_in(server, client, owner, PASSWORD, first).error == "invalid_grant"


@pytest.mark.parametrize("state", ["locked", "enabled", "expired", "password_expired"])
def test_u15_the_right_password_of_an_account_that_is_no_use_counts_as_a_wrong_one(server: Server, state: str):
    client, owner = server.add_client(), server.add_owner(**{state: state != "enabled"})
    before = server.passwords.hashes_computed
    for _ in range(2 * FREE):
        assert log_in(server, client, owner, PASSWORD, address()).error == "invalid_grant"
    assert server.passwords.hashes_computed - before == FREE


def test_u16_two_hundred_guesses_at_once_run_as_many_hashes_as_are_free(server: Server):
    client, owner = server.add_client(), server.add_owner()
    for name in (owner, f"nobody-{owner}"):
        before = server.passwords.hashes_computed
        answers = server.ask_all([at_once(server, client, name, f"wrong {one}", address()) for one in range(200)])
        assert server.passwords.hashes_computed - before == FREE
        assert len({answer.identity for answer in answers}) == 1


def test_u16_right_passwords_at_once_are_all_accepted(server: Server):
    client, owner = server.add_client(), server.add_owner()
    answers = server.ask_all([at_once(server, client, owner, PASSWORD, address()) for _ in range(40)])
    assert {answer.status for answer in answers} == {200}


def test_u20_of_names_that_nobody_has_nothing_is_kept_but_their_counters(server: Server):
    """The counters have memory of a fixed size (tests/throttle/test_table.py), and caches hold 4,096 at most."""
    client = server.add_client()

    def try_names(first: int) -> int:
        for number in range(first, first + 5000):
            log_in(server, client, f"one of millions {number}", "wrong", address())
        return sys.getallocatedblocks()

    before = try_names(0)
    assert try_names(5000) - before < 1000


def at_once(server: Server, client: str, name: str, password: str, peer: str) -> dict[str, object]:
    fields = {"grant_type": "password", **server.credentials(client), "username": name, "password": password}
    return {
        "method": "POST",
        "path": "/oauth2/token",
        "headers": [("Content-Type", FORM)],
        "body": urlencode(fields).encode(),
        "peer": peer,
    }
