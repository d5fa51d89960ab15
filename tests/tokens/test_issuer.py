"""What is written is read again, by whichever recipe it was written."""

from __future__ import annotations

import hmac
import json
import re
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet
from joserfc.util import urlsafe_b64decode
from token_workshop import (
    ACCESS,
    AT_JWT,
    CLIENT,
    EDWARDS,
    ENVELOPE,
    GUID,
    HANDLE,
    HEX_HANDLE,
    LONG_ENVELOPE,
    LONG_ID,
    NOW,
    OPAQUE,
    REFERENCE,
    REFRESH,
    SEALED,
    SHARED_KEY,
    Workshop,
    jwt_recipe,
)

from dragoman.core.errors import Refusal, TokenTooLong
from dragoman.core.model import TokenId
from dragoman.core.rules import TokenRecipe
from dragoman.core.scope import Scope
from dragoman.core.secret import Secret
from dragoman.core.template_values import print_long_hex
from dragoman.tokens.format import TokenFault
from dragoman.tokens.identifiers import NO_GRANT, read_token_id
from dragoman.tokens.keyring import create_missing, load_keyring, verification_key
from dragoman.tokens.keys import KeyFault

if TYPE_CHECKING:
    from pathlib import Path


def decode(token: str, segment: int) -> bytes:
    return urlsafe_b64decode(token.split(".")[segment].encode())


@pytest.mark.parametrize("recipe", ACCESS)
def test_an_access_token_says_what_was_written_into_it(workshop: Workshop, recipe: TokenRecipe) -> None:
    facts = workshop.facts(workshop.grant(issued=7))
    read = workshop.read(workshop.access_token(recipe, facts))
    assert (read.id, read.grant_id, read.serial) == (facts.token_id, facts.grant.id, 7)
    assert (read.client_id, read.scope, read.expires_at) == ("the client", facts.scope, facts.expires_at)


@pytest.mark.parametrize("recipe", ACCESS)
def test_an_access_token_without_a_grant_says_so(workshop: Workshop, recipe: TokenRecipe) -> None:
    first, second = workshop.facts(), workshop.facts()
    assert first.token_id != second.token_id
    read = workshop.read(workshop.access_token(recipe, first))
    assert (read.id, read.grant_id, read.client_id) == (first.token_id, None, "the client")


@pytest.mark.parametrize("recipe", [AT_JWT, SEALED, REFERENCE, LONG_ID])
def test_a_token_without_scope_has_none(workshop: Workshop, recipe: TokenRecipe) -> None:
    assert workshop.read(workshop.access_token(recipe, workshop.facts(scope=Scope()))).scope == Scope()


def test_an_opaque_token_is_sealed_where_it_is_short_and_stored_where_it_is_not(workshop: Workshop) -> None:
    lengths = {}
    for size in range(1, 200):
        scope, before = Scope(("read", "x" * size)), len(workshop.rows)
        token = workshop.access_token(OPAQUE, workshop.facts(workshop.grant(), scope=scope))
        assert workshop.read(token).scope == scope
        lengths.setdefault(len(workshop.rows) > before, set()).add(len(token))
    assert lengths[True] == {len(OPAQUE.prefix) + 43}
    assert min(lengths[False]) > 100
    assert max(lengths[False]) in {254, 255}


@pytest.mark.parametrize("recipe", ACCESS)
def test_expiry_is_not_judged_here(workshop: Workshop, recipe: TokenRecipe) -> None:
    token = workshop.access_token(recipe)
    workshop.now += 10**9
    assert workshop.read(token).expires_at == NOW + 3600


def test_header_and_claims_keep_the_order_of_the_recipe_to_the_byte(workshop: Workshop) -> None:
    token = workshop.access_token(SHARED_KEY)
    assert decode(token, 0) == b'{"alg":"HS256","typ":"JWT"}'
    assert list(json.loads(decode(token, 1))) == ["user_name", "scope", "exp", "authorities", "jti", "client_id"]
    assert b'"user_name":"zo\xc3\xab/o\'neil"' in decode(token, 1)


def test_json_inside_the_token_is_escaped_where_the_recipe_says_so(workshop: Workshop) -> None:
    facts = workshop.facts(workshop.grant())
    token = workshop.access_token(LONG_ID, replace(facts, client=replace(CLIENT, id="é/1")))
    assert decode(token, 1).startswith(b'{"aud":"\\u00e9\\/1","jti":"')


def test_a_token_verifies_with_the_published_keys_and_nothing_more(workshop: Workshop) -> None:
    keys = KeySet.import_key_set(workshop.keyring.public_jwks(NOW))
    token = workshop.access_token(AT_JWT)
    read = joserfc_jwt.decode(token, keys, algorithms=["ES256"])
    assert read.header == {"typ": "at+jwt", "alg": "ES256", "kid": read.header["kid"]}
    assert read.claims["aud"] == "https://api.example"
    assert all(set(key) <= {"kty", "crv", "x", "y", "n", "e", "kid", "use", "alg"} for key in keys.as_dict()["keys"])


