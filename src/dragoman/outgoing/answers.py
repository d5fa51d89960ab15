"""What the answers of another server say, and the JWTs in them; whoever gave them vouches for them (RFC 7519)."""

from __future__ import annotations

import binascii
import json
import re
from base64 import urlsafe_b64decode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.dialects.wire import WireResponse

_JWT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)


def headers_of(response: WireResponse) -> Mapping[str, str]:
    """The first line of each name, which is in lower case."""
    headers: dict[str, str] = {}
    for name, value in response.headers:
        headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    return headers


class UnreadableJwt(ValueError):
    """A text with the look of a JWT that says nothing."""


def members_of(body: bytes) -> Mapping[str, object] | None:
    """The members of a JSON object, in order; None where it is none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def is_jwt(value: object) -> bool:
    """Whether it has the look of a signed JWT."""
    return isinstance(value, str) and _JWT.fullmatch(value) is not None


def header_of(jwt: str) -> Mapping[str, object]:
    """The header's members in order. Raises UnreadableJwt."""
    return _object(jwt.partition(".")[0])


def claims_of(jwt: str) -> Mapping[str, object]:
    """The claims in order. Raises UnreadableJwt."""
    return _object(jwt.split(".")[1])


def _object(segment: str) -> Mapping[str, object]:
    try:
        value = json.loads(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise UnreadableJwt("not an object in base64url") from error
    if not isinstance(value, dict):
        raise UnreadableJwt("not an object")
    return value
