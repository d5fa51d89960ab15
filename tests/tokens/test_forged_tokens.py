"""Only our own key signs a token, and not even it signs what we would not write (attacks J02 to J05, J10, R15)."""

from __future__ import annotations

import json

import pytest
from forging import FORGED, claims, encode, forge, own_key, sign_raw
from joserfc import jws
from joserfc.jwk import ECKey, OctKey
from joserfc.util import urlsafe_b64decode
from token_workshop import (
    ENVELOPE,
    NOW,
    Workshop,
)

from dragoman.core.errors import Refusal


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
        json.dumps(workshop.keyring.public_jwks(NOW)["keys"][0]).encode(),
        json.dumps(workshop.keyring.public_jwks(NOW)).encode(),
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
