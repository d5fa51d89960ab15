"""The lines of an export: each type and its members. docs/export-format.md is made from this."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from dragoman.core.model import RefreshPolicy, Reuse, Sender

FORMAT: Final = "dragoman-export"
VERSION: Final = 1
LONGEST_LINE: Final = 1 << 20
"""Bytes."""

Time = Annotated[int, Meta(ge=0, le=253_402_300_799)]
Count = Annotated[int, Meta(ge=0, le=2**53)]


class Line(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """What all lines have in common: `type` says what the line is."""


class Header(Line, frozen=True, tag="header"):
    """The first line: what the file is, when it was made, and with whose keys it goes."""

    format: Literal["dragoman-export"]
    """What the file is."""
    version: int
    """Of this format. A later one is refused by older programs."""
    made_at: Time
    """When the export was made."""
    made_by: str
    """The program that made it."""
    in_use: bool
    """Whether a server ran meanwhile, and so may have gone on afterwards: then no session of it may ever go on."""
    installation: dict[str, str]
    """What the database as a whole belongs to, by name: `key fingerprint`, `latest time`, `not before` …"""


class ClientLine(Line, frozen=True, tag="client"):
    """A client (RFC 6749 §2)."""

    id: str
    """Its `client_id`."""
    name: str
    """For people."""
    secrets: tuple[str, ...]
    """Digests or hashes of its secrets, never the secrets, the newest last; none makes it a public client. One that
    ends has `until$`, the epoch seconds and `$` before it."""
    grant_types: frozenset[str]
    """What it may use, in alphabetical order."""
    scope: tuple[str, ...]
    """The most it may ask for."""
    dialects: frozenset[str]
    """What it is spoken to in."""
    token_format: str
    """`dialect`, or a format that overrides the dialect's."""
    shared_key_signature: bool
    """Whether its tokens may be signed with HS256."""
    access_token_lifetime: Count
    """Seconds."""
    refresh_token_lifetime: Count | None
    """Seconds from log-in to the end of the session; null: none."""
    refresh_token_idle_lifetime: Count | None
    """Seconds from the last refresh to the end of the session; null: none."""
    refresh: RefreshPolicy
    """`rotate` or `reuse`."""
    grace: Count
    """Seconds for which the predecessor of a refresh token is answered with the same successor."""
    refresh_ends_access_token: bool
    """Whether a refresh ends the access token before it."""
    audience: tuple[str, ...]
    """Of its access tokens."""
    authorities: tuple[str, ...]
    """Its own."""
    may_read_shared_key: bool
    """Whether it may fetch the HS256 key."""
    enabled: bool
    """Whether it may do anything."""
    created_at: Time
    """When it was made."""
    end_user_address_header: str | None
    """The header in which it tells its end user's address."""


class ResourceOwnerLine(Line, frozen=True, tag="resource_owner"):
    """A person's account (RFC 6749 §1.1). Its login names are its user name and e-mail address."""

    id: str
    """What `sub` says."""
    username: str
    """As it was written."""
    email: str | None
    """As it was written."""
    first_name: str
    """May be empty."""
    last_name: str
    """May be empty."""
    password_hash: str | None
    """The hash, as it is stored; null: no password."""
    authorities: tuple[str, ...]
    """Roles."""
    belongs_to: str | None
    """The only client that may act for it, where there is one."""
    enabled: bool
    """Whether it may log in."""
    locked: bool
    """Whether an operator locked it."""
    expired: bool
    """Whether the account has expired."""
    password_expired: bool
    """Whether the password has."""
    created_at: Time
    """When it was made."""
    throttle_resets: Count
    """How often its failed log-ins were forgotten by order."""
    known_places: tuple[str, ...]
    """Digests of from where its owner has logged in, the latest last."""
    directory: str | None
    """The directory that the account lives in, where it does not live here."""
    confirmed_at: Time | None
    """When that directory last said that the account may be used; 0 since it said the contrary."""


