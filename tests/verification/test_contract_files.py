from __future__ import annotations

import pytest
from tiny_server import CAST, Contracts, exchange

from dragoman.verification.contract import ContractError, UnknownDialectError, known_dialects, load_contract

PLAIN = exchange("POST /token", "200")


def test_a_contract_knows_its_cast_and_exchanges(contracts: Contracts):
    contracts.write(PLAIN)
    contract = load_contract("small", contracts.root)
    assert contract.cast.clients["client"].further == {"authorities": ("ROLE_APP",)}
    assert contract.cast.clients["public"].secret is None
    assert contract.cast.people["locked"].locked
    assert contract.cast.server.scopes == ("read", "write")
    assert contract.cast.members()["client.scope"] == "read write"
    assert [one.id for one in contract.exchanges] == ["one"]
    assert contract.exchange("one").title == "Title of one"


def test_a_variant_replaces_drops_and_adds(contracts: Contracts):
    old = [exchange("POST /token", "200", identifier=name) for name in ("kept", "replaced", "dropped")]
    contracts.write("".join(old))
    cast = 'extends = "small"\ndrops = ["dropped"]\n[clients.client]\nid = "other"\n'
    new = exchange("POST /token", "418", identifier="replaced") + exchange("GET /", "200", identifier="new")
    contracts.write(new, dialect="variant", cast=cast)
    contract = load_contract("variant", contracts.root)
    assert [(one.id, one.response.status) for one in contract.exchanges] == [
        ("kept", 200),
        ("replaced", 418),
        ("new", 200),
    ]
    client = contract.cast.clients["client"]
    assert (client.id, client.secret) == ("other", "s3cr&t=1")
    assert known_dialects(contracts.root) == ("small", "variant")


@pytest.mark.parametrize(
    ("exchanges", "said"),
    [
        (exchange("POST /token", "200", more='given = ["nope"]'), "`given` names 'nope'"),
        (exchange("POST /token", "200", more='given = ["one"]'), "is given to itself"),
        (PLAIN + PLAIN, "the id is taken"),
        (exchange("POST /«client.colour»", "200"), "has «client.colour», which cast.toml does not have; it has: "),
        (exchange("POST /«nobody.id»", "200"), "it has: client, locked, public, user"),
        (exchange("POST /«access»", "200"), "has «access», which nothing before it captures"),
        (exchange("POST /«now»", "200"), "has «now» in its request"),
        (exchange("POST /", "200\n\n«uuid=gid»"), "unknown placeholder «uuid=gid»"),
        (exchange("POST /", "200\n\n«jwt=text»"), "captures under a name that cannot be one"),
        (exchange("POST /", "200\n\n« x"), "has a « on its own"),
        (exchange("POST /", "2OO"), "`response` begins with '2OO'"),
        (exchange("POST", "200"), "`request` begins with 'POST'"),
        (exchange("POST /\nHeader without colon", "200"), "'Header without colon'"),
        (exchange("POST /", "200", more='when = ["Not this"]'), "`when` has 'Not this'"),
        (exchange("POST /", "200", more="when = 1"), "Expected `array`, got `int` - at `$.when`"),
        (exchange("POST /", "200", more='curl = "curl /"'), "either `request` or `curl`"),
        (exchange("POST /", "200").replace("Title of one", ""), "must not be empty"),
        (exchange("X", "200").replace("request", "curl"), "does not begin with the word curl"),
        (exchange("curl 'x", "200").replace("request", "curl"), "`curl` is no command line"),
        (exchange("POST /", "200", more="colour = 1"), "unknown field `colour`; there are: id, title"),
        (exchange("POST /", "200\nA: b", more='absent = ["a"]'), "`absent` names 'a'"),
        (exchange("POST /", "200", more='[exchange.token.access]\nheader = "{}"'), "write «access=jwt»"),
        (exchange("POST /", "200\n\n«a=jwt»", more="[exchange.token.a]"), "says nothing"),
    ],
)
def test_a_wrong_exchange_is_named_with_its_file_and_the_remedy(contracts: Contracts, exchanges: str, said: str):
    contracts.write(exchanges)
    with pytest.raises(ContractError) as refused:
        load_contract("small", contracts.root)
    assert said in str(refused.value)
    assert str(refused.value).startswith("contracts/small/password.toml, exchange 'one': ")


def test_every_problem_is_told_at_once(contracts: Contracts):
    contracts.write(exchange("POST /«a.b»", "200", identifier="a") + exchange("POST /«c»", "200", identifier="b"))
    with pytest.raises(ContractError) as refused:
        load_contract("small", contracts.root)
    assert len(str(refused.value).splitlines()) == 2


def test_givens_that_need_each_other_are_refused(contracts: Contracts):
    first = exchange("POST /", "200", identifier="a", more='given = ["b"]')
    contracts.write(first + exchange("POST /", "200", identifier="b", more='given = ["a"]'))
    with pytest.raises(ContractError, match="is given to itself"):
        load_contract("small", contracts.root)


@pytest.mark.parametrize(
    ("cast", "said"),
    [
        ('[people.user]\nid = "1"\nusername = "a"\npassword = "b"\n', r"has no \[clients.client\]"),
        ('[clients.client]\nname = "x"\n', r"\[clients.client\]: Object missing required field `id`"),
        (CAST + "[people.third]\nid = 3\n", r"\[people.third\]: Expected `str`, got `int`"),
        (CAST + '[people.client]\nid = "3"\n', "'client' is both a client and a person"),
        (CAST + "[peple.user]\n", "unknown field `peple`"),
        ('drops = ["one"]\n' + CAST, "`drops` without `extends`"),
        ("[[", r"contracts/small/cast.toml: "),
        ('extends = "nothing"\n' + CAST, "contracts/small/cast.toml extends 'nothing', but there is no contract"),
        ('extends = "small"\n' + CAST, "extends itself through small → small"),
    ],
)
def test_a_wrong_cast_is_refused(contracts: Contracts, cast: str, said: str):
    contracts.write(PLAIN, cast=cast)
    with pytest.raises(ContractError, match=said):
        load_contract("small", contracts.root)


@pytest.mark.parametrize("dialect", ["nothing", "../small", "", "small/../small"])
def test_an_unknown_dialect_is_refused(contracts: Contracts, dialect: str):
    contracts.write(PLAIN)
    with pytest.raises(UnknownDialectError, match="there are: small"):
        load_contract(dialect, contracts.root)


def test_a_variant_cannot_drop_what_is_not_there(contracts: Contracts):
    contracts.write(PLAIN)
    contracts.write("", dialect="variant", cast='extends = "small"\ndrops = ["two"]\n')
    with pytest.raises(ContractError, match="`drops` names 'two', which small does not have"):
        load_contract("variant", contracts.root)