def test_hs256_verifies_with_the_shared_key_as_text(workshop: Workshop) -> None:
    shared = verification_key(workshop.keyring, "HS256", NOW)
    assert shared.shared
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", shared.text.reveal())
    message, signature = workshop.access_token(SHARED_KEY).rsplit(".", 1)
    computed = hmac.digest(shared.text.reveal().encode(), message.encode(), sha256)
    assert computed == urlsafe_b64decode(signature.encode())


def test_hs256_is_for_clients_that_are_named_for_it(workshop: Workshop) -> None:
    facts = workshop.facts(workshop.grant(), client=replace(CLIENT, shared_key_signature=False))
    token = workshop.access_token(SHARED_KEY, facts)
    assert json.loads(decode(token, 0)) == {"alg": "ES256", "typ": "JWT"}
    assert workshop.read(token).client_id == "the client"


def test_hs256_cannot_be_the_default(workshop: Workshop) -> None:
    with pytest.raises(TokenFault, match="named clients"):
        workshop.open(workshop.keyring, default_algorithm="HS256")


def test_rs256_and_eddsa_are_written_where_the_recipe_says_so(workshop: Workshop) -> None:
    assert json.loads(decode(workshop.access_token(LONG_ID), 0))["alg"] == "RS256"
    assert json.loads(decode(workshop.access_token(EDWARDS), 0))["alg"] == "EdDSA"


def test_a_constant_algorithm_in_the_header_gives_way_to_the_key(workshop: Workshop) -> None:
    recipe = jwt_recipe(
        {"alg": "HS256", "typ": "JWT"}, {"jti": "{token_id.guid}", "exp": "{expires_at}"}, identifier_claim="jti"
    )
    workshop.issuer = workshop.open(workshop.keyring, access_recipes=(recipe,))
    token = workshop.access_token(recipe)
    assert decode(token, 0) == b'{"alg":"ES256","typ":"JWT"}'
    assert workshop.read(token).client_id == ""


