"""Tokens, forged and foreign: J02 to J10."""

import json
import socket
from base64 import urlsafe_b64decode
from collections.abc import Iterator

import pytest
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

from tests.attacks.harness import Server
from tests.attacks.jose import (
    INACTIVE,
    assert_worthless,
    claims_of,
    header_of,
    own_key,
    segment,
    sign_as,
    sign_with_bytes,
)
from tests.attacks.spelling import log_in


@pytest.fixture
def access(server: Server) -> tuple[str, str]:
    client = server.add_client()
    return client, server.log_in(client, server.add_owner()).document["access_token"]


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """Where a key would be fetched, by whoever does such things."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


def public_forms(server: Server) -> dict[str, bytes]:
    forms = {}
    for key in server.ask("GET", "/.well-known/jwks.json").document["keys"]:
        jose = ECKey.import_key(key) if key["kty"] == "EC" else RSAKey.import_key(key)
        forms |= {
            f"{key['alg']} PEM": jose.as_pem(private=False),
            f"{key['alg']} PEM without the last line break": jose.as_pem(private=False).strip(),
            f"{key['alg']} DER": jose.as_der(private=False),
            f"{key['alg']} JWK": json.dumps(key).encode(),
            f"{key['alg']} kid": key["kid"].encode(),
        }
    return forms


def test_j02_no_public_key_is_a_shared_key(server: Server, access: tuple[str, str]):
    client, token = access
    for name, secret in public_forms(server).items():
        for header in (header_of(token), {"typ": "JWT"}, {"typ": "at+jwt", "kid": header_of(token)["kid"]}):
            forged = sign_with_bytes(secret, header, json.dumps(claims_of(token)).encode())
            assert server.introspect(client, forged) == INACTIVE, name


def test_j02_the_algorithm_is_the_keys_and_not_the_headers(server: Server, access: tuple[str, str]):
    client, token = access
    payload = json.dumps(claims_of(token)).encode()
    rsa = own_key(server, "RS256")
    for kid in (header_of(token)["kid"], rsa.kid):
        forged = sign_as("RS512", rsa.jose, {"typ": "at+jwt", "kid": kid}, payload)
        assert_worthless(server, client, forged)
    assert_worthless(
        server, client, sign_as("RS256", rsa.jose, {"typ": "at+jwt", "kid": header_of(token)["kid"]}, payload)
    )


@pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c", "x5t"])
def test_j03_a_key_that_a_token_brings_along_is_no_key(
    server: Server, access: tuple[str, str], listening: socket.socket, member: str
):
    client, token = access
    attacker = ECKey.generate_key("P-256")
    public = {name: str(value) for name, value in attacker.as_dict(private=False).items()}
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/keys"
    value = {"jwk": public, "jku": url, "x5u": url, "x5c": ["MIIB"], "x5t": "AA"}[member]
    payload = json.dumps(claims_of(token)).encode()
    for kid in ({}, {"kid": attacker.thumbprint()}, {"kid": header_of(token)["kid"]}):
        forged = sign_as("ES256", attacker, {"typ": "at+jwt", **kid, member: value}, payload)
        assert_worthless(server, client, forged)
    ours = sign_as("ES256", own_key(server).jose, {**header_of(token), member: value}, payload)
    assert_worthless(server, client, ours)
    with pytest.raises(BlockingIOError):  # nobody has come for a key
        listening.accept()


KIDS = ("../../dev/null", "' OR 1=1--", "/dev/null", "x" * 5000, 1, 1.5, ["a"], {"a": 1}, None, True, "", "\0")


@pytest.mark.parametrize("kid", KIDS, ids=[str(kid)[:12] for kid in KIDS])
def test_j04_an_unknown_kid_finds_no_key_and_tries_none(server: Server, access: tuple[str, str], kid: object):
    client, token = access
    signature = token.rpartition(".")[2]
    payload = json.dumps(claims_of(token)).encode()
    assert_worthless(server, client, f"{segment({**header_of(token), 'kid': kid})}.{segment(payload)}.{signature}")
    if isinstance(kid, str):
        assert_worthless(server, client, sign_as("ES256", own_key(server).jose, {"typ": "at+jwt", "kid": kid}, payload))


def test_j04_two_kids_are_none(server: Server, access: tuple[str, str]):
    client, token = access
    header = json.dumps(header_of(token))[:-1] + ',"kid":"x"}'
    _, payload, signature = token.split(".")
    assert_worthless(server, client, f"{segment(header.encode())}.{payload}.{signature}")


INSTRUCTIONS = (
    {"crit": ["x"], "x": 1},
    {"crit": ["exp"]},
    {"crit": []},
    {"b64": False},
    {"b64": True},
    {"zip": "DEF"},
    {"cty": "JWT"},
    {"enc": "A128GCM"},
)


@pytest.mark.parametrize("more", INSTRUCTIONS)
def test_j05_instructions_in_a_header_are_refused_even_under_our_own_signature(
    server: Server, access: tuple[str, str], more: dict[str, object]
):
    client, token = access
    key = own_key(server)
    header = {**header_of(token), **more}
    signing_input = f"{segment(header)}.{token.split('.')[1]}"
    model = JWSRegistry(algorithms=["ES256"]).get_alg("ES256")  # joserfc itself would not write such headers
    signature = model.sign(signing_input.encode(), key.jose)
    assert_worthless(server, client, f"{signing_input}.{segment(signature)}")


@pytest.mark.parametrize(
    "token",
    [
        "." * 20_000,
        "a." * 10_000,
        "x" * 20_000,
        "e30." + "A" * 20_000 + ".AA",
        segment(b"[" * 5_000) + ".e30.AA",
        "..",
        "",
        ".",
    ],
    ids=range(8),
)
def test_j06_an_immense_or_empty_token_is_refused_before_it_is_read(server: Server, token: str):
    client = server.add_client()
    for path in ("/oauth2/introspect", "/oauth2/revoke"):
        with server.nothing_happens():
            answer = server.form(path, {**server.credentials(client), "token": token})
        assert answer.status in (200, 400)
    assert server.ask("GET", "/resource", headers=[("Authorization", f"Bearer {token * 10}")]).status in (400, 401)
    with server.nothing_happens():
        assert server.refresh(client, token).status == 400


def test_j06_a_token_longer_than_8_kib_is_refused_even_under_our_own_signature(server: Server, access: tuple[str, str]):
    client, token = access

    def with_scope_told(times: int) -> str:
        claims = claims_of(token)
        claims["scope"] = " ".join([str(claims["scope"])] * times)
        return sign_as(
            "ES256", own_key(server).jose, header_of(token), json.dumps(claims, separators=(",", ":")).encode()
        )

    assert server.introspect(client, with_scope_told(300))["active"] is True
    assert_worthless(server, client, with_scope_told(800))


AUDIENCES = (
    (("backoffice_api",), 200),
    (("a", "backoffice_api"), 200),
    (("other",), 403),
    (("backoffice",), 403),
    (("backoffice_api/",), 403),
)


def test_j09_a_token_for_another_audience_is_refused(server: Server):
    owner = server.add_owner()
    path = "/paymentiq/paymentiq/admin/v1/me"
    for audience, status in AUDIENCES:
        client = server.add_client(audience=audience)
        token = log_in(server, "paymentiq", client, owner).document["access_token"]
        assert server.ask("GET", path, headers=[("Authorization", f"Bearer {token}")]).status == status, audience


def spoilt(payload: bytes) -> dict[str, bytes]:
    text = payload.decode()
    return {
        "a doubled member": text.replace("{", '{"exp":9999999999,', 1).encode(),
        "not UTF-8": payload[:-1] + b',"x":"\xff"}',
        "trailing bytes": payload + b"{}",
        "an array": b"[" + payload + b"]",
        "NaN": text.replace("{", '{"x":NaN,', 1).encode(),
        "a byte order mark": b"\xef\xbb\xbf" + payload,
        "another claim": text.replace("{", '{"admin":true,', 1).encode(),
        "exp as text": json.dumps({**json.loads(payload), "exp": "9999999999"}).encode(),
        "exp as a fraction": json.dumps({**json.loads(payload), "exp": 9e9}).encode(),
        "exp as true": json.dumps({**json.loads(payload), "exp": True}).encode(),
        "no exp": json.dumps({name: value for name, value in json.loads(payload).items() if name != "exp"}).encode(),
    }


def test_j10_base64_that_we_would_not_write_is_refused_even_under_our_own_signature(
    server: Server, access: tuple[str, str]
):
    client, token = access
    head, payload, _ = token.split(".")
    padded = payload + "=" * (-len(payload) % 4)
    inputs = [f"{head}=.{payload}", f"{head}.{padded}=", f"{head}.{payload}\n", f"{head}\n.{payload}", f" {head}.{payload}",
              f"{head}.{payload[:4]} {payload[4:]}", f"{head}.{payload}A"]  # fmt: skip
    model, key = JWSRegistry(algorithms=["ES256"]).get_alg("ES256"), own_key(server).jose

    def signed(signing_input: str) -> str:
        return f"{signing_input}.{segment(model.sign(signing_input.encode(), key))}"

    assert server.introspect(client, signed(f"{head}.{payload}"))["active"] is True
    for one in inputs:
        assert server.introspect(client, signed(one)) == INACTIVE, one


@pytest.mark.parametrize("kind", spoilt(b"{}"))
def test_j10_a_payload_that_we_would_not_write_is_refused_even_under_our_own_signature(
    server: Server, access: tuple[str, str], kind: str
):
    client, token = access
    payload = urlsafe_b64decode(token.split(".")[1] + "==")
    key = own_key(server)
    assert server.introspect(client, sign_as("ES256", key.jose, header_of(token), payload))["active"] is True
    assert_worthless(server, client, sign_as("ES256", key.jose, header_of(token), spoilt(payload)[kind]))
