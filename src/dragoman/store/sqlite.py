"""The core's ports on an SQLite file."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.ports import NotRotated, Rotated
from dragoman.store import sqlite_statements as sql
from dragoman.store.administration import Administration
from dragoman.store.rows import (
    access_token_of,
    access_token_values,
    client_of,
    grant_of,
    grant_values,
    resource_owner_of,
)
from dragoman.store.sqlite_database import opened, prepare_for_server, prepare_for_tool
from dragoman.store.sqlite_file import exclusive, located

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from dragoman.core.model import Client, Grant, GrantId, ResourceOwner, StoredAccessToken, TokenId
    from dragoman.store.rows import Values
    from dragoman.store.sqlite_connection import Connection
    from dragoman.store.sqlite_database import Database


class SqliteStore:
    """Clients, ResourceOwners and Grants. Every verb may refuse `temporarily_unavailable`, and then did nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.administration = Administration(database)

    @property
    def broken(self) -> str | None:
        """Why nothing can be written any more until a restart, if so."""
        return self._database.broken

    async def find_client(self, client_id: str) -> Client | None:
        """The client with exactly this id, byte for byte."""
        row = self._database.row(sql.FIND_CLIENT, {"id": client_id})
        return None if row is None else client_of(row)

    async def find_resource_owner_by_login(self, login: str) -> ResourceOwner | None:
        """By user name or e-mail, as `login_name.canonical` writes it."""
        row = self._database.row(sql.FIND_RESOURCE_OWNER_BY_LOGIN, {"login": login})
        return None if row is None else resource_owner_of(row)

    async def find_resource_owner(self, owner_id: str) -> ResourceOwner | None:
        """By identifier."""
        row = self._database.row(sql.FIND_RESOURCE_OWNER, {"id": owner_id})
        return None if row is None else resource_owner_of(row)

    async def replace_password_hash(self, owner_id: str, old: str, new: str) -> bool:
        """Store a stronger hash of the same password, unless the stored one has changed meanwhile."""
        values = {"id": owner_id, "old": old, "new": new}
        return await self._database.write(lambda connection: connection.count(sql.REPLACE_PASSWORD_HASH, values)) == 1

    async def create_grant(self, grant: Grant, access_token: StoredAccessToken | None) -> None:
        """Durable when it returns.

        Refuses `temporarily_unavailable` if the client or the resource owner was disabled or deleted while the request
        was judged: asked again, it is judged by what stands then.
        """

        def work(connection: Connection) -> None:
            if connection.count(sql.CREATE_GRANT, grant_values(grant)) == 0:
                raise OAuthError(
                    Refusal.TEMPORARILY_UNAVAILABLE, "the grant's client or resource owner is gone or disabled"
                )
            if access_token is not None:
                _keep(connection, access_token)

        await self._database.write(work)

    async def find_grant(self, grant_id: GrantId) -> Grant | None:
        """The grant as it stands."""
        row = self._database.row(sql.FIND_GRANT, {"id": grant_id})
        return None if row is None else grant_of(row)

    async def rotate(
        self, grant: Grant, now: int, idle_expires_at: int | None, access_token: StoredAccessToken | None
    ) -> Rotated | NotRotated:
        """Advance generation and serial if the grant is live and still at `grant.generation`: one caller wins.

        The winner's access token is stored with it, or neither is.
        """

        def work(connection: Connection) -> Rotated | NotRotated:
            outcome = _advance(connection, sql.ROTATE_GRANT, grant, now, idle_expires_at)
            if access_token is not None and isinstance(outcome, Rotated):
                _keep(connection, access_token)
            return outcome

        return await self._database.write(work)

    async def reissue(self, grant: Grant, now: int, idle_expires_at: int | None) -> Rotated | NotRotated:
        """Advance only the serial of access tokens; the refresh token stays as it is."""
        return await self._database.write(
            lambda connection: _advance(connection, sql.REISSUE_GRANT, grant, now, idle_expires_at)
        )

    async def store_access_token(self, access_token: StoredAccessToken) -> None:
        """Keep the digest of an access token whose grant exists already, or that has none."""
        await self._database.write(lambda connection: _keep(connection, access_token))

    async def find_access_token(self, digest: bytes) -> StoredAccessToken | None:
        """The row behind an access token that carries nothing itself."""
        row = self._database.row(sql.FIND_ACCESS_TOKEN, {"digest": digest})
        return None if row is None else access_token_of(row)

    async def revoke_grant(self, grant_id: GrantId, now: int, because: str) -> bool:
        """End a grant for good; False if it had ended before."""
        values: Values = {"id": grant_id, "now": now, "revoked_because": because}
        return await self._database.write(lambda connection: connection.count(sql.REVOKE_GRANT, values)) == 1

    async def revoke_access_token(self, token_id: TokenId, expires_at: int, now: int) -> None:
        """End one access token and leave its grant alone."""
        values: Values = {"token_id": token_id, "expires_at": expires_at, "revoked_at": now}
        await self._database.write(lambda connection: connection.count(sql.REVOKE_ACCESS_TOKEN, values))

    async def is_access_token_revoked(self, token_id: TokenId) -> bool:
        """Whether this one access token was ended by itself."""
        return self._database.row(sql.FIND_REVOKED_ACCESS_TOKEN, {"token_id": token_id}) is not None


@asynccontextmanager
async def open_server(path: Path) -> AsyncIterator[SqliteStore]:
    """The store for a server: it alone has the database, which is created or upgraded if need be. Raises StoreFault.

    A later version lets several workers of one server share it.
    """
    path = located(path)
    with exclusive(path):
        prepare_for_server(path)
        async with opened(path) as database:
            yield SqliteStore(database)


@asynccontextmanager
async def open_tool(path: Path) -> AsyncIterator[SqliteStore]:
    """The store for a command, beside a running server or without one. Raises StoreFault."""
    path = located(path)
    prepare_for_tool(path)
    async with opened(path) as database:
        yield SqliteStore(database)


def _advance(
    connection: Connection, statement: str, grant: Grant, now: int, idle_expires_at: int | None
) -> Rotated | NotRotated:
    """One statement decides; only who lost looks why."""
    row = connection.row(
        statement,
        {"id": grant.id, "generation": grant.generation, "now": now, "idle_expires_at": idle_expires_at},
    )
    if row is not None:
        return Rotated(grant=grant_of(row))
    row = connection.row(sql.FIND_GRANT, {"id": grant.id})
    return NotRotated(grant=None if row is None else grant_of(row))


def _keep(connection: Connection, access_token: StoredAccessToken) -> None:
    connection.count(sql.CREATE_ACCESS_TOKEN, access_token_values(access_token))
