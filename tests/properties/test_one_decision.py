"""A dialect changes the spelling, never the meaning: one request, one decision, one effect, in every dialect.

Left out are rules of scope in which the published APIs themselves differ and which are data: what a request without
scope asks for, and whether a requested scope has any effect at all.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.core.scope import Scope
from tests.attacks.harness import ALL_GRANTS, DIALECTS, FORM, PASSWORD, Answer, Server
from tests.attacks.spelling import TOKEN_PATHS

ONLY_PARAMETERS = frozenset({"axosoft"})
ONLY_PASSWORD = frozenset({"axosoft"})
SCOPE_WITHOUT_EFFECT = frozenset({"kabbage"})
FULL, WIDE, UNKNOWN = "read write", "read write admin", "read nonsense"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request in nobody's spelling."""

    grant_type: str
    client: str
    secret: str
    parameters: Mapping[str, str]
    scope: str = FULL


@dataclass(frozen=True, slots=True)
class Decision:
    """What came of it, in nobody's spelling."""

    outcome: str
    refusal: str | None
    scope: frozenset[str]
    subject: str | None
    new_grants: int
    live_grants: int
    generations: int
    hashes: int
    ended_by: tuple[str, ...]


def send(server: Server, dialect: str, wanted: Wanted) -> Answer:
    fields = {"grant_type": wanted.grant_type, "scope": wanted.scope, **wanted.parameters}
    headers = [("Content-Type", FORM)]
    if dialect in ONLY_PARAMETERS:
        fields |= {"client_id": wanted.client, "client_secret": wanted.secret}
    else:
        text = f"{wanted.client}:{wanted.secret}"
        headers.append(("Authorization", "Basic " + b64encode(text.encode()).decode()))
    return server.ask("POST", f"/{dialect}{TOKEN_PATHS[dialect]}", headers=headers, body=urlencode(fields).encode())


def decide(server: Server, dialect: str, wanted: Wanted) -> Decision:
    """The decision, as answer, audit, store and pool show it."""
    before, hashes = server.grants(wanted.client), server.passwords.hashes_computed
    told = server.mark()
    answer = send(server, dialect, wanted)
    *before_it, event = server.events(told)
    assert all(one["outcome"] == "grant_revoked" for one in before_it)
    after = server.grants(wanted.client)
    granted = event["outcome"] == "token_issued"
    assert granted == (answer.status == 200), (dialect, answer)
    assert event["dialect"] == dialect
    return Decision(
        outcome=event["outcome"],
        refusal=event.get("refusal"),
        scope=frozenset(event["scope"].split()) if granted else frozenset(),
        subject=event["subject"],
        new_grants=len(after) - len(before) if wanted.grant_type != "client_credentials" else 0,
        live_grants=sum(grant.revoked_at is None for grant in after) if wanted.grant_type == "refresh_token" else 0,
        generations=sum(one.generation for one in after) - sum(one.generation for one in before),
        hashes=server.passwords.hashes_computed - hashes,
        ended_by=tuple(one["because"] for one in before_it),
    )


def dialects_for(wanted: Wanted) -> list[str]:
    return [
        dialect
        for dialect in DIALECTS
        if (wanted.grant_type == "password" or dialect not in ONLY_PASSWORD)
        and (wanted.scope == FULL or dialect not in SCOPE_WITHOUT_EFFECT)
    ]


@dataclass(frozen=True, slots=True, repr=False)
class Cast:
    """Who there is."""

    clients: Mapping[str, str]
    people: Mapping[str, str]

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """Hypothesis would print every field."""
        printer.text("Cast(…)")


@pytest.fixture(scope="module")
def cast(server: Server) -> Cast:
    scope = Scope.of(FULL.split())
    server.add_client(id="differential-admin", scope=Scope.of(["admin"]))
    return Cast(
        clients={
            "good": server.add_client(),
            "without password": server.add_client(grant_types=ALL_GRANTS - {"password"}),
            "without client_credentials": server.add_client(grant_types=ALL_GRANTS - {"client_credentials"}),
            "disabled": server.add_client(enabled=False),
            "single": server.add_client(grant_types=frozenset({"password"})),
            "narrow": server.add_client(scope=scope, access_token_lifetime=60),
        },
        people={
            "good": server.add_owner(),
            "email": server.add_owner(email="differential@people.example"),
            "disabled": server.add_owner(enabled=False),
            "locked": server.add_owner(locked=True),
            "expired": server.add_owner(expired=True),
            "password expired": server.add_owner(password_expired=True),
            "nobody": "nobody-at-all",
        },
    )


clients = st.sampled_from(
    ["good", "good", "without password", "without client_credentials", "disabled", "single", "narrow"]
)
people = st.sampled_from(["good", "good", "email", "disabled", "locked", "expired", "password expired", "nobody"])
passwords = st.sampled_from([PASSWORD, PASSWORD, "wrong", "x", "x" * 2000, PASSWORD.upper()])
faults = st.sampled_from([None, None, None, "secret", "scope too wide", "scope unknown"])


