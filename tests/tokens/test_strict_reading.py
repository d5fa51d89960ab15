"""Any alteration of any token fails (attacks J02 to J06, J10, R15, R17)."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, OctKey
from joserfc.util import urlsafe_b64decode
from token_workshop import (
    ACCESS,
    AT_JWT,
    BARE_HANDLE,
    ENVELOPE,
    HANDLE,
    HEX_HANDLE,
    NOW,
    REFERENCE,
    REFRESH,
    SEALED,
    Workshop,
    run,
)

from dragoman.core.errors import Refusal
from dragoman.core.secret import Secret
from dragoman.tokens.keyring import public_jwks
from dragoman.tokens.keys import Purpose

if TYPE_CHECKING:
    from dragoman.core.rules import TokenRecipe
    from dragoman.tokens.keys import Key

CHARACTERS = st.sampled_from("ABCXYZabcxyz0129-_.=+/ \n\t\0é~")
FORGED = {Refusal.MALFORMED_REFRESH_TOKEN, Refusal.FORGED_REFRESH_TOKEN}
many = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def encode(value: object) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return urlsafe_b64encode(text).rstrip(b"=").decode()


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


def claims(workshop: Workshop) -> dict[str, object]:
    payload = workshop.access_token(AT_JWT).split(".")[1]
    return json.loads(urlsafe_b64decode(payload.encode()))


def forge(header: dict[str, object], payload: dict[str, object], key: ECKey | OctKey) -> str:
    registry = jws.JWSRegistry(algorithms=[str(header["alg"])], strict_check_header=False)
    return jws.serialize_compact(header, json.dumps(payload).encode(), key, registry=registry)


def own_key(workshop: Workshop, algorithm: str) -> Key:
    return workshop.keyring.signing_key(Purpose.ACCESS, algorithm, NOW)


def sign_raw(workshop: Workshop, header: bytes, payload: bytes) -> str:
    """Signed by the server's own key, whatever the header says: only strictness is left to refuse it."""
    message = f"{encode(header)}.{encode(payload)}".encode()
    model = jws.JWSRegistry.algorithms["ES256"]
    return f"{message.decode()}.{encode(model.sign(message, own_key(workshop, 'ES256').jose))}"


def test_the_forging_tools_of_these_tests_make_good_tokens_when_nothing_is_wrong(workshop: Workshop) -> None:
    key = own_key(workshop, "ES256")
    good = {"typ": "at+jwt", "alg": "ES256", "kid": key.kid}
    assert workshop.access_refusal(forge(good, claims(workshop), key.jose)) is None
    text = sign_raw(workshop, json.dumps(good).encode(), json.dumps(claims(workshop)).encode())
    assert workshop.access_refusal(text) is None


def test_hs256_with_a_public_key_as_its_secret_is_refused(workshop: Workshop) -> None:
    public = own_key(workshop, "ES256").jose
    forms = [
        public.as_pem(private=False),
        public.as_der(private=False),
        json.dumps(public_jwks(workshop.keyring, NOW)["keys"][0]).encode(),
        json.dumps(public_jwks(workshop.keyring, NOW)).encode(),
    ]
    for secret in forms:
        for header in ({"alg": "HS256", "kid": own_key(workshop, "ES256").kid}, {"alg": "HS256"}):
            text = f"{encode(header)}.{encode(claims(workshop))}"
            signature = jws.JWSRegistry.algorithms["HS256"].sign(text.encode(), OctKey(secret, secret))
            forged = f"{text}.{encode(signature)}"
            assert workshop.access_refusal(forged) is Refusal.MALFORMED_TOKEN
            assert workshop.refresh_refusal(forged) is Refusal.FORGED_REFRESH_TOKEN


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", ""])
def test_an_unsigned_token_is_refused(workshop: Workshop, algorithm: str) -> None:
    for signature in ("", encode(b"x" * 64)):
        text = f"{encode({'alg': algorithm})}.{encode(claims(workshop))}.{signature}"
        assert workshop.access_refusal(text) is Refusal.MALFORMED_TOKEN
        assert workshop.refresh_refusal(text) in FORGED


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("jwk", {"kty": "oct", "k": "AAAA"}),
        ("jku", "https://attacker.example/keys"),
        ("x5u", "https://attacker.example/cert"),
        ("x5c", ["AAAA"]),
        ("crit", ["exp"]),
        ("crit", ["kid"]),
        ("crit", []),
        ("b64", False),
        ("b64", True),
        ("zip", "DEF"),
        ("cty", "JWT"),
        ("p2c", 2**31),
        ("anything", 1),
    ],
)
def test_a_header_that_brings_keys_or_instructions_is_refused(workshop: Workshop, member: str, value: object) -> None:
    header = {"typ": "at+jwt", "alg": "ES256", "kid": own_key(workshop, "ES256").kid, member: value}
    text = sign_raw(workshop, json.dumps(header).encode(), json.dumps(claims(workshop)).encode())
    assert workshop.access_refusal(text) is Refusal.MALFORMED_TOKEN


