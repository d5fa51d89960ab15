"""What a source says: one frozen record for each row, in words that mean the same for all sources.

None means that the source says nothing of it: then what is here stays. An empty text or list says that there is none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from dragoman.core.errors import Fault
from dragoman.core.model import FormerSession
from dragoman.core.secret import Secret

_HASHED = re.compile(r"\$2[abxy]?\$|\$argon2|\$pbkdf2|pbkdf2_sha|\{[A-Za-z0-9@_.-]+\}.", re.ASCII)


class SourceFault(Fault):
    """Why the source cannot be read, as a sentence with a remedy. Nothing of its content is in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedClient:
    """A client (RFC 6749 §2) of another server."""

    place: str
    """Where in the source it stands: a table and a key, or a line."""
    id: str
    name: str | None = None
    plain_secrets: tuple[Secret, ...] = ()
    hashed_secrets: tuple[str, ...] = field(default=(), repr=False)
    public: bool = False
    """Whether the source says that it has no secret (RFC 6749 §2.1)."""
    grant_types: tuple[str, ...] | None = None
    scope: tuple[str, ...] | None = None
    audience: tuple[str, ...] | None = None
    authorities: tuple[str, ...] | None = None
    access_token_lifetime: int | None = None
    refresh_token_lifetime: int | str | None = None
    """Seconds; `ENDLESS`: no end."""
    refresh_token_idle_lifetime: int | str | None = None
    """Seconds; `ENDLESS`: no end but the other."""
    refresh: str | None = None
    """`rotate` or `reuse`."""
    enabled: bool | None = None
    created_at: int | None = None
    left_out: tuple[str, ...] = ()
    """What the source says of it that has no place here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedOwner:
    """A resource owner (RFC 6749 §1.1) of another server."""

    place: str
    id: str
    username: str
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    password_hash: str | None = field(default=None, repr=False)
    """As received. An empty one: the account has no password."""
    authorities: tuple[str, ...] | None = None
    belongs_to: str | None = None
    enabled: bool | None = None
    locked: bool | None = None
    expired: bool | None = None
    password_expired: bool | None = None
    second_factor: bool = False
    """Whether the password alone was not enough there."""
    created_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedSession:
    """An outstanding refresh token of another server; never the token."""

    place: str
    format: str
    """What its tokens are, as the setting `former.format` names it."""
    digest: str
    """`core.adoption.digest_of` what names it."""
    session: FormerSession
    ended: str | None = None
    """Why it is over there, if it is."""

    @property
    def id(self) -> str:
        """What it is called in a report: enough to find it, and of no use to anybody."""
        return self.digest[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableRow:
    """A row that should be a client, a resource owner or a session and is none, and why."""

    place: str
    kind: str
    id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """A row that has no meaning for a server of this kind, so that nothing is lost without it."""

    place: str
    kind: str
    id: str
    why: str


Record = ImportedClient | ImportedOwner | ImportedSession | UnreadableRow | PassedOver

CLIENT = "client"
RESOURCE_OWNER = "resource owner"
SESSION = "session"


def is_hashed(secret: str) -> bool:
    """Whether a stored secret says of itself that it is a hash; whether it is a good one is judged later."""
    return _HASHED.match(secret) is not None
