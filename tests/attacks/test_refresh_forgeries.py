"""Only the exact token is one, and nothing that is stored could be presented: R15, R17, R30."""

import json
from base64 import urlsafe_b64decode
from contextlib import suppress
from pathlib import Path

import pytest
from joserfc.jwk import OctKey
from joserfc.jwt import encode

from tests.attacks.guarding import counted_work
from tests.attacks.harness import PASSWORD, START, Clock, Server, configuration_of, running
from tests.attacks.jose import segment
from tests.attacks.spelling import log_in, send

FORGERIES = (
    "alg none",
    "alg none with a signature",
    "another subject",
    "HS256 with a public key",
    "unknown kid",
    "no signature",
    "own signature",
)


def forgeries(server: Server, token: str) -> dict[str, str]:
    header, payload, signature = token.split(".")
    claims = json.loads(urlsafe_b64decode(payload + "=="))
    jwks = server.ask("GET", "/.well-known/jwks.json").document
    public = OctKey.import_key(json.dumps(jwks["keys"][0]))
    return {
        "alg none": f"{segment({'alg': 'none', 'typ': 'JWT'})}.{payload}.",
        "alg none with a signature": f"{segment({'alg': 'none', 'typ': 'JWT'})}.{payload}.{signature}",
        "another subject": f"{header}.{segment({**claims, 'user_id': 'other', 'user_name': 'other'})}.{signature}",
        "HS256 with a public key": encode({"alg": "HS256"}, claims, public),
        "unknown kid": f"{segment({'alg': 'HS256', 'kid': 'x'})}.{payload}.{signature}",
        "no signature": f"{header}.{payload}.",
        "own signature": encode({"alg": "HS256", "typ": "JWT"}, claims, OctKey.generate_key(256)),
    }


WITH_ENVELOPES = ("jmondi", "jmondi-1", "jmondi-4", "paymentiq", "spring-form-clients", "spring-security-oauth-2.5")


@pytest.mark.parametrize("dialect", WITH_ENVELOPES)
@pytest.mark.parametrize("forgery", FORGERIES)
def test_r15_a_forged_jwt_refresh_token_is_refused_and_ends_nothing(server: Server, dialect: str, forgery: str):
    client, owner = server.add_client(), server.add_owner()
    token = log_in(server, dialect, client, owner).document["refresh_token"]
    forged = forgeries(server, token)[forgery]
    with counted_work(server) as least:
        send(server, dialect, client, "wrong", grant_type="refresh_token", refresh_token=forged)
    with server.nothing_happens(), counted_work(server) as work:
        answer = send(server, dialect, client, grant_type="refresh_token", refresh_token=forged)
    assert answer.status in (400, 401)
    assert work.get("row", 0) <= least["row"], "neither a session nor a person is looked up: only the client"
    assert send(server, dialect, client, grant_type="refresh_token", refresh_token=token).status == 200


def mutations(token: str) -> list[str]:
    flipped = token[:-1] + ("A" if token[-1] != "A" else "B")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.find(token[-1])
    malleated = [token[:-1] + alphabet[last ^ bit] for bit in (1, 2, 3)] if last >= 0 else []
    return [
        token[:-1],
        token[1:],
        f"{token}A",
        f"{token}=",
        f"{token}==",
        f" {token}",
        f"{token} ",
        f"{token}\n",
        f"\t{token}",
        token.swapcase(),
        token.upper(),
        flipped,
        f"{token}\0",
        f"{token}%00",
        token.replace("_", "/", 1) + "x",
        token[: len(token) // 2],
        token * 2,
        f"{token}.",
        *malleated,
    ]


@pytest.mark.parametrize("dialect", ["standard", "jobspace", "jmondi", "paymentiq", "kabbage"])
def test_r17_only_the_exact_refresh_token_is_one(server: Server, dialect: str):
    client, owner = server.add_client(), server.add_owner()
    token = log_in(server, dialect, client, owner).document["refresh_token"]
    for mutation in mutations(token):
        if mutation.strip() == token and dialect == "jobspace":
            continue  # Laravel trims parameters
        with server.nothing_happens():
            answer = send(server, dialect, client, grant_type="refresh_token", refresh_token=mutation)
        assert answer.status in (400, 401), mutation
        assert server.introspect(client, mutation) == {"active": False}
    assert send(server, dialect, client, grant_type="refresh_token", refresh_token=token).status == 200


@pytest.mark.parametrize("dialect", ["standard", "jobspace", "jmondi", "paymentiq", "kabbage", "axosoft"])
def test_r17_only_the_exact_access_token_is_one(server: Server, dialect: str):
    client, owner = server.add_client(), server.add_owner()
    token = log_in(server, dialect, client, owner).document["access_token"]
    assert server.introspect(client, token)["active"] is True
    for mutation in mutations(token):
        assert server.introspect(client, mutation) == {"active": False}, mutation


def raw_forms(token: str) -> list[bytes]:
    """The token as text and, where it is an encoding, as the bytes that it spells."""
    forms = [token.encode()]
    body = token.partition("_")[2] if token.startswith("dg") else token
    with suppress(ValueError):
        forms.append(urlsafe_b64decode(body + "=" * (-len(body) % 4))[-16:])
    digits = token.replace("-", "").removeprefix("def50200")
    if all(digit in "0123456789abcdef" for digit in digits):
        forms += [bytes.fromhex(digits)[-16:], digits.encode()]
    return forms


def test_r30_a_stolen_database_holds_nothing_that_could_be_presented(tmp_path: Path):
    with running(configuration_of(tmp_path), Clock(START)) as server:
        client, owner = server.add_client(), server.add_owner()
        secrets = [server.secret_of(client), PASSWORD]
        tokens = []
        for dialect in ("standard", "jobspace", "jmondi", "paymentiq", "kabbage", "axosoft"):
            document = log_in(server, dialect, client, owner).document
            tokens += [document["access_token"], document.get("refresh_token", document["access_token"])]
        stored = b"".join(path.read_bytes() for path in tmp_path.glob("dragoman.db*"))
    stored += b"".join(path.read_bytes() for path in tmp_path.glob("dragoman.db*"))
    assert client.encode() in stored
    for secret in secrets:
        assert secret.encode() not in stored
    for token in tokens:
        for form in raw_forms(token):
            assert form not in stored, token
