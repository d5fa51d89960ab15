"""A signed token means one thing, however many recipes are open: none may be read as another's."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import pytest
from joserfc.util import urlsafe_b64decode
from token_workshop import ACCESS, AT_JWT, CLIENT, EDWARDS, LONG_ID, SHARED_KEY, Workshop, jwt_recipe

from dragoman.core.rules import TokenRecipe
from dragoman.core.scope import Scope
from dragoman.dialects.files import list_dialects, load_dialect
from dragoman.tokens.format import TokenFault

HEADER = {"alg": "{algorithm}", "typ": "JWT"}
ENDS = {"exp": "{expires_at}", "jti": "{token_id.guid}"}


def recipe(claims: dict[str, object], **changes: object) -> TokenRecipe:
    named = {"client_claim": "client_id", "scope_claim": "scope", "identifier_claim": "jti", **changes}
    return jwt_recipe(HEADER, claims, **named)


PLAIN = recipe({**ENDS, "client_id": "{client.id}", "scope": "{scope?}"})
BY_NAME = recipe(
    {"exp": "{expires_at}", "iat": "{issued_at}", "jti": "{token_id.guid}", "cid": "{client.name}", "scope": "{scope}"},
    client_claim=None,
)
BY_ID = replace(
    recipe({"exp": "{expires_at}", "jti": "{token_id.guid}", "cid": "{client.id}", "scope": "{scope}"}),
    client_claim="cid",
)


@pytest.mark.parametrize("recipe", [AT_JWT, LONG_ID, EDWARDS, SHARED_KEY])
def test_a_token_read_tells_whether_others_could_have_signed_it(workshop: Workshop, recipe: TokenRecipe) -> None:
    assert workshop.read(workshop.access_token(recipe)).shared_key is (recipe is SHARED_KEY)


def test_what_tells_is_the_key_that_signed_and_not_the_recipe(workshop: Workshop) -> None:
    facts = workshop.facts(workshop.grant(), client=replace(CLIENT, shared_key_signature=False))
    token = workshop.access_token(SHARED_KEY, facts)
    assert json.loads(urlsafe_b64decode(token.split(".")[0].encode()))["alg"] == "ES256"
    assert not workshop.read(token).shared_key


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (
            recipe(
                {**ENDS, "client_id": "{client.name}", "azp": "{client.id}", "scope": "{scope}"}, client_claim="azp"
            ),
            "client",
        ),
        (
            recipe({**ENDS, "client_id": "{client.id}", "scope": "{client.name}", "scp": "{scope}"}, scope_claim="scp"),
            "scope",
        ),
        (recipe({**ENDS, "client_id": "{client.id}", "scope": "{client.name}"}, scope_claim=None), "scope"),
        (
            recipe({**ENDS, "sid": "{token_id.guid}", "client_id": "{client.id}"}, identifier_claim="sid"),
            "identifier",
        ),
    ],
)
def test_recipes_whose_tokens_could_be_taken_for_each_others_are_told_at_the_start(
    workshop: Workshop, other: TokenRecipe, what: str
) -> None:
    plain = PLAIN
    if what == "client":
        plain = recipe({**ENDS, "client_id": "{client.id}", "azp": "{client.name}", "scope": "{scope}"})
    if what == "identifier":
        plain = recipe({**ENDS, "sid": "{subject}", "client_id": "{client.id}"})
    for pair in ((plain, other), (other, plain)):
        with pytest.raises(TokenFault, match=f"differ in the claim of the {what}") as refused:
            workshop.open(workshop.keyring, access_recipes=pair)
        for one in pair:
            assert ", ".join(one.claims.names) in str(refused.value)
        assert str(refused.value).endswith("put its claims in another order or rename one")


@pytest.mark.parametrize(
    "other",
    [
        PLAIN,
        replace(PLAIN, algorithm="EdDSA"),
        recipe({**ENDS, "client_id": "{client.id}", "scp": "{scope?}"}, scope_claim="scp"),
        recipe({**ENDS, "client_id": "{client.id}"}, scope_claim=None),
        recipe({"cid": "{client.id}", **ENDS, "scope": "{scope?}"}, client_claim="cid"),
        recipe({"scp": "{scope}", "client_id": "{client.id}", "scope": "{subject}", **ENDS}, scope_claim="scp"),
    ],
)
def test_recipes_that_agree_or_cannot_meet_stand_together(workshop: Workshop, other: TokenRecipe) -> None:
    for pair in ((PLAIN, other), (other, PLAIN)):
        workshop.issuer = workshop.open(workshop.keyring, access_recipes=pair)
        for one, scope in itertools.product(pair, (Scope(("read",)), Scope())):
            read = workshop.read(workshop.access_token(one, workshop.facts(scope=scope)))
            assert (read.client_id, read.scope) == (CLIENT.id, scope if one.scope_claim else Scope())


@pytest.mark.parametrize("pair", [(BY_ID, BY_NAME), (BY_NAME, BY_ID)])
def test_a_token_without_a_grant_is_read_by_a_recipe_that_names_its_client(
    workshop: Workshop, pair: tuple[TokenRecipe, ...]
) -> None:
    workshop.issuer = workshop.open(workshop.keyring, access_recipes=pair)
    assert workshop.read(workshop.access_token(BY_ID, workshop.facts())).client_id == CLIENT.id


def test_a_claim_that_is_no_client_id_does_not_spoil_the_token_of_a_recipe_that_names_none(workshop: Workshop) -> None:
    listed = recipe({**ENDS, "cid": "{audience.list}", "scope": "{scope}"}, client_claim=None)
    named = recipe({**ENDS, "cid": "{client.id}", "scope": "{scope}"}, client_claim="cid")
    workshop.issuer = workshop.open(workshop.keyring, access_recipes=(named, listed))
    grant = workshop.grant()
    assert workshop.read(workshop.access_token(listed, workshop.facts(grant))).grant_id == grant.id


def test_a_token_that_neither_names_its_client_nor_has_a_grant_is_never_written(workshop: Workshop) -> None:
    workshop.issuer = workshop.open(workshop.keyring, access_recipes=(BY_NAME,))
    with pytest.raises(TokenFault, match="names its client"):
        workshop.access_token(BY_NAME, workshop.facts())
    grant = workshop.grant()
    assert workshop.read(workshop.access_token(BY_NAME, workshop.facts(grant))).grant_id == grant.id


def test_all_built_in_dialects_stand_together(workshop: Workshop) -> None:
    files = list_dialects(())
    recipes = [load_dialect(name, files).rules.access_token for name in files]
    assert len(recipes) >= 12
    workshop.open(workshop.keyring, access_recipes=(*recipes, *ACCESS))
