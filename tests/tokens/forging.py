"""Tokens as a forger writes them, with tools that are good."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING

from joserfc import jws
from joserfc.jwk import ECKey, OctKey
from joserfc.util import urlsafe_b64decode
from token_workshop import (
    AT_JWT,
    NOW,
    Workshop,
)

from dragoman.core.errors import Refusal
from dragoman.tokens.keys import Purpose

if TYPE_CHECKING:
    from dragoman.tokens.keys import Key

FORGED = {Refusal.MALFORMED_REFRESH_TOKEN, Refusal.FORGED_REFRESH_TOKEN}


def encode(value: object) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return urlsafe_b64encode(text).rstrip(b"=").decode()


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