@pytest.mark.parametrize(
    "kid", ["../../dev/null", "' OR 1=1--", "A" * 5000, "", 1, 1.5, None, True, ["a"], {"a": 1}, "\0", "é"]
)
def test_a_kid_that_names_none_of_our_keys_is_refused(workshop: Workshop, kid: object) -> None:
    text = sign_raw(workshop, json.dumps({"alg": "ES256", "kid": kid}).encode(), json.dumps(claims(workshop)).encode())
    assert workshop.access_refusal(text) is Refusal.MALFORMED_TOKEN


def test_a_kid_of_another_algorithm_is_refused(workshop: Workshop) -> None:
    header = {"alg": "ES256", "kid": own_key(workshop, "RS256").kid}
    text = sign_raw(workshop, json.dumps(header).encode(), json.dumps(claims(workshop)).encode())
    assert workshop.access_refusal(text) is Refusal.MALFORMED_TOKEN


def test_a_stranger_with_our_kid_is_refused(workshop: Workshop) -> None:
    header = {"alg": "ES256", "kid": own_key(workshop, "ES256").kid}
    assert workshop.access_refusal(forge(header, claims(workshop), ECKey.generate_key())) is Refusal.MALFORMED_TOKEN


@pytest.mark.parametrize(
    "header",
    [
        b'{"alg":"ES256","alg":"ES256"}',
        b'{"alg":"none","alg":"ES256"}',
        b'{"alg":"ES256"} ',
        b'\xef\xbb\xbf{"alg":"ES256"}',
        b'{"alg":"ES256"}{}',
        b'["ES256"]',
        b'"ES256"',
        b'{"alg":"ES256","typ":NaN}',
        b'{"alg":"ES256","typ":"\xff"}',
        b'{"alg":["ES256"]}',
        b'{"typ":"at+jwt"}',
        b"",
    ],
)
def test_a_header_that_is_not_strict_json_is_refused(workshop: Workshop, header: bytes) -> None:
    refusal = workshop.access_refusal(sign_raw(workshop, header, json.dumps(claims(workshop)).encode()))
    if header.endswith(b"} "):  # white space is JSON
        assert refusal is None
    else:
        assert refusal is Refusal.MALFORMED_TOKEN


@pytest.mark.parametrize(
    "change",
    [
        {"exp": "1700003600"},
        {"exp": True},
        {"exp": 1.5},
        {"exp": None},
        {"jti": "short"},
        {"jti": 5},
        {"client_id": ["the client"]},
        {"scope": 5},
        {"scope": ["read", 5]},
        {"unknown": 1},
    ],
)
def test_claims_that_we_would_not_write_are_refused_even_when_signed(
    workshop: Workshop, change: dict[str, object]
) -> None:
    text = sign_raw(workshop, b'{"alg":"ES256"}', json.dumps({**claims(workshop), **change}).encode())
    assert workshop.access_refusal(text) is Refusal.MALFORMED_TOKEN


@pytest.mark.parametrize("missing", ["exp", "jti", "client_id"])
def test_claims_without_what_is_needed_are_refused_even_when_signed(workshop: Workshop, missing: str) -> None:
    rest = {name: value for name, value in claims(workshop).items() if name != missing}
    assert workshop.access_refusal(sign_raw(workshop, b'{"alg":"ES256"}', json.dumps(rest).encode()))


@pytest.mark.parametrize("payload", [b"[]", b"null", b'{"exp":1,"exp":2}', b'{"a":{"b":1,"b":2}}', b"{", b"\xff", b""])
def test_a_payload_that_is_not_strict_json_is_refused_even_when_signed(workshop: Workshop, payload: bytes) -> None:
    assert workshop.access_refusal(sign_raw(workshop, b'{"alg":"ES256"}', payload)) is Refusal.MALFORMED_TOKEN


def test_an_edited_envelope_is_forged_and_nobody_is_looked_up(workshop: Workshop) -> None:
    header, payload, signature = workshop.refresh_token(ENVELOPE).split(".")
    edited = {**json.loads(urlsafe_b64decode(payload.encode())), "user_name": "admin"}
    assert workshop.refresh_refusal(f"{header}.{encode(edited)}.{signature}") is Refusal.FORGED_REFRESH_TOKEN
    assert workshop.refresh_refusal(f"{encode({'alg': 'HS256', 'kid': 'x'})}.{payload}.{signature}") in FORGED
    assert workshop.lookups == 0


def test_an_envelope_signed_with_the_shared_access_token_key_is_forged(workshop: Workshop) -> None:
    payload = json.loads(urlsafe_b64decode(workshop.refresh_token(ENVELOPE).split(".")[1].encode()))
    text = forge({"alg": "HS256", "typ": "JWT"}, payload, own_key(workshop, "HS256").jose)
    assert workshop.refresh_refusal(text) is not None
    assert workshop.access_refusal(text) is not None


def test_a_reference_token_in_another_spelling_is_not_even_looked_up(workshop: Workshop) -> None:
    token = workshop.access_token(replace(REFERENCE, prefix="", encoding="guid"))
    for text in (token.upper(), token.replace("-", ""), "{" + token + "}", token + "\n"):
        if text != token:
            assert workshop.access_refusal(text) is Refusal.MALFORMED_TOKEN
    assert workshop.lookups == 0
    assert run(workshop.issuer.read_access_token(Secret(token))).client_id == "the client"
