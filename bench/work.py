"""What is measured, by the name that it has in the table."""

from __future__ import annotations

from enum import StrEnum


class Work(StrEnum):
    """One kind of request."""

    PASSWORD = "password grant"
    CLIENT_CREDENTIALS = "client credentials, JWT"
    CLIENT_CREDENTIALS_OPAQUE = "client credentials, opaque"
    REFRESH = "refresh with rotation"
    INTROSPECTION_JWT = "introspection, JWT"
    INTROSPECTION_OPAQUE = "introspection, opaque"
    REVOCATION = "revocation"
    KEYS = "JWKS"
    METADATA = "metadata"
    BARE = "bare ASGI"


ARGON2 = {"memory_kib": 19456, "iterations": 2, "parallelism": 1}
"""The cost of a password hash, the same for each system that hashes."""
USERNAME = "ann"
PASSWORD = "correct horse battery 1"
CLIENT_ID = "bench-app"
CLIENT_SECRET = "bench-secret-of-32-characters-or-more"
SCOPE = "read"
