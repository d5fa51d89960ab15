"""The nouns of the authorization server: frozen values, passed one way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NewType

from dragoman.core.errors import Refusal
from dragoman.core.scope import Scope
from dragoman.core.secret import Secret
from dragoman.core.value import value

GrantId = NewType("GrantId", bytes)
"""96 random bits that name one grant."""

TokenId = NewType("TokenId", bytes)
"""128 bits that name one token; derived from its grant where it has one."""


ENDLESS: Final = "endless"
"""How files and options write that a lifetime has no end; no number does, and 0 least of all."""


class RefreshPolicy(StrEnum):
    """What a refresh does to the refresh token (RFC 9700 §4.14)."""

    ROTATE = "rotate"
    REUSE = "reuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A registered client (RFC 6749 §2). Lifetimes and times are whole seconds."""

    id: str
    name: str
    secrets: tuple[str, ...] = ()
    """Stored digests or hashes of its secrets, never the secrets, the newest last, each with its end if it has one;
    none makes it a public client."""
    grant_types: frozenset[str] = frozenset()
    scope: Scope = field(default_factory=Scope)
    """The most it may ask for."""
    dialects: frozenset[str] = frozenset({"standard"})
    token_format: str = "dialect"
    """`dialect`, or the name of a recipe that overrides the dialect's: `at+jwt`, `opaque`."""
    shared_key_signature: bool = False
    """Whether its tokens may be signed with HS256, where its dialect says so."""
    access_token_lifetime: int = 3600
    refresh_token_lifetime: int | None = 30 * 86400
    """From log-in to the end of the grant, whatever happens in between; None: no end but the idle one."""
    refresh_token_idle_lifetime: int | None = 14 * 86400
    refresh: RefreshPolicy = RefreshPolicy.ROTATE
    grace: int = 30
    """For how long the immediate predecessor of a refresh token is answered with the same successor; 0 is strict."""
    refresh_ends_access_token: bool = False
    """Whether a refresh revokes the access token before it."""
    audience: tuple[str, ...] = ()
    authorities: tuple[str, ...] = ()
    may_read_shared_key: bool = False
    enabled: bool = True
    created_at: int = 0
    end_user_address_header: str | None = None
    """The header, in lower case, in which it tells from which address its end user comes: for back ends."""

    @property
    def confidential(self) -> bool:
        """Whether it has a secret to authenticate with (RFC 6749 §2.1)."""
        return bool(self.secrets)


@value
class ResourceOwner:
    """A person with an account (RFC 6749 §1.1)."""

    id: str
    username: str
    email: str | None = None
    first_name: str = ""
    last_name: str = ""
    password_hash: str | None = None
    authorities: tuple[str, ...] = ()
    belongs_to: str | None = None
    """The client whose user this is: tokens of that client alone may act for it."""
    enabled: bool = True
    locked: bool = False
    expired: bool = False
    password_expired: bool = False
    created_at: int = 0
    throttle_resets: int = 0
    """How often its failed log-ins were forgotten by order: each time its throttle begins anew."""
    known_places: tuple[str, ...] = ()
    """From where its owner has logged in (`Throttle.place_of`), the latest last."""
    directory: str | None = None
    """The directory that the account lives in and whose word its password is; None: it lives here."""
    confirmed_at: int | None = None
    """When that directory last said that the account may be used; 0 since it said the contrary."""

    @property
    def withdrawn(self) -> bool:
        """Whether the directory that it lives in does not have it any more, or not for use."""
        return self.directory is not None and not self.confirmed_at


@value
class Sender:
    """Where a request came from, as far as that can be known."""

    address: str = ""
    agent: str = ""
    """What the software calls itself (RFC 9110 §10.1.5), cut to a sensible length; anybody can say anything."""
    request_id: str = field(default="", compare=False)
    """What the log calls this one request; two requests of one sender are from the same."""


@value
class Reuse:
    """A spent refresh token that came back: theft, or a retry that came too late."""

    behind: int
    """How many generations before the live one it was."""
    age: int | None
    """Seconds since the last rotation."""
    looked_like_retry: bool
    """Whether it was the live one's immediate predecessor, from the address and agent that got the live one."""


