"""Dialect containment (group X): path and the client's list of dialects decide, and nothing else.

One decoded request is written in every way that each dialect has for it. In all dialects that the client lists, the
decision is the same, and so are its effects; in all others there is neither a token nor an effect, and whoever does not
know the client's secret learns nothing of its list.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.attacks.harness import DIALECTS, PASSWORD, Answer, Server
from tests.spellings import SHIPPED, WORDS, Spelling, spellings_of, token_path, write

WITHOUT_SCOPE = frozenset({"kabbage"})
"""A requested scope has no effect there."""
FULL = "read write"


@dataclass(frozen=True, slots=True)
class Decoded:
    """A request in nobody's spelling."""

    grant_type: str
    parameters: Mapping[str, str]
    scope: str
    right_secret: bool


@dataclass(frozen=True, slots=True)
class Effect:
    """What came of it: decision, rows, hashes and audit, in nobody's spelling."""

    outcome: str
    refusal: str | None
    client: str | None
    subject: str | None
    scope: frozenset[str]
    rows: tuple[tuple[str, int], ...]
    hashes: int
    alarm: bool
    events: int


ANY = [(dialect, spelling) for dialect in DIALECTS for spelling in spellings_of(WORDS[dialect])]
"""Every spelling that there is."""


def send(server: Server, dialect: str, spelling: Spelling, client: str, decoded: Decoded) -> Answer:
    secret = server.secret_of(client) if decoded.right_secret else "not-its-secret"
    fields = {"grant_type": decoded.grant_type, "scope": decoded.scope, **decoded.parameters}
    written = write(spelling, fields, client, secret)
    return server.ask(
        written.method,
        f"/{dialect}{token_path(WORDS[dialect])}",
        query=written.query,
        headers=written.headers,
        body=written.body,
    )


def effect_of(server: Server, dialect: str, spelling: Spelling, client: str, decoded: Decoded) -> Effect:
    rows, hashes, mark = server.rows(), server.passwords.hashes_computed, server.mark()
    answer = send(server, dialect, spelling, client, decoded)
    *_, event = events = server.events(mark)
    alarms = [line for line in server.log_lines(mark) if line["event"] == "audit" and line["level"] == "warning"]
    granted = event["outcome"] == "token_issued"
    assert granted is (answer.status == 200), answer
    assert granted is (b"access_token" in answer.body), answer
    assert event["dialect"] == dialect
    changed = {name: number - rows[name] for name, number in server.rows().items()}
    # Whether an access token has a row is its format, and whether a client's own token has a grant hangs on its naming
    # the client by itself: both are data, and checked against it.
    stored = changed.pop("access_tokens")
    assert stored == int(granted and WORDS[dialect].access_token.format == "reference"), (dialect, stored)
    if decoded.grant_type == "client_credentials":
        begun, _ = changed.pop("grants"), changed.pop("advanced")
        recipe = SHIPPED[dialect].rules.access_token
        assert begun == int(granted and recipe.format == "jwt" and recipe.client_claim is None), dialect
    return Effect(
        outcome=event["outcome"],
        refusal=event.get("refusal"),
        client=event["client"],
        subject=event["subject"],
        scope=frozenset(event["scope"].split()) if granted else frozenset(),
        rows=tuple(sorted(changed.items())),
        hashes=server.passwords.hashes_computed - hashes,
        alarm=bool(alarms),
        events=len(events),
    )


@dataclass(frozen=True, slots=True, repr=False)
class People:
    """By what is the matter with them."""

    names: Mapping[str, str]

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """Hypothesis would print every field."""
        printer.text("People(…)")


