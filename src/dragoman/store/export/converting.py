"""Values of the core as lines of an export, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dragoman.core.model import Client, Grant, GrantId, ResourceOwner, StoredAccessToken, TokenId
from dragoman.core.scope import Scope
from dragoman.store.export.lines import (
    AccessTokenLine,
    ClientLine,
    EndedSubjectLine,
    FormerSessionLine,
    GrantLine,
    ResourceOwnerLine,
    RevokedAccessTokenLine,
)
from dragoman.store.former_sessions import stored_session_of
from dragoman.store.texts import scope_text

if TYPE_CHECKING:
    from dragoman.store.export.lines import Line
    from dragoman.store.rows import Row, Values


def line_of_client(client: Client) -> ClientLine:
    """A client as a line."""
    return ClientLine(**{**_members(ClientLine, client), "scope": client.scope.names})


def client_of_line(line: ClientLine) -> Client:
    """The client that a line holds."""
    return Client(**{**_members(ClientLine, line), "scope": Scope(line.scope)})


def line_of_owner(owner: ResourceOwner) -> ResourceOwnerLine:
    """An account as a line."""
    return ResourceOwnerLine(**_members(ResourceOwnerLine, owner))


def owner_of_line(line: ResourceOwnerLine) -> ResourceOwner:
    """The account that a line holds."""
    return ResourceOwner(**_members(ResourceOwnerLine, line))


def line_of_grant(grant: Grant) -> GrantLine:
    """A grant as a line."""
    return GrantLine(**{**_members(GrantLine, grant), "scope": grant.scope.names, "facts": dict(grant.facts)})


def grant_of_line(line: GrantLine) -> Grant:
    """The grant that a line holds."""
    return Grant(**{**_members(GrantLine, line), "id": GrantId(line.id), "scope": Scope(line.scope)})


def line_of_access_token(token: StoredAccessToken) -> AccessTokenLine:
    """The row behind an access token as a line."""
    return AccessTokenLine(**{**_members(AccessTokenLine, token), "scope": token.scope.names})


def access_token_of_line(line: AccessTokenLine) -> StoredAccessToken:
    """The row behind an access token that a line holds."""
    ids = {"token_id": TokenId(line.token_id), "grant_id": None if line.grant_id is None else GrantId(line.grant_id)}
    return StoredAccessToken(**{**_members(AccessTokenLine, line), **ids, "scope": Scope(line.scope)})


def line_of_revoked_token(row: Row) -> RevokedAccessTokenLine:
    """A row of `revoked_access_tokens` as a line."""
    return RevokedAccessTokenLine(token_id=bytes(row[0]), revoked_at=row[1], expires_at=row[2])


def line_of_former_session(row: Row) -> FormerSessionLine:
    """A row of `former_sessions` as a line."""
    stored = stored_session_of(row)
    scope = stored.session.scope
    return FormerSessionLine(
        digest=stored.digest,
        format=stored.format,
        client_id=stored.session.client_id,
        subject=stored.session.subject,
        scope=None if scope is None else scope.names,
        expires_at=stored.session.expires_at,
        seen_at=row[6],
        grant_id=stored.grant_id,
    )


def former_session_values(line: FormerSessionLine) -> Values:
    """The values of the row of `former_sessions` that a line holds."""
    return {**_members(FormerSessionLine, line), "scope": scope_text(None if line.scope is None else Scope(line.scope))}


def line_of_ended_subject(row: Row) -> EndedSubjectLine:
    """A row of `ended_subjects` as a line."""
    return EndedSubjectLine(id=row[0], kind=row[1], ended_at=row[2])


def _members(line: type[Line], holder: object) -> dict[str, Any]:
    return {name: getattr(holder, name) for name in line.__struct_fields__}
