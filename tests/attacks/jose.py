"""Tokens as forgers write them, and as the server would with its own keys."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

from joserfc.jws import JWSRegistry, serialize_compact

from dragoman.tokens.keyring import load_keyring
from dragoman.tokens.keys import Key, Purpose
from tests.attacks.harness import Server

INACTIVE = {"active": False}


def segment(value: bytes | object) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return urlsafe_b64encode(text).rstrip(b"=").decode()


def claims_of(token: str) -> dict[str, object]:
    return json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))


def header_of(token: str) -> dict[str, object]:
    return json.loads(urlsafe_b64decode(token.partition(".")[0] + "=="))


def sign_as(algorithm: str, key: object, header: dict[str, object], payload: bytes) -> str:
    registry = JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    registry.max_payload_length = 10**7
    registry.max_header_length = 10**7
    return serialize_compact({**header, "alg": algorithm}, payload, key, registry=registry)


def sign_with_bytes(secret: bytes, header: dict[str, object], payload: bytes) -> str:
    """HS256 with a key that no library takes for one."""
    signing_input = f"{segment({**header, 'alg': 'HS256'})}.{segment(payload)}"
    return f"{signing_input}.{segment(hmac.digest(secret, signing_input.encode(), 'sha256'))}"


def own_key(server: Server, algorithm: str = "ES256") -> Key:
    """The very key that the server signs with, which no attacker has."""
    keyring = load_keyring(server.configuration.path(server.configuration.keys), server.clock())
    return keyring.signing_key(Purpose.ACCESS, algorithm, server.clock())


def assert_worthless(server: Server, client: str, token: str) -> None:
    assert server.introspect(client, token) == INACTIVE
    assert server.ask("GET", "/resource", headers=[("Authorization", f"Bearer {token}")]).status == 401