@pytest.fixture(scope="module")
def people(server: Server) -> People:
    return People(
        {
            "good": server.add_owner(),
            "disabled": server.add_owner(enabled=False),
            "locked": server.add_owner(locked=True),
            "nobody": "nobody-at-all",
        }
    )


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, str, str, bool]:
    """Grant type, person, password, scope, and whether the secret is right; mostly nothing is wrong."""
    return (
        draw(st.sampled_from(["password", "password", "client_credentials"])),
        draw(st.sampled_from(["good", "good", "good", "disabled", "locked", "nobody"])),
        draw(st.sampled_from([PASSWORD, PASSWORD, "wrong"])),
        draw(st.sampled_from([FULL, FULL, "read"])),
        draw(st.sampled_from([True, True, True, False])),
    )


lists = st.sets(st.sampled_from(DIALECTS)).map(frozenset)


@settings(max_examples=40)
@given(listed=lists, request=requests())
def test_x10_in_every_spelling_of_every_listed_dialect_the_effect_is_one_and_in_any_other_there_is_none(
    server: Server, people: People, listed: frozenset[str], request: tuple[str, str, str, str, bool]
):
    grant_type, person, password, scope, right_secret = request
    client = server.add_client(dialects=listed)
    parameters = {} if grant_type != "password" else {"username": people.names[person], "password": password}
    decoded = Decoded(grant_type, parameters, scope, right_secret)
    effects: dict[tuple[str, str], Effect] = {}
    for dialect, spelling in ANY:
        if grant_type not in WORDS[dialect].grant_types or (scope != FULL and dialect in WITHOUT_SCOPE):
            continue
        effect = effect_of(server, dialect, spelling, client, decoded)
        if dialect in listed or not right_secret:
            effects[dialect, str(spelling)] = effect
        else:
            assert (effect.outcome, effect.client) == ("dialect_refused", client), (dialect, spelling)
            assert (effect.subject, effect.hashes, effect.events, effect.alarm) == (None, 0, 1, True)
            assert not any(number for _, number in effect.rows)
    first = next(iter(effects.values()), None)
    assert {where: one for where, one in effects.items() if one != first} == {}
    expected = right_secret and (grant_type != "password" or (person == "good" and password == PASSWORD))
    if first is not None:
        assert (first.outcome == "token_issued") is expected
        assert first.events == 1
        assert first.hashes == int(right_secret and grant_type == "password")


@settings(max_examples=15)
@given(listed=lists)
def test_x10_a_refresh_token_is_worth_something_only_where_its_client_is_listed(
    server: Server, people: People, listed: frozenset[str]
):
    for dialect, spelling in ANY:
        if "refresh_token" not in WORDS[dialect].grant_types:
            continue
        client = server.add_client(dialects=listed | {"standard"})
        tokens = server.log_in(client, people.names["good"]).document
        decoded = Decoded("refresh_token", {"refresh_token": tokens["refresh_token"]}, "", right_secret=True)
        effect = effect_of(server, dialect, spelling, client, decoded)
        advanced = dict(effect.rows)["advanced"]
        if dialect in listed | {"standard"}:
            assert (effect.outcome, effect.hashes, bool(advanced)) == ("token_issued", 0, True), (dialect, spelling)
        else:
            assert (effect.outcome, effect.refusal) == ("dialect_refused", "dialect_not_allowed"), (dialect, spelling)
            assert not any(number for _, number in effect.rows)
            assert server.refresh(client, tokens["refresh_token"]).status == 200


@pytest.mark.parametrize("dialect", DIALECTS)
def test_x03_a_change_of_the_list_counts_at_the_next_request(server: Server, people: People, dialect: str):
    client = server.add_client(dialects=frozenset({dialect}))
    decoded = Decoded("password", {"username": people.names["good"], "password": PASSWORD}, "read", right_secret=True)
    spelling = spellings_of(WORDS[dialect])[0]
    assert effect_of(server, dialect, spelling, client, decoded).outcome == "token_issued"
    server.change_client(client, dialects=frozenset(DIALECTS) - {dialect})
    assert effect_of(server, dialect, spelling, client, decoded).outcome == "dialect_refused"


def test_every_dialect_that_ships_is_among_them():
    assert set(WORDS) == set(DIALECTS)
