"""Any alteration of any token fails (attacks J06, R15, R17)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from forging import FORGED, encode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from token_workshop import (
    ACCESS,
    AT_JWT,
    BARE_HANDLE,
    ENVELOPE,
    HANDLE,
    HEX_HANDLE,
    REFERENCE,
    REFRESH,
    SEALED,
    Workshop,
    run,
)

from dragoman.core.errors import Refusal
from dragoman.core.secret import Secret

if TYPE_CHECKING:
    from dragoman.core.rules import TokenRecipe

CHARACTERS = st.sampled_from("ABCXYZabcxyz0129-_.=+/ \n\t\0é~")
many = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def altered(draw: st.DrawFn, token: str) -> str:
    position = draw(st.integers(0, len(token) - 1))
    character = draw(CHARACTERS)
    match draw(st.sampled_from(["replace", "insert", "delete", "swap case", "append", "prepend"])):
        case "replace":
            text = token[:position] + character + token[position + 1 :]
        case "insert":
            text = token[:position] + character + token[position:]
        case "delete":
            text = token[:position] + token[position + 1 :]
        case "swap case":
            text = token[:position] + token[position].swapcase() + token[position + 1 :]
        case "append":
            text = token + character
        case _:
            text = character + token
    return text


@pytest.mark.parametrize("recipe", ACCESS, ids=lambda recipe: f"{recipe.format}-{recipe.algorithm}-{recipe.encoding}")
@many
@given(data=st.data())
def test_any_alteration_of_an_access_token_fails(
    shared_workshop: Workshop, recipe: TokenRecipe, data: st.DataObject
) -> None:
    token = shared_workshop.access_token(recipe)
    text = data.draw(st.composite(altered)(token))
    refusal = shared_workshop.access_refusal(text)
    assert (text == token and refusal is None) or refusal is Refusal.MALFORMED_TOKEN


@pytest.mark.parametrize(
    "recipe", REFRESH, ids=lambda recipe: f"{recipe.format}-{recipe.prefix}-{recipe.identifier_claim}"
)
@many
@given(data=st.data())
def test_any_alteration_of_a_refresh_token_fails(
    shared_workshop: Workshop, recipe: TokenRecipe, data: st.DataObject
) -> None:
    token = shared_workshop.refresh_token(recipe)
    text = data.draw(st.composite(altered)(token))
    refusal = shared_workshop.refresh_refusal(text)
    assert (text == token and refusal is None) or refusal in FORGED


@many
@given(text=st.text(max_size=200))
def test_arbitrary_text_is_refused_and_nothing_else(shared_workshop: Workshop, text: str) -> None:
    assert shared_workshop.access_refusal(text) is Refusal.MALFORMED_TOKEN
    assert shared_workshop.refresh_refusal(text) in FORGED


@many
@given(header=st.binary(max_size=60), payload=st.binary(max_size=60), signature=st.binary(max_size=80))
def test_arbitrary_segments_are_refused_and_nothing_else(
    shared_workshop: Workshop, header: bytes, payload: bytes, signature: bytes
) -> None:
    text = ".".join(map(encode, (header, payload, signature)))
    assert shared_workshop.access_refusal(text) is Refusal.MALFORMED_TOKEN
    assert shared_workshop.refresh_refusal(text) in FORGED


@pytest.mark.parametrize("recipe", [AT_JWT, SEALED, REFERENCE, HANDLE, HEX_HANDLE, ENVELOPE])
def test_the_last_character_of_base64url_has_one_spelling(workshop: Workshop, recipe: TokenRecipe) -> None:
    token = workshop.refresh_token(recipe) if recipe in REFRESH else workshop.access_token(recipe)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_="
    others = [token[:-1] + last for last in alphabet if last != token[-1]]
    assert all(workshop.access_refusal(text) for text in others)
    assert all(workshop.refresh_refusal(text) for text in others)


def test_a_handle_cannot_be_printed_in_another_way(workshop: Workshop) -> None:
    bare = workshop.refresh_token(BARE_HANDLE)
    assert workshop.refresh_refusal(bare) is None
    assert workshop.refresh_refusal("drg_rt_" + bare) is Refusal.FORGED_REFRESH_TOKEN
    assert workshop.refresh_refusal(workshop.refresh_token(HANDLE).removeprefix("drg_rt_")) in FORGED
    assert workshop.refresh_refusal(workshop.refresh_token(HEX_HANDLE).upper()) in FORGED


def test_a_forged_refresh_token_is_refused_without_looking_anything_up(workshop: Workshop) -> None:
    for recipe in REFRESH:
        token = workshop.refresh_token(recipe)
        assert workshop.refresh_refusal(token[:-6] + "AAAAA" + token[-1]) in FORGED
    assert workshop.lookups == 0


@pytest.mark.parametrize("length", [8193, 1_000_000])
def test_a_token_beyond_the_cap_is_refused_before_it_is_split(workshop: Workshop, length: int) -> None:
    for text in ("." * length, "a" * length, "[" * (length - 4) + ".a.b"):
        assert workshop.access_refusal(text) is Refusal.MALFORMED_TOKEN
        assert workshop.refresh_refusal(text) is Refusal.MALFORMED_REFRESH_TOKEN


def test_deeply_nested_json_is_refused(workshop: Workshop) -> None:
    text = encode(b"[" * 3000) + "." + encode(b"{}") + "." + encode(b"x")
    assert workshop.access_refusal(text) is Refusal.MALFORMED_TOKEN


def test_a_reference_token_in_another_spelling_is_not_even_looked_up(workshop: Workshop) -> None:
    token = workshop.access_token(replace(REFERENCE, prefix="", encoding="guid"))
    for text in (token.upper(), token.replace("-", ""), "{" + token + "}", token + "\n"):
        if text != token:
            assert workshop.access_refusal(text) is Refusal.MALFORMED_TOKEN
    assert workshop.lookups == 0
    assert run(workshop.issuer.read_access_token(Secret(token))).client_id == "the client"
