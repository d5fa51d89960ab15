"""Whom JWTs name as their issuer: compared to the letter where they say it, and no refresh token ends by accident."""

from __future__ import annotations

from dataclasses import replace

import pytest
from token_workshop import AT_JWT, ENVELOPE, HANDLE, ISSUER, LONG_ENVELOPE, Workshop

from dragoman.core.errors import Refusal
from dragoman.core.rules import TokenRecipe
from dragoman.core.template import compile_record
from dragoman.core.template_values import TOKEN_VALUES
from dragoman.tokens.format import Issuers

MOVED = "https://moved.example"


def naming(recipe: TokenRecipe, issuer: str, **changes: object) -> TokenRecipe:
    """The recipe with a claim `iss`, which is compared if it says who issued the token."""
    claims = compile_record({"iss": issuer}, TOKEN_VALUES)
    whole = replace(
        claims,
        names=(*claims.names, *recipe.claims.names),
        getters=(*claims.getters, *recipe.claims.getters),
        reads=claims.reads | recipe.claims.reads,
    )
    return replace(recipe, claims=whole, **changes)


NAMING = naming(ENVELOPE, "{issuer}", spell_issuer=str)
OTHERWISE = naming(LONG_ENVELOPE, "{client.id}")


def reopen(workshop: Workshop, *recipes: TokenRecipe, **settings: object) -> None:
    workshop.issuer = workshop.open(workshop.keyring, refresh_recipes=recipes, **settings)


@pytest.mark.parametrize(("issuer", "accepted"), [(ISSUER, ()), (MOVED, (ISSUER,)), (MOVED, ("https://a", ISSUER))])
def test_j09_a_refresh_jwt_of_this_issuer_or_an_accepted_one_is_read(
    workshop: Workshop, issuer: str, accepted: tuple[str, ...]
) -> None:
    reopen(workshop, HANDLE, NAMING)
    token, handle = workshop.refresh_token(NAMING), workshop.refresh_token(HANDLE)
    reopen(workshop, HANDLE, NAMING, issuers=Issuers(own=issuer, accepted=accepted))
    assert workshop.refresh_refusal(token) is None
    assert workshop.refresh_refusal(handle) is None


@pytest.mark.parametrize("accepted", [(), (f"{ISSUER}/",), (ISSUER[:-1],)])
def test_j09_a_refresh_jwt_of_another_issuer_is_refused_and_a_handle_names_nobody(
    workshop: Workshop, accepted: tuple[str, ...]
) -> None:
    reopen(workshop, HANDLE, NAMING)
    token, handle = workshop.refresh_token(NAMING), workshop.refresh_token(HANDLE)
    reopen(workshop, HANDLE, NAMING, issuers=Issuers(own=MOVED, accepted=accepted))
    assert workshop.refresh_refusal(token) is Refusal.MALFORMED_REFRESH_TOKEN
    assert workshop.refresh_refusal(handle) is None


def test_a_refresh_jwt_from_before_its_recipe_named_the_issuer_goes_on(workshop: Workshop) -> None:
    reopen(workshop, ENVELOPE)
    token = workshop.refresh_token(ENVELOPE)
    reopen(workshop, NAMING)
    assert workshop.refresh_refusal(token) is None


def test_a_refresh_jwt_whose_recipe_means_something_else_by_it_goes_on(workshop: Workshop) -> None:
    reopen(workshop, NAMING, OTHERWISE)
    for recipe in (NAMING, OTHERWISE):
        assert workshop.refresh_refusal(workshop.refresh_token(recipe)) is None


def test_an_access_jwt_whose_recipe_means_something_else_by_it_is_read(workshop: Workshop) -> None:
    recipe = replace(AT_JWT, spell_issuer=None)
    workshop.issuer = workshop.open(workshop.keyring, access_recipes=(recipe,), issuers=Issuers(own=MOVED))
    assert workshop.access_refusal(workshop.access_token(recipe)) is None


def test_j09_what_iss_said_before_a_dialects_own_spelling_of_it_changed_can_be_accepted(workshop: Workshop) -> None:
    workshop.issuer = workshop.open(workshop.keyring, access_recipes=(AT_JWT,))
    token = workshop.access_token(AT_JWT)
    spelled = replace(AT_JWT, spell_issuer=lambda issuer: f"{issuer}/v2")
    for accepted, refusal in (((), Refusal.MALFORMED_TOKEN), ((ISSUER,), None)):
        workshop.issuer = workshop.open(
            workshop.keyring, access_recipes=(spelled,), issuers=Issuers(own=ISSUER, accepted=accepted)
        )
        assert workshop.access_refusal(token) is refusal
