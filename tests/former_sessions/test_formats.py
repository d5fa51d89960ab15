"""Refresh tokens of other servers as they themselves made them (vectors.json tells where each is from), and forgeries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from dragoman.core.model import FormerSession
from dragoman.core.scope import Scope
from dragoman.former_sessions.files import list_formats, load_format
from dragoman.former_sessions.format import FormerFault, FormerKey, FormerReader
from dragoman.importers.kind import list_kinds, load_session_kind
from tests.former_sessions import makers

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())
FILES = list_formats()
READ_WRITE = Scope(("read", "write"))
PASSPORT = {
    "client_id": "2", "refresh_token_id": "ab" * 40, "access_token_id": "cd" * 40, "scopes": ["read"], "user_id": 7,
    "expire_time": 4000000000,
}  # fmt: skip
JMONDI = {
    "client_id": "app", "access_token_id": "a", "refresh_token_id": "r", "scope": "read", "user_id": "7",
    "expire_time": 4000000000, "iat": 1700000000,
}  # fmt: skip
SPRING = {"user_name": "ann", "scope": ["read"], "ati": "a", "exp": 4000000000, "jti": "j", "client_id": "app"}


@pytest.fixture(scope="module")
def an_rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def reader(name: str, key: str | bytes | None, **more: Any) -> FormerReader:
    content = key.encode() if isinstance(key, str) else key
    return load_format(name, FILES).open_format(FormerKey(content=content, **more))


def read(name: str, key: str | bytes | None, token: str, **more: Any) -> Any:
    one = reader(name, key, **more)
    return one.read(token) if one.recognises(token) else None


# what the originals made


def test_what_the_original_software_encrypted_with_a_password_is_opened():
    vector = VECTORS["defuse"]
    sealed = bytes.fromhex(vector["sealed"])
    assert reader("passport", vector["password"]).opened(sealed) == vector["text"].encode()
    assert reader("passport", vector["password"] + "x").opened(sealed) is None


@pytest.mark.parametrize(("key", "token"), [("app_key", "refresh_token"), ("key", "with_key")])
def test_a_passport_token_says_whose_it_is(key: str, token: str):
    vector = VECTORS["passport"]
    found = read("passport", vector[key] + "\n", vector[token])
    assert found.identifier == vector["payload"]["refresh_token_id"]
    assert found.says == FormerSession(client_id="2", subject="7", scope=READ_WRITE, expires_at=4000000000)


def test_an_authorization_code_is_no_refresh_token():
    vector = VECTORS["passport"]
    assert read("passport", vector["app_key"], vector["code"]) is None


def test_a_jmondi_token_says_whose_it_is_and_its_access_token_is_none():
    vector = VECTORS["ts-oauth2-server"]
    found = read("ts-oauth2-server", vector["key"], vector["refresh_token"])
    row = vector["row"]
    assert found.identifier == row["refresh_token"]
    assert found.says == FormerSession(
        client_id=row["client_id"], subject=row["user_id"], scope=READ_WRITE, expires_at=4000000000
    )
    assert found.issued_at == 1795335672
    assert read("ts-oauth2-server", vector["key"], vector["access_token"]) is None


@pytest.mark.parametrize("name", ["hs256", "hs256_without_end", "rs256"])
def test_a_spring_token_says_whose_it_is_and_its_access_token_is_none(name: str):
    vector = VECTORS["spring-jwt"][name]
    found = read("spring-jwt", vector["key"], vector["refresh_token"])
    assert (found.says.client_id, found.says.subject, found.says.scope) == ("bo", "junhuh", READ_WRITE)
    assert (found.says.expires_at is None) == (name == "hs256_without_end")
    again = read("spring-jwt", vector["key"], vector["refreshed_refresh_token"])
    assert again.identifier == found.identifier, "a server that reuses its refresh tokens has one session"
    assert read("spring-jwt", vector["key"], vector["access_token"]) is None


def test_a_stored_spring_token_is_known_by_the_key_of_its_row():
    vector = VECTORS["spring-jdbc"]
    found = read("spring-jdbc", None, vector["refresh_token"])
    assert found.identifier == vector["oauth_refresh_token"][0]["token_id"]
    assert found.says is None


def test_a_django_token_is_known_by_itself():
    token = VECTORS["django"]["tokens"]["first"]
    found = read("django", None, token)
    assert (found.identifier, found.says) == (token, None)


def test_each_kind_of_source_lists_sessions_of_a_format_that_is_read():
    kinds = [kind for kind in map(load_session_kind, list_kinds()) if kind is not None]
    assert {kind.SESSION_FORMAT for kind in kinds} == {one for one in FILES if load_format(one, FILES).listed}


# what they never made


@pytest.mark.parametrize("place", [0, 8, 40, 80, 130, -1])
def test_one_changed_digit_is_a_forgery(place: int):
    token = makers.sealed(PASSPORT, password=False)
    changed = list(token)
    changed[place] = "0" if token[place] != "0" else "1"
    assert read("passport", makers.KEY_LINE, token) is not None
    assert read("passport", makers.KEY_LINE, "".join(changed)) is None


@pytest.mark.parametrize(
    "token", ["", "def50200", "def50200" * 20, makers.sealed(PASSPORT, password=False).upper(), "def50200" + "0" * 161]
)
def test_what_is_not_sealed_is_no_token(token: str):
    assert read("passport", makers.KEY_LINE, token) is None


@pytest.mark.parametrize(
    "payload",
    [
        b"[]", b"\xff", b"{}", b'{"client_id":"2","client_id":"3"}',
        *({**PASSPORT, name: wrong} for name, wrong in (
            ("client_id", None), ("client_id", True), ("client_id", -1), ("client_id", "x" * 513),
            ("refresh_token_id", 5), ("refresh_token_id", ""), ("user_id", None), ("user_id", 1.5), ("scopes", "read"),
            ("scopes", None), ("access_token_id", None), ("access_token_id", 5), ("scopes", [1]), ("scopes", ["a b"]), ("expire_time", "4000000000"), ("expire_time", 2**60),
            ("expire_time", True),
        )),
    ],
)  # fmt: skip
def test_a_payload_of_another_kind_is_no_token_whoever_sealed_it(payload: Any):
    assert read("passport", makers.KEY_LINE, makers.sealed(payload, password=False)) is None


def test_a_key_is_no_password_and_a_password_no_key():
    secret, line = makers.APP_KEY, makers.KEY_LINE
    assert read("passport", line, makers.sealed(PASSPORT, password=False)) is not None
    assert read("passport", line, makers.sealed(PASSPORT)) is None
    assert read("passport", makers.APP_KEY_LINE, makers.sealed(PASSPORT, password=False)) is None
    assert (reader("passport", line).slow, reader("passport", makers.APP_KEY_LINE).slow) == (False, True)
    assert read("passport", secret, makers.sealed(PASSPORT)) is not None, "a key without base64: is as it stands"


@pytest.mark.parametrize("key", ["", "\n", "base64:", "base64:!!!", "def00000" + "0" * 128])
def test_a_key_of_passport_that_cannot_be_used_is_told(key: str):
    with pytest.raises(FormerFault):
        reader("passport", key)
    with pytest.raises(FormerFault):
        reader("passport", makers.APP_KEY_LINE, issuer="https://old.example")


@pytest.mark.parametrize(("name", "claims"), [("spring-jwt", SPRING), ("ts-oauth2-server", JMONDI)])
def test_a_signature_by_anything_else_is_a_forgery(name: str, claims: dict[str, Any]):
    good = makers.jwt(claims)
    assert read(name, makers.SECRET, good) is not None
    head, payload, signature = good.split(".")
    other = makers.jwt({**claims, "client_id": "other"})
    assert other.split(".")[1] != payload
    for token in (
        makers.jwt(claims, "another secret that is long enough, too"), makers.jwt(claims, alg="none"),
        makers.jwt(claims, alg="HS512"), f"{head}.{payload}.", f"{head}.{payload}", f"{head}.{other.split('.')[1]}.{signature}",
        makers.jwt(claims, jku="https://evil.example"), makers.jwt(claims, crit=["exp"]), good + "=", "a.b.c",
    ):  # fmt: skip
        assert read(name, makers.SECRET, token) is None


@pytest.mark.parametrize(("name", "claims"), [("spring-jwt", SPRING), ("ts-oauth2-server", JMONDI)])
def test_m10_a_public_key_is_no_shared_key(name: str, claims: dict[str, Any], an_rsa_key: rsa.RSAPrivateKey):
    key = an_rsa_key
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    assert read(name, public, makers.rsa_jwt(claims, key)) is not None
    assert read(name, private, makers.rsa_jwt(claims, key)) is not None
    assert read(name, public, makers.jwt(claims, public.decode())) is None
    assert read(name, makers.SECRET, makers.rsa_jwt(claims, key)) is None


@pytest.mark.parametrize(
    ("name", "claims"),
    [
        *(("spring-jwt", {**SPRING, one: wrong}) for one, wrong in (
            ("ati", None), ("user_name", None), ("user_name", 7), ("client_id", 7), ("scope", "read"), ("exp", "soon"), ("jti", 5), ("client_id", ""))),
        *(("ts-oauth2-server", {**JMONDI, one: wrong}) for one, wrong in (
            ("refresh_token_id", None), ("user_id", None), ("client_id", 7), ("scope", ["read"]), ("scope", None), ("expire_time", None), ("iat", -1))),
    ],
)  # fmt: skip
def test_claims_of_another_kind_are_no_refresh_token(name: str, claims: dict[str, Any]):
    assert read(name, makers.SECRET, makers.jwt(claims)) is None


def test_what_an_original_leaves_out_is_missed_by_nobody():
    without_scope = {name: said for name, said in JMONDI.items() if name not in {"scope", "iat"}}
    found = read("ts-oauth2-server", makers.SECRET, makers.jwt({**without_scope, "user_id": 7}))
    assert (found.says.scope, found.says.subject, found.issued_at) == (Scope(), "7", None)
    without_end = {name: said for name, said in SPRING.items() if name != "exp"}
    assert read("spring-jwt", makers.SECRET, makers.jwt(without_end)).says.expires_at is None


def test_m10_another_issuer_is_refused_and_so_is_one_where_none_is_expected():
    mine = makers.jwt({**SPRING, "iss": "https://old.example"})
    assert read("spring-jwt", makers.SECRET, mine, issuer="https://old.example") is not None
    assert read("spring-jwt", makers.SECRET, mine) is None
    assert read("spring-jwt", makers.SECRET, mine, issuer="https://other.example") is None
    assert read("spring-jwt", makers.SECRET, makers.jwt(SPRING), issuer="https://old.example") is None


@pytest.mark.parametrize("before", [b"\n", b"\xef\xbb\xbf", b"Bag Attributes: <none>\n"])
def test_a_public_key_is_no_shared_key_wherever_it_begins_in_its_file(before: bytes, an_rsa_key: rsa.RSAPrivateKey):
    pem = before + an_rsa_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for name, claims in (("ts-oauth2-server", JMONDI), ("spring-jwt", SPRING)):
        assert read(name, pem, makers.jwt(claims, pem.decode())) is None
        assert read(name, pem, makers.rsa_jwt(claims, an_rsa_key)) is not None


@pytest.mark.parametrize("kind", ["JWK", "JWK after a mark", "DER"])
def test_a_public_key_in_another_format_is_told_and_no_shared_key(kind: str, an_rsa_key: rsa.RSAPrivateKey):
    jwk = b'{"kty":"RSA","n":"sXchDaQebHnPiGvyDOAT4saGEUetSyo9MKLOoWFsueri23bOdgWp4Dy1WlUzewbgBH","e":"AQAB"}'
    der = an_rsa_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    content = {"JWK": jwk, "JWK after a mark": b"\xef\xbb\xbf " + jwk, "DER": der}[kind]
    for name in ("ts-oauth2-server", "spring-jwt"):
        with pytest.raises(FormerFault, match="write it as PEM"):
            reader(name, content)


def test_a_weak_shared_key_needs_a_word_and_a_key_there_must_be():
    with pytest.raises(FormerFault, match="weak_key"):
        reader("spring-jwt", "short")
    assert read("spring-jwt", "short\r\n", makers.jwt(SPRING, "short"), weak=True) is not None
    with pytest.raises(FormerFault, match="key"):
        reader("spring-jwt", None)
    with pytest.raises(FormerFault):
        reader("ts-oauth2-server", "")


def test_an_rsa_key_that_cannot_be_used_is_told(an_rsa_key: rsa.RSAPrivateKey):
    small, locked = rsa.generate_private_key(65537, 1024), an_rsa_key
    for key in (
        small.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        locked.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"passphrase")),
        b"-----BEGIN PUBLIC KEY-----\nnothing\n-----END PUBLIC KEY-----\n",
    ):
        with pytest.raises(FormerFault):
            reader("spring-jwt", key)


@pytest.mark.parametrize("name", ["django", "spring-jdbc"])
def test_a_token_that_says_nothing_needs_no_key_and_some_length(name: str):
    for text in ("short", "x" * 513, "tab\tin the middle of it", makers.jwt(SPRING)):
        assert not reader(name, None).recognises(text)
    with pytest.raises(FormerFault):
        reader(name, "a key")
    with pytest.raises(FormerFault):
        reader(name, None, issuer="https://old.example")


def test_a_format_that_there_is_not_is_told_with_those_that_there_are():
    with pytest.raises(FormerFault, match="spring-jwt"):
        load_format("../passport", FILES)