@value
class Grant:
    """One act of authorization: one log-in of one resource owner through one client."""

    id: GrantId
    client_id: str
    subject: str | None
    """The resource owner's id; None when the client acts for itself."""
    scope: Scope
    audience: tuple[str, ...] = ()
    created_at: int
    expires_at: int | None
    """Absolute end; no rotation moves it."""
    idle_expires_at: int | None
    generation: int = 0
    """Which refresh token is the live one; moves by one at each rotation."""
    issued: int = 1
    """How many access tokens came from it; the serial of the latest."""
    rotated_at: int | None = None
    revoked_at: int | None = None
    revoked_because: str | None = None
    used_by: Sender | None = None
    """Who last advanced it, and was given its tokens; a retry that is answered again leaves it as it is."""
    revoked_by: Sender | None = None
    """Who sent the request that ended it, where a request did."""
    reuse: Reuse | None = None
    """What its end is to be judged by, where the reuse of a refresh token ended it."""
    facts: Mapping[str, str] = field(default_factory=dict)


@value
class Session:
    """A grant and whose it is, as both stood at one moment."""

    grant: Grant
    resource_owner: ResourceOwner | None
    """None where the client acts for itself, and where the account is gone."""


@value
class FormerSession:
    """A session of the server that stood here before, as its refresh token or its database tells it."""

    client_id: str | None
    subject: str | None
    """The resource owner's id."""
    scope: Scope | None
    """None where it does not tell, as with the others; then all that the client may ask for now."""
    expires_at: int | None
    """None: it has no end, or does not tell."""


@value
class ClientCredentials:
    """What a request says of who sends it, before anybody believed it."""

    id: str | None = None
    secret: Secret | None = None
    other_id: str | None = None
    """A client id that the request names in another place, to be compared once the client has authenticated."""
    refusal: Refusal | None = None
    """The refusal that reading them already came to, raised when it is the client's turn."""


@value
class TokenRequest:
    """A decoded token request (RFC 6749 §3.2), the same whatever dialect it was written in."""

    grant_type: str | None
    client: ClientCredentials
    parameters: Mapping[str, Secret]
    """The grant type's own parameters: username, password, refresh_token …"""
    scope: Scope | None = None
    """None when no scope was asked for."""
    sender: Sender = field(default_factory=Sender)
    hung_up: Callable[[], Awaitable[bool]] | None = None
    """Returns once nobody waits for the answer any more; False if that cannot be known. For work that has to wait."""
    header: Callable[[str], str | None] = lambda _name: None
    """All values of a header, by its name in lower case (RFC 9110 §5.3); None where it is not there."""


@value
class Authorization:
    """What a grant type found: for whom, how far, and what it spends; never stored (docs/concepts.md)."""

    resource_owner: ResourceOwner | None
    ceiling: Scope | None = None
    """The scope already granted; None when nothing was granted before."""
    continues: Grant | None = None
    """The grant whose live refresh token is presented, to be spent; None starts a new grant."""
    repeats: Grant | None = None
    """The grant whose last refresh is asked for again, inside the grace window: nothing is spent."""
    password_hash: str | None = None
    """The stored hash that a password was checked against; the grant is begun only if it is still the stored one."""
    new_password_hash: str | None = None
    """A stronger hash of the password just checked, to be stored in place of the old."""
    known_places: tuple[str, ...] | None = None
    """From where its owner has logged in, this time included, where that is to be stored."""
    arrives_from: str | None = None
    """The directory that has just shown whose password it is: the account is to be kept here as it now stands."""


@value
class TokenFacts:
    """All that tokens and answers may speak of; the values of dialect templates are read from it."""

    issuer: str
    client: Client
    resource_owner: ResourceOwner | None
    scope: Scope
    audience: tuple[str, ...]
    grant_type: str
    grant: Grant | None
    token_id: TokenId
    issued_at: int
    expires_at: int
    refresh_id: TokenId | None = None


@value
class TokenResponse:
    """The tokens issued (RFC 6749 §5.1), not yet spelled."""

    facts: TokenFacts
    access_token: Secret
    refresh_token: Secret | None


@value
class AccessToken:
    """An access token as it was presented and read; whether its grant still lives is another question."""

    id: TokenId
    grant_id: GrantId | None
    serial: int
    client_id: str
    scope: Scope
    expires_at: int
    issued_at: int | None = None
    shared_key: bool = False
    """Whether a key that others hold too made its signature, so that others could have written it."""
    key_audience: tuple[str, ...] = ()
    """The audiences that the key which made it is for; none: all."""


@value
class RefreshHandle:
    """What a refresh token says, once its MAC holds."""

    grant_id: GrantId
    generation: int


@value
class StoredAccessToken:
    """The row behind an access token that carries nothing itself: a keyed digest, never the token."""

    digest: bytes
    token_id: TokenId
    grant_id: GrantId | None
    client_id: str
    scope: Scope
    issued_at: int
    expires_at: int