def test_a_token_that_looks_like_a_uuid_has_128_random_bits(workshop: Workshop) -> None:
    tokens = [workshop.access_token(GUID) for _ in range(200)]
    assert all(re.fullmatch(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", token) for token in tokens)
    assert len({token[14] for token in tokens}) > 8
    assert len({token[19] for token in tokens}) > 8


def test_the_row_of_a_reference_token_holds_nothing_of_it(workshop: Workshop) -> None:
    token = workshop.access_token(REFERENCE)
    (row,) = workshop.rows.values()
    assert len(token.removeprefix("drg_ot_")) == 43
    assert token.encode() not in row.digest
    assert len(row.digest) == 32
    assert (row.grant_id is not None, row.client_id, row.expires_at) == (True, "the client", NOW + 3600)


def test_a_sealed_token_shows_nothing_and_never_repeats(workshop: Workshop) -> None:
    facts = workshop.facts(workshop.grant())
    first, second = (workshop.access_token(SEALED, facts) for _ in range(2))
    assert first != second
    assert b"client" not in urlsafe_b64decode(first.removeprefix("drg_at_").encode())


@pytest.mark.parametrize("recipe", REFRESH)
def test_a_refresh_token_names_grant_and_generation(workshop: Workshop, recipe: TokenRecipe) -> None:
    grant = workshop.grant(generation=5)
    handle = workshop.issuer.read_refresh_token(Secret(workshop.refresh_token(recipe, grant)))
    assert (handle.grant_id, handle.generation) == (grant.id, 5)
    assert workshop.lookups == 0


@pytest.mark.parametrize("recipe", [HANDLE, HEX_HANDLE, LONG_ENVELOPE])
def test_the_same_generation_gives_the_same_refresh_token_later(workshop: Workshop, recipe: TokenRecipe) -> None:
    grant = workshop.grant(generation=5, rotated_at=NOW)
    first = workshop.refresh_token(recipe, grant)
    workshop.now += 20
    assert workshop.refresh_token(recipe, replace(grant, idle_expires_at=NOW + 9999)) == first
    assert workshop.refresh_token(recipe, replace(grant, generation=6)) != first


def test_handles_look_as_their_recipes_print_them(workshop: Workshop) -> None:
    assert re.fullmatch(r"drg_rt_[A-Za-z0-9_-]{67}", workshop.refresh_token(HANDLE))
    assert re.fullmatch(r"def50200[0-9a-f]{100}", workshop.refresh_token(HEX_HANDLE))
    assert decode(workshop.refresh_token(ENVELOPE), 0) == b'{"alg":"HS256","typ":"JWT"}'


@pytest.mark.parametrize("recipe", REFRESH)
def test_a_refresh_token_is_no_access_token(workshop: Workshop, recipe: TokenRecipe) -> None:
    assert workshop.access_refusal(workshop.refresh_token(recipe)) is Refusal.REFRESH_TOKEN_AS_ACCESS_TOKEN


@pytest.mark.parametrize("recipe", [AT_JWT, LONG_ID, SHARED_KEY, SEALED])
def test_an_access_token_is_no_refresh_token(workshop: Workshop, recipe: TokenRecipe) -> None:
    assert workshop.refresh_refusal(workshop.access_token(recipe)) is Refusal.NOT_A_REFRESH_TOKEN


@pytest.mark.parametrize("recipe", [REFERENCE, GUID])
def test_a_reference_token_is_no_refresh_token_and_is_not_looked_up(workshop: Workshop, recipe: TokenRecipe) -> None:
    assert workshop.refresh_refusal(workshop.access_token(recipe)) is Refusal.MALFORMED_REFRESH_TOKEN
    assert workshop.lookups == 0


def test_another_installation_refuses_every_token(workshop: Workshop, tmp_path: Path) -> None:
    create_missing(tmp_path / "keys", ("ES256", "RS256", "EdDSA", "HS256"), NOW)
    stranger = Workshop(load_keyring(tmp_path / "keys", NOW))
    assert all(stranger.access_refusal(workshop.access_token(recipe)) is Refusal.MALFORMED_TOKEN for recipe in ACCESS)
    assert all(stranger.refresh_refusal(workshop.refresh_token(recipe)) for recipe in REFRESH)


def test_identifiers_are_distinct_per_grant_serial_and_kind(workshop: Workshop) -> None:
    grants = [workshop.grant(issued=serial, generation=serial) for serial in range(100)]
    access = {workshop.issuer.access_token_id(grant, NOW) for grant in grants}
    refresh = {workshop.issuer.refresh_token_id(grant) for grant in grants}
    assert len(access | refresh) == 200
    grant = grants[0]
    serials = {workshop.issuer.access_token_id(replace(grant, issued=serial), NOW) for serial in range(1000)}
    assert len(serials) == 1000


def test_a_grant_that_ran_out_of_serials_is_a_fault_and_not_a_token_without_grant(workshop: Workshop) -> None:
    workshop.issuer.access_token_id(workshop.grant(issued=NO_GRANT - 1), NOW)
    with pytest.raises(OverflowError):
        workshop.issuer.access_token_id(workshop.grant(issued=NO_GRANT), NOW)


def test_an_identifier_with_a_wrong_tail_is_none() -> None:
    text = print_long_hex(TokenId(b"0123456789abcdef"))
    assert read_token_id(text) == b"0123456789abcdef"
    assert read_token_id(text[:-1] + ("0" if text[-1] != "0" else "1")) is None
    assert read_token_id(text.upper()) is None


def test_a_token_longer_than_the_cap_is_never_issued(workshop: Workshop) -> None:
    facts = workshop.facts(workshop.grant(), scope=Scope(tuple(f"scope-{number}" for number in range(2000))))
    with pytest.raises(TokenTooLong):
        workshop.access_token(AT_JWT, facts)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"access_recipes": (TokenRecipe(format="paseto"),)}, "no token format 'paseto'"),
        ({"refresh_recipes": (TokenRecipe(format="sealed"),)}, "no token format 'sealed'"),
        ({"access_recipes": (replace(AT_JWT, identifier_claim=None),)}, "identifier"),
        ({"access_recipes": (replace(AT_JWT, algorithm="HS512"),)}, "HS512"),
        ({"refresh_recipes": (replace(ENVELOPE, identifier_claim="sid"),)}, "identifier"),
        ({"refresh_recipes": (replace(HANDLE, encoding="guid"),)}, "encoding guid"),
        ({"access_recipes": (replace(SEALED, encoding="guid"),)}, "encoding guid"),
    ],
)
def test_a_recipe_that_could_not_be_read_again_is_told_at_the_start(
    workshop: Workshop, changes: dict[str, object], fault: str
) -> None:
    with pytest.raises(TokenFault, match=fault):
        workshop.open(workshop.keyring, **changes)


def test_a_recipe_without_a_key_is_told_at_the_start(workshop: Workshop) -> None:
    keys = tuple(key for key in workshop.keyring.keys if key.algorithm != "RS256")
    with pytest.raises(KeyFault, match="no RS256 key"):
        workshop.open(replace(workshop.keyring, keys=keys))


def test_a_client_credentials_grant_has_no_refresh_token(workshop: Workshop) -> None:
    with pytest.raises(TokenFault, match="needs a grant"):
        workshop.issuer.write_refresh_token(HANDLE, workshop.facts())
