"""The doors of the core: small Protocols, each verb with its promise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from dragoman.core.model import (
    AccessToken,
    Authorization,
    Client,
    Grant,
    GrantId,
    RefreshHandle,
    ResourceOwner,
    Reuse,
    Sender,
    Session,
    StoredAccessToken,
    TokenFacts,
    TokenId,
    TokenRequest,
)
from dragoman.core.ports.attempt import Attempt as Attempt
from dragoman.core.ports.attempt import HungUp as HungUp
from dragoman.core.ports.directory import Directory
from dragoman.core.ports.former_sessions import FormerSessions
from dragoman.core.ports.mirror import Mirror
from dragoman.core.rules import Rules, TokenRecipe
from dragoman.core.secret import Secret
from dragoman.core.throttle import Throttle
from dragoman.core.value import value


class Clients(Protocol):
    """Registered clients."""

    async def find_client(self, client_id: str) -> Client | None:
        """The client with exactly this id, byte for byte."""
        ...


class ResourceOwners(Protocol):
    """People's accounts."""

    async def find_resource_owner_by_login(self, login: str) -> ResourceOwner | None:
        """The one with this user name or e-mail, as `login_name.canonical` writes it; None where there is none."""
        ...

    async def find_resource_owner(self, owner_id: str) -> ResourceOwner | None:
        """The one with this identifier; None where there is none."""
        ...

    async def replace_password_hash(self, owner_id: str, old: str, new: str) -> bool:
        """Store a stronger hash of the same password, unless the stored one has changed meanwhile."""
        ...

    async def remember_places(self, owner_id: str, password_hash: str, known_places: tuple[str, ...]) -> None:
        """Store from where its owner has logged in, unless the password is another by now. Of two one may be lost."""
        ...

    async def take_in(self, owner: ResourceOwner, directory: str) -> bool:
        """Keep an account as this directory has it: in its name still, or as ours where `owner.directory` is None.

        One of two at the same time adds it, the other finds it. False where the id or a login name is that of an
        account that lives here, or of another directory: then nothing was done. What operators set stays as it is.
        """
        ...

    async def withdraw(self, owner_id: str) -> None:
        """Its directory no longer has the account, or not for use, until `take_in` says otherwise."""
        ...


@value
class Rotated:
    """The one caller that advanced a grant, and the grant as it is now."""

    grant: Grant


@value
class NotRotated:
    """The row said no; here it is as it stands, if it exists."""

    grant: Grant | None


class Grants(Protocol):
    """Grants and the few access tokens that need a row. Every verb is one atomic statement or transaction."""

    async def create_grant(
        self, grant: Grant, access_token: StoredAccessToken | None, password_hash: str | None = None
    ) -> None:
        """Durable when it returns. Given a hash, only if it is still the resource owner's."""
        ...

    async def find_grant(self, grant_id: GrantId) -> Grant | None:
        """The grant as it stands."""
        ...

    async def find_session(self, grant_id: GrantId) -> Session | None:
        """The grant with its resource owner, in one look."""
        ...

    async def find_session_of_token(self, grant_id: GrantId, token_id: TokenId) -> tuple[Session | None, bool]:
        """As `find_session`, and whether this access token of it was revoked by itself."""
        ...

    async def rotate(
        self,
        grant: Grant,
        now: int,
        idle_expires_at: int | None,
        access_token: StoredAccessToken | None,
        sender: Sender | None = None,
    ) -> Rotated | NotRotated:
        """Advance generation and serial if the grant is live and still at `grant.generation`: one caller wins.

        The winner's access token is stored with it, or neither is.
        """
        ...

    async def reissue(
        self, grant: Grant, now: int, idle_expires_at: int | None, sender: Sender | None = None
    ) -> Rotated | NotRotated:
        """Advance only the serial of access tokens; the refresh token stays as it is."""
        ...

    async def store_access_token(self, access_token: StoredAccessToken) -> None:
        """Keep the digest of an access token whose grant exists already, or that has none."""
        ...

    async def find_access_token(self, digest: bytes) -> StoredAccessToken | None:
        """The row behind an access token that carries nothing itself."""
        ...

    async def revoke_grant(
        self, grant_id: GrantId, now: int, because: str, sender: Sender | None = None, reuse: Reuse | None = None
    ) -> bool:
        """End a grant for good, and keep why and at whose request; False if it had ended before."""
        ...

    async def revoke_access_token(self, token_id: TokenId, grant_id: GrantId | None, expires_at: int, now: int) -> None:
        """End one access token and leave its grant, if it came from one, alone."""
        ...

    async def is_access_token_revoked(self, token_id: TokenId) -> bool:
        """Whether this one access token was ended by itself."""
        ...


