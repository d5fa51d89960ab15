"""Client secrets: a keyed digest, since what is generated has 256 bits and needs no slow hash.

Imported ones may be slow hashes (docs/adr/imported-client-secrets.md).
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.core.base64url import base64url
from dragoman.core.mac import Mac
from dragoman.core.model import Sender
from dragoman.core.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.core.ports import HungUp
    from dragoman.hashing.pool import PasswordHasher

_SCHEME = "hmac-sha256$"
_ENDING = "until$"
"""Before the epoch seconds, `$` and what is stored of a secret that ends."""
_TIME = re.compile(r"[0-9]{1,18}")
_KEY_BYTES = 32
_RANDOM_BYTES = 32
_DIGEST_CHARACTERS = 43
_NOBODY = Sender()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSecret:
    """A secret to show once, and what to store of it."""

    secret: Secret
    stored: str


def ending(stored: str, end: int) -> str:
    """What to store in its place of a secret that is refused from `end` on, in epoch seconds, or earlier if it was."""
    rest, until = without_end(stored)
    return f"{_ENDING}{end if until is None else min(end, until)}${rest}"


def without_end(stored: str) -> tuple[str, int | None]:
    """The stored form of a secret as such, and from when on it is refused, in epoch seconds; None is never."""
    mark, rest = stored[: len(_ENDING)], stored[len(_ENDING) :]
    until, separator, inner = rest.partition("$")
    if mark != _ENDING or not separator or not _TIME.fullmatch(until):
        return stored, None
    return inner, int(until)


class ClientSecretHasher:
    """Checks and makes client secrets."""

    def __init__(
        self,
        key: bytes,
        passwords: PasswordHasher,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """`key` keys the digests; `passwords` checks the slow hashes that came with imported clients."""
        if len(key) < _KEY_BYTES:
            raise ValueError(f"the key of client secrets needs {_KEY_BYTES} bytes")
        self._mac = Mac(key)
        self._passwords = passwords
        self._random_bytes = random_bytes
        self._nothing = self._digest(b"")
        self._remembered: dict[str, bytes] = {}
        """For each slow hash that was matched, the digest of what matched it."""

    async def matches(
        self, stored: tuple[str, ...], sent: Secret, now: int, sender: Sender = _NOBODY, hung_up: HungUp = None
    ) -> bool:
        """Whether the secret is one of those stored; one digest, whoever asks. An empty secret is none.

        Those that end are tried when nothing else matches, unless they have ended `now`, and so are imported slow
        hashes. Refuses `temporarily_unavailable` as their pool does.
        """
        digest = self._digest(sent.reveal().encode("utf-8", "surrogatepass")).encode()
        found = False
        for one in stored or (self._nothing,):
            found |= hmac.compare_digest(one.encode("utf-8", "surrogatepass"), digest)
        if not sent or found:
            return found and bool(sent)
        for one in stored:
            if one.startswith(_SCHEME):
                continue
            rest, until = without_end(one)
            if until is not None and until <= now:
                continue
            if rest.startswith(_SCHEME):
                if hmac.compare_digest(rest.encode("utf-8", "surrogatepass"), digest):
                    return True
            elif await self._matches_slow(rest, sent, digest, sender.address, hung_up):
                return True
        return False

    async def _matches_slow(self, stored: str, sent: Secret, digest: bytes, address: str, hung_up: HungUp) -> bool:
        """The slow hash is computed until it was matched once in this process: from then on it is known what matches.

        Else each request of such a client, a refresh as well, would take a place among the log-ins.
        """
        remembered = self._remembered.get(stored)
        if remembered is not None:
            return hmac.compare_digest(remembered, digest)
        if not await self._passwords.matches(stored, sent, address, hung_up):
            return False
        self._remembered[stored] = digest
        return True

    def new_secret(self) -> NewSecret:
        """256 random bits in unreserved characters (RFC 3986 §2.3), so that every reader decodes them alike."""
        text = base64url(self._random_bytes(_RANDOM_BYTES)).decode()
        return NewSecret(secret=Secret(text), stored=self._digest(text.encode()))

    def store(self, secret: Secret) -> str:
        """What to store of a secret that comes from elsewhere. Raises ValueError if it is empty."""
        if not secret:
            raise ValueError("an empty client secret is none")
        return self._digest(secret.reveal().encode())

    def find_defect(self, stored: str) -> str | None:
        """Why a stored secret can never match, or must not; None if it is fit for use, if only until its end."""
        stored, _ = without_end(stored)
        if not stored.startswith(_SCHEME):
            return self._passwords.find_defect(stored)
        if hmac.compare_digest(stored.encode(), self._nothing.encode()):
            return "the digest of an empty secret"
        return None if len(stored) == len(_SCHEME) + _DIGEST_CHARACTERS else "malformed digest"

    def _digest(self, secret: bytes) -> str:
        return _SCHEME + base64url(self._mac.digest(secret)).decode()
