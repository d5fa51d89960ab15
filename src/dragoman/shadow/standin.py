"""Services that judge as the real ones do and leave no trace: nothing is stored, counted, ended or written down."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dragoman.core.model import Session
from dragoman.core.ports import Rotated
from dragoman.throttle.throttle import NoThrottle

if TYPE_CHECKING:
    from dragoman.core.model import (
        AccessToken,
        Grant,
        GrantId,
        RefreshHandle,
        ResourceOwner,
        Reuse,
        Sender,
        StoredAccessToken,
        TokenFacts,
        TokenId,
    )
    from dragoman.core.ports import Event, Grants, ResourceOwners, Services, Tokens
    from dragoman.core.rules import TokenRecipe
    from dragoman.core.secret import Secret
    from dragoman.shadow.sessions import Sessions


def without_traces(services: Services, sessions: Sessions) -> Services:
    """Services that judge as these do and change nothing; they know the refresh tokens of `sessions`, too."""
    return replace(
        services,
        resource_owners=_ReadOwners(services.resource_owners),
        grants=_ReadGrants(services.grants, services.resource_owners, sessions),
        tokens=_ShadowTokens(services.tokens, sessions),
        throttle=NoThrottle(),
        audit=_NoAudit(),
        former_sessions=(),
        mirror=None,
    )


class _NoAudit:
    """Nothing has happened, so nothing is written down."""

    def record(self, _event: Event) -> None:
        """Forget the event: a request that is only compared is in nobody's audit."""


@dataclass(frozen=True, slots=True)
class _ReadOwners:
    """Accounts that are read and never changed: what would be written to them is forgotten."""

    inner: ResourceOwners

    async def find_resource_owner_by_login(self, login: str) -> ResourceOwner | None:
        return await self.inner.find_resource_owner_by_login(login)

    async def find_resource_owner(self, owner_id: str) -> ResourceOwner | None:
        return await self.inner.find_resource_owner(owner_id)

    async def replace_password_hash(self, _owner_id: str, _old: str, _new: str) -> bool:
        return True

    async def take_in(self, _owner: ResourceOwner, _directory: str) -> bool:
        return True

    async def withdraw(self, _owner_id: str) -> None:
        return None

    async def remember_places(self, _owner_id: str, _password_hash: str, _known_places: tuple[str, ...]) -> None:
        return None


@dataclass(frozen=True, slots=True)
class _ReadGrants:
    """Grants, to be read; those of the other server stand in `sessions`. Each change seems to be done."""

    inner: Grants
    owners: ResourceOwners
    sessions: Sessions

    async def create_grant(
        self, _grant: Grant, _access_token: StoredAccessToken | None, _password_hash: str | None = None
    ) -> None:
        return None

    async def find_grant(self, grant_id: GrantId) -> Grant | None:
        return self.sessions.find(grant_id) or await self.inner.find_grant(grant_id)

    async def find_session(self, grant_id: GrantId) -> Session | None:
        grant = self.sessions.find(grant_id)
        if grant is None:
            return await self.inner.find_session(grant_id)
        owner = None if grant.subject is None else await self.owners.find_resource_owner(grant.subject)
        return Session(grant=grant, resource_owner=owner)

    async def find_session_of_token(self, grant_id: GrantId, token_id: TokenId) -> tuple[Session | None, bool]:
        return await self.inner.find_session_of_token(grant_id, token_id)

    async def rotate(
        self,
        grant: Grant,
        now: int,
        idle_expires_at: int | None,
        _access_token: StoredAccessToken | None,
        _sender: Sender | None = None,
    ) -> Rotated:
        advanced = replace(grant, generation=grant.generation + 1, issued=grant.issued + 1, rotated_at=now)
        return Rotated(grant=replace(advanced, idle_expires_at=idle_expires_at))

    async def reissue(
        self, grant: Grant, now: int, idle_expires_at: int | None, _sender: Sender | None = None
    ) -> Rotated:
        return Rotated(grant=replace(grant, issued=grant.issued + 1, rotated_at=now, idle_expires_at=idle_expires_at))

    async def store_access_token(self, _access_token: StoredAccessToken) -> None:
        return None

    async def find_access_token(self, digest: bytes) -> StoredAccessToken | None:
        return await self.inner.find_access_token(digest)

    async def revoke_grant(
        self, _grant_id: GrantId, _now: int, _because: str, _sender: Sender | None = None, _reuse: Reuse | None = None
    ) -> bool:
        return False

    async def revoke_access_token(
        self, _token_id: TokenId, _grant_id: GrantId | None, _expires_at: int, _now: int
    ) -> None:
        return None

    async def is_access_token_revoked(self, token_id: TokenId) -> bool:
        return await self.inner.is_access_token_revoked(token_id)


@dataclass(frozen=True, slots=True)
class _ShadowTokens:
    """Our tokens, which nobody ever gets, and refresh tokens of the other server, as far as they are remembered."""

    inner: Tokens
    sessions: Sessions

    def new_grant_id(self) -> GrantId:
        return self.inner.new_grant_id()

    def access_token_id(self, grant: Grant | None, now: int) -> TokenId:
        return self.inner.access_token_id(grant, now)

    def refresh_token_id(self, grant: Grant) -> TokenId:
        return self.inner.refresh_token_id(grant)

    def write_access_token(self, recipe: TokenRecipe, facts: TokenFacts) -> tuple[Secret, StoredAccessToken | None]:
        return self.inner.write_access_token(recipe, facts)

    def write_refresh_token(self, recipe: TokenRecipe, facts: TokenFacts) -> Secret:
        return self.inner.write_refresh_token(recipe, facts)

    async def read_access_token(self, presented: Secret) -> AccessToken:
        return await self.inner.read_access_token(presented)

    def read_refresh_token(self, presented: Secret) -> RefreshHandle:
        return self.sessions.read(presented) or self.inner.read_refresh_token(presented)