@value
class PasswordCheck:
    """Whether a password is right, and its stronger hash if the stored one is weaker than today's."""

    matches: bool
    new_hash: str | None = None


class Passwords(Protocol):
    """Password hashing in a bounded pool of threads."""

    def admit(self, attempt: Attempt) -> None:
        """Say at once that too many wait, before anything is looked up or counted for an attempt.

        Refuses `temporarily_unavailable`.
        """
        ...

    async def check(self, stored: str | None, sent: Secret, attempt: Attempt) -> PasswordCheck:
        """Costs the same whether or not anything is stored.

        Refuses `temporarily_unavailable` when too many wait, and when its sender hangs up before its turn.
        """
        ...

    async def hash_received(self, sent: Secret, attempt: Attempt) -> str:
        """A hash of what was right elsewhere, of `directory.LONGEST_PASSWORD` bytes at most. Refuses as `check`."""
        ...


class ClientSecrets(Protocol):
    """The secrets of confidential clients."""

    async def matches(self, stored: tuple[str, ...], sent: Secret, now: int, sender: Sender, hung_up: HungUp) -> bool:
        """Whether the secret sent is one of those stored that have not ended; the same work when nothing is stored.

        Whoever has to wait for that waits in the turn of its sender, and as long as it has not `hung_up`.
        """
        ...


class Tokens(Protocol):
    """Writes and reads tokens; the only place that knows keys."""

    def new_grant_id(self) -> GrantId:
        """A random identifier."""
        ...

    def access_token_id(self, grant: Grant | None, now: int) -> TokenId:
        """The identifier of the grant's latest access token; one of chance and of `now` where there is no grant."""
        ...

    def refresh_token_id(self, grant: Grant) -> TokenId:
        """The identifier of the grant's live refresh token."""
        ...

    def write_access_token(self, recipe: TokenRecipe, facts: TokenFacts) -> tuple[Secret, StoredAccessToken | None]:
        """The token, and the row to store where the format needs one. Raises TokenTooLong."""
        ...

    def write_refresh_token(self, recipe: TokenRecipe, facts: TokenFacts) -> Secret:
        """The grant's live refresh token: the same grant and generation give the same token. Raises TokenTooLong."""
        ...

    async def read_access_token(self, presented: Secret) -> AccessToken:
        """What a genuine token says, expired or not. Refuses `malformed_token`, `refresh_token_as_access_token`.

        The latter for whatever is recognisably a refresh token of ours, in any dialect's spelling.
        """
        ...

    def read_refresh_token(self, presented: Secret) -> RefreshHandle:
        """What a genuine token says, without any I/O. Refuses `malformed_…`, `forged_…`, `not_a_refresh_token`."""
        ...


@value
class Event:
    """One line of the audit: what happened, to whom, and the true reason. Never a secret."""

    name: str
    dialect: str
    sender: Sender
    client_id: str | None = None
    subject: str | None = None
    grant_id: str | None = None
    alarm: bool = False
    """Whether somebody should look: it may be an attack."""
    facts: Mapping[str, str | int | None]


class Audit(Protocol):
    """Where outcomes are written down."""

    def record(self, event: Event) -> None:
        """Must not block and must not fail."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """All ports in one value, handed to every use of the core."""

    clients: Clients
    resource_owners: ResourceOwners
    grants: Grants
    passwords: Passwords
    client_secrets: ClientSecrets
    tokens: Tokens
    throttle: Throttle
    audit: Audit
    grant_types: Mapping[str, GrantType]
    former_sessions: tuple[FormerSessions, ...] = ()
    """Asked in order about refresh tokens that are none of ours."""
    directory: Directory | None = None
    """Where accounts live that do not live here."""
    mirror: Mirror | None = None


class GrantType(Protocol):
    """One grant type: it reads and judges, and changes nothing (docs/concepts.md)."""

    @property
    def name(self) -> str:
        """The value of `grant_type`."""
        ...

    @property
    def needs_confidential_client(self) -> bool:
        """Whether public clients are refused (RFC 6749 §4.4)."""
        ...

    async def authorize(
        self, services: Services, rules: Rules, client: Client, request: TokenRequest, now: int
    ) -> Authorization:
        """For whom the request speaks and how far, or an OAuthError."""
        ...