def broken(wanted: Wanted, fault: str | None) -> Wanted:
    match fault:
        case "secret":
            return Wanted(wanted.grant_type, wanted.client, "wrong", wanted.parameters)
        case "scope too wide":
            return Wanted(wanted.grant_type, wanted.client, wanted.secret, wanted.parameters, WIDE)
        case "scope unknown":
            return Wanted(wanted.grant_type, wanted.client, wanted.secret, wanted.parameters, UNKNOWN)
    return wanted


def assert_one_decision(server: Server, wanted: Wanted) -> Decision:
    decisions = {dialect: decide(server, dialect, wanted) for dialect in dialects_for(wanted)}
    assert len(decisions) > 1
    first = decisions["standard"]
    assert {dialect: one for dialect, one in decisions.items() if one != first} == {}
    return first


@settings(max_examples=120)
@given(client=clients, person=people, password=passwords)
def test_x10_a_password_grant_is_decided_alike_in_all_dialects(
    server: Server, cast: Cast, client: str, person: str, password: str
):
    client_id = cast.clients[client]
    parameters = {"username": cast.people[person], "password": password}
    decision = assert_one_decision(server, Wanted("password", client_id, server.secret_of(client_id), parameters))
    expected = client not in ("without password", "disabled") and person in ("good", "email") and password == PASSWORD
    assert (decision.outcome == "token_issued") is expected
    assert decision.hashes == int(client not in ("without password", "disabled"))
    assert decision.new_grants == int(expected)


@settings(max_examples=30)
@given(fault=faults)
def test_x10_one_thing_wrong_with_a_password_grant_is_the_same_refusal_in_all_dialects(
    server: Server, cast: Cast, fault: str | None
):
    client_id = cast.clients["good"]
    parameters = {"username": cast.people["good"], "password": PASSWORD}
    wanted = broken(Wanted("password", client_id, server.secret_of(client_id), parameters), fault)
    decision = decide(server, "standard", wanted)
    for dialect in dialects_for(wanted):
        other = decide(server, dialect, wanted)
        # whether the hash comes before the scope is an order of checks, and so data
        assert (other.outcome, other.refusal, other.scope, other.new_grants) == (
            decision.outcome, decision.refusal, decision.scope, decision.new_grants,
        ), dialect  # fmt: skip


@settings(max_examples=40)
@given(client=clients, fault=faults)
def test_x10_a_client_credentials_grant_is_decided_alike_in_all_dialects(
    server: Server, cast: Cast, client: str, fault: str | None
):
    client_id = cast.clients[client]
    wanted = broken(Wanted("client_credentials", client_id, server.secret_of(client_id), {}), fault)
    if fault is not None and client in ("without client_credentials", "single"):
        return  # two things wrong at once: the order of checks, and so data
    assert_one_decision(server, wanted)


@settings(max_examples=20)
@given(
    fault=st.sampled_from(
        [None, "secret", "foreign", "forged", "access token", "revoked", "disabled owner", "replayed"]
    ),
)
def test_x10_a_refresh_is_decided_alike_in_all_dialects(server: Server, cast: Cast, fault: str | None):
    decisions = {}
    for dialect in [one for one in DIALECTS if one not in ONLY_PASSWORD]:
        client_id, username = server.add_client(), server.add_owner()
        tokens = server.log_in(client_id, username).document
        wanted = _refresh(server, cast, client_id, username, tokens, fault)
        decision = decide(server, dialect, wanted)
        assert decision.subject in (None, server.owner_id(username))
        live = [grant.revoked_at is None for grant in server.grants(client_id)]
        decisions[dialect] = (
            decision.outcome,
            decision.refusal,
            decision.scope,
            decision.generations,
            decision.hashes,
            live,
        )
    first = decisions["standard"]
    assert {dialect: one for dialect, one in decisions.items() if one != first} == {}
    assert (first[0] == "token_issued") is (fault is None)


def _refresh(  # noqa: PLR0913, PLR0917 - one each
    server: Server, cast: Cast, client_id: str, username: str, tokens: Mapping[str, str], fault: str | None
) -> Wanted:
    presented, sender, secret = tokens["refresh_token"], client_id, server.secret_of(client_id)
    match fault:
        case "secret":
            secret = "wrong"
        case "foreign":
            sender, secret = cast.clients["good"], server.secret_of(cast.clients["good"])
        case "forged":
            presented = presented[:-4] + ("AAAA" if presented[-4:] != "AAAA" else "BBBB")
        case "access token":
            presented = tokens["access_token"]
        case "revoked":
            server.revoke_all(username)
        case "disabled owner":
            server.change_owner(username, enabled=False)
        case "replayed":
            server.refresh(client_id, presented)
            server.clock.now += 31
    return Wanted("refresh_token", sender, secret, {"refresh_token": presented})
