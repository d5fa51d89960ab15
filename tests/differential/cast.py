"""The clients, people and scopes that both servers know when they are compared."""

from __future__ import annotations

import json
from dataclasses import dataclass

ALL_GRANT_TYPES = ("password", "client_credentials", "refresh_token")


@dataclass(frozen=True, slots=True, kw_only=True)
class CastClient:
    """A client; without a secret it is public."""

    id: str
    name: str
    secret: str | None = None
    grant_types: tuple[str, ...] = ALL_GRANT_TYPES
    scope: tuple[str, ...] = ("contacts.read", "contacts.write")


@dataclass(frozen=True, slots=True, kw_only=True)
class CastPerson:
    """A person with an account."""

    id: str
    username: str
    password: str
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferentialCast:
    """All of them. Its clients have no grace: the peer spends a refresh token at once."""

    scopes: tuple[str, ...]
    client: CastClient
    other: CastClient
    public: CastClient
    limited: CastClient
    """May use client credentials alone."""
    colon: CastClient
    """Has a colon in its secret, and may not use client credentials."""
    latin: CastClient
    """Has a secret beyond ASCII."""
    people: tuple[CastPerson, ...]
    former: CastPerson
    """A disabled account."""

    @property
    def clients(self) -> tuple[CastClient, ...]:
        """Every client."""
        return (self.client, self.other, self.public, self.limited, self.colon, self.latin)

    @property
    def everybody(self) -> tuple[CastPerson, ...]:
        """Every person, the disabled one included."""
        return (*self.people, self.former)


CAST = DifferentialCast(
    scopes=("contacts.read", "contacts.write", "contacts.delete", "contacts.share"),
    client=CastClient(
        id="35615f2f-13fa-4731-83a1-9e34556ab390", name="test client", secret="secret-of-the-test-client-0001"
    ),
    other=CastClient(
        id="8f0c4c0e-0d3d-4a2f-9a55-0c1d6f1b7a10", name="other client", secret="secret-of-the-other-client-0002"
    ),
    public=CastClient(
        id="public-client", name="public client", grant_types=("password", "refresh_token"), scope=("contacts.read",)
    ),
    limited=CastClient(
        id="limited-client",
        name="limited client",
        secret="secret-of-the-limited-client-0003",
        grant_types=("client_credentials",),
        scope=("contacts.read",),
    ),
    colon=CastClient(
        id="colon-client",
        name="client with a colon in its secret",
        secret="before:after-the-colon",
        grant_types=("password", "refresh_token"),
    ),
    latin=CastClient(id="latin-client", name="client with a secret beyond ASCII", secret="schlüssel-geheim"),
    people=(
        CastPerson(id="512ab9a4-c786-48a6-8ad6-94c53a8dc651", username="jane", password="correct horse battery"),
        CastPerson(
            id="5a2b9f60-2f0b-4c57-9c1e-5f4a1b0c2d3e",
            username="max+mustermann@example.com",
            password=" %&+£€=;\"'",
        ),
    ),
    former=CastPerson(
        id="9b1d7c3a-58e2-4c0f-8d7a-2e6f5b4a3c21", username="john", password="no longer working here", enabled=False
    ),
)


def write_for_peer(cast: DifferentialCast) -> str:
    """The cast as `peer/server.mjs` reads it."""
    clients = [
        {
            "id": client.id,
            "name": client.name,
            **({} if client.secret is None else {"secret": client.secret}),
            "grant_types": client.grant_types,
            "scope": client.scope,
        }
        for client in cast.clients
    ]
    users = [
        {"id": person.id, "username": person.username, "password": person.password, "enabled": person.enabled}
        for person in cast.everybody
    ]
    return json.dumps({"clients": clients, "users": users, "scopes": cast.scopes}, ensure_ascii=False)