class GrantLine(Line, frozen=True, tag="grant"):
    """A session: one log-in of one person through one client, ended ones too. The refresh token is made from it."""

    id: bytes
    """Base64 (RFC 4648 §4)."""
    client_id: str
    """Through which client."""
    subject: str | None
    """The person's id; null where the client acts for itself."""
    scope: tuple[str, ...]
    """What was granted."""
    audience: tuple[str, ...]
    """Of its access tokens."""
    created_at: Time
    """When it began."""
    expires_at: Time | None
    """When it ends, whatever happens; null: never."""
    idle_expires_at: Time | None
    """When it ends unless it is refreshed; null: never."""
    generation: Count
    """Which refresh token is the live one. All before it are spent."""
    issued: Count
    """How many access tokens it gave; the serial of the latest."""
    rotated_at: Time | None
    """When it was refreshed last."""
    revoked_at: Time | None
    """When it was ended."""
    revoked_because: str | None
    """Why it was ended."""
    facts: dict[str, str]
    """What its tokens need to know of the log-in."""
    used_by: Sender | None
    """`address` and `agent` of who refreshed it last."""
    revoked_by: Sender | None
    """The same of who ended it."""
    reuse: Reuse | None
    """Of a spent token that ended it: how many generations it was `behind`, its `age`, and whether it
    `looked_like_retry`."""


class AccessTokenLine(Line, frozen=True, tag="access_token"):
    """An access token that carries nothing itself: only what it is recognised by."""

    digest: bytes
    """Base64. A keyed digest: without the keys nobody can tell the token from it."""
    token_id: bytes
    """Base64. Its name, which is no secret."""
    grant_id: bytes | None
    """Base64. The session it came from; null where there is none."""
    client_id: str
    """To whom it was given."""
    scope: tuple[str, ...]
    """What it is good for."""
    issued_at: Time
    """When it was given."""
    expires_at: Time
    """When it ends."""


class RevokedAccessTokenLine(Line, frozen=True, tag="revoked_access_token"):
    """An access token that was ended by itself, until it would have expired."""

    token_id: bytes
    """Base64. Its name."""
    revoked_at: Time
    """When it was ended."""
    expires_at: Time
    """When it would have."""


class FormerSessionLine(Line, frozen=True, tag="former_session"):
    """A session of the server that stood here before, adopted or not."""

    digest: str
    """What names it there, as a digest."""
    format: str
    """What its refresh token is."""
    client_id: str | None
    """Through which client, where it was told."""
    subject: str | None
    """The person's id, where it was told."""
    scope: tuple[str, ...] | None
    """What was granted, where it was told."""
    expires_at: Time | None
    """When it ends there; null: never, or not told."""
    seen_at: Time
    """When an import saw it last."""
    grant_id: bytes | None
    """Base64. The session that it became here; null: it was not adopted yet."""


class EndedSubjectLine(Line, frozen=True, tag="ended_subject"):
    """A client or a person all of whose sessions were ended here: none of its former ones is adopted any more."""

    id: str
    """The client's or the person's."""
    kind: Literal["client", "resource_owner"]
    """Which of the two."""
    ended_at: Time
    """When."""


class End(Line, frozen=True, tag="end"):
    """The last line. Without it the file was cut short."""

    lines: dict[str, Count]
    """How many lines of each type stand before it, the header aside."""
    sha256: str
    """Of all bytes before this line, in hexadecimal. It finds damage; it does not prove who wrote the file."""


Entry = (
    ClientLine
    | ResourceOwnerLine
    | GrantLine
    | AccessTokenLine
    | RevokedAccessTokenLine
    | FormerSessionLine
    | EndedSubjectLine
)
ENTRIES: Final[tuple[type[Entry], ...]] = (
    ClientLine,
    ResourceOwnerLine,
    GrantLine,
    AccessTokenLine,
    RevokedAccessTokenLine,
    FormerSessionLine,
    EndedSubjectLine,
)
"""In the order in which they come."""


def type_of(line: type[Line]) -> str:
    """What the member `type` says."""
    return str(line.__struct_config__.tag)
