"""The server under attack: verbs to set it up, to speak to it and to look behind it, and a clock to turn."""

from __future__ import annotations

import asyncio
import io
import json
import secrets
import sqlite3
from bisect import bisect_left
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from dragoman.core.model import Client, Grant, GrantId, ResourceOwner
from dragoman.core.scope import Scope
from dragoman.core.secret import Secret
from dragoman.hashing.client_secrets import ClientSecretHasher
from tests.attacks.exchange import FORM, Answer, ask

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping

    from dragoman.config.settings import Configuration
    from dragoman.hashing.pool import PasswordHasher
    from dragoman.store.store import Store

DIALECTS = (
    "standard", "jobspace", "passport-12", "passport-13", "jmondi", "jmondi-1", "jmondi-4", "paymentiq",
    "spring-form-clients", "spring-security-oauth-2.5", "kabbage", "axosoft",
)  # fmt: skip
"""All dialects; each is mounted under `/its-name`, and `standard` at the root as well."""
ALL_GRANTS = frozenset({"password", "client_credentials", "refresh_token"})
PASSWORD = "correct horse battery"
START = 1_800_000_000
_ALL = 1_000_000


@dataclass(slots=True)
class Clock:
    """Epoch seconds that pass when a test says so."""

    now: int = START

    def __call__(self) -> int:
        """The time."""
        return self.now


@dataclass(slots=True)
class Lines:
    """Of a log, each read once however often it is asked for: a server of many tests writes many."""

    end: int = 0
    _starts: list[int] = field(default_factory=list)
    _lines: list[dict[str, Any]] = field(default_factory=list)

    def read_on(self, log: bytes) -> None:
        """Take in what was written since the last time."""
        for line in log[self.end :].splitlines(keepends=True):
            self._starts.append(self.end)
            self._lines.append(json.loads(line))
            self.end += len(line)

    def since(self, mark: int) -> list[dict[str, Any]]:
        """Those that begin there or later."""
        return [dict(line) for line in self._lines[bisect_left(self._starts, mark) :]]


@dataclass(slots=True, kw_only=True, repr=False)
class Server:
    """The server, and verbs to set it up, to speak to it and to look behind it."""

    configuration: Configuration
    application: Any
    clock: Clock
    log: io.BytesIO
    run: Callable[[Coroutine[Any, Any, Any]], Any]
    tool: Store
    """The store as a command sees it, beside the server."""
    passwords: PasswordHasher
    """The pool that the server checks passwords in."""
    preparing: PasswordHasher
    """Another, for setting up, so that the count of the first is the server's own."""
    secrets_of_clients: ClientSecretHasher
    _secrets: dict[str, str] = field(default_factory=dict)
    _owners: dict[str, ResourceOwner] = field(default_factory=dict)
    _read: Lines = field(default_factory=Lines)

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """Hypothesis would print every field."""
        printer.text("Server(…)")

    # setting up

    def add_client(self, *, public: bool = False, secret: str | None = None, **fields: Any) -> str:
        """A confidential client of all dialects and grant types, unless told otherwise; its id."""
        client_id = fields.pop("id", f"client-{secrets.token_hex(6)}")
        text = secret or f"secret-{secrets.token_hex(16)}"
        stored = () if public else fields.pop("secrets", (self.secrets_of_clients.store(Secret(text)),))
        defaults: dict[str, Any] = {
            "name": client_id, "grant_types": ALL_GRANTS, "scope": Scope.of(["read", "write"]),
            "dialects": frozenset(DIALECTS), "created_at": START,
        }  # fmt: skip
        client = Client(id=client_id, secrets=stored, **{**defaults, **fields})
        self._secrets[client_id] = text
        self.run(self._administered(lambda store: store.administration.create_client(client)))
        return client_id

    def change_client(self, client_id: str, **fields: Any) -> None:
        """Replace fields of a client."""

        async def change(store: Store) -> None:
            client = await store.find_client(client_id)
            assert client is not None
            assert await store.administration.update_client(replace(client, **fields))

        self.run(self._administered(change))

    def delete_client(self, client_id: str) -> None:
        """Remove a client."""
        self.run(self._administered(lambda store: store.administration.delete_client(client_id, self.clock())))

    def add_owner(self, password: str = PASSWORD, *, stored: str | None = None, **fields: Any) -> str:
        """A person with this password; the user name."""
        name = fields.pop("username", f"person-{secrets.token_hex(6)}")
        kept = stored if stored is not None else self.run(self.preparing.hash_new(Secret(password)))
        owner = ResourceOwner(
            id=fields.pop("id", f"owner-{secrets.token_hex(6)}"), username=name, password_hash=kept,
            created_at=START, **fields,
        )  # fmt: skip
        self._owners[name] = owner
        self.run(self._administered(lambda store: store.administration.create_resource_owner(owner)))
        return name

    def change_owner(self, username: str, **fields: Any) -> None:
        """Replace fields of a person."""
        owner = replace(self._owners[username], **fields)
        self._owners[username] = owner
        self.run(self._administered(lambda store: store.administration.update_resource_owner(owner, self.clock())))

    def delete_owner(self, username: str) -> None:
        """Remove a person."""
        owner = self._owners.pop(username)
        self.run(self._administered(lambda store: store.administration.delete_resource_owner(owner.id, self.clock())))

    def lose_row_of(self, username: str) -> None:
        """Take a person's row away behind the server's back, as a bad restore would."""
        path = self.configuration.path(self.configuration.database)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("DELETE FROM resource_owners WHERE id = ?", (self._owners[username].id,))

    def purge(self, before: int) -> None:
        """Take away what ended before this time."""
        self.run(self._administered(lambda store: store.administration.purge(before)))

    def owner_id(self, username: str) -> str:
        """The identifier of a person."""
        return self._owners[username].id

    def secret_of(self, client_id: str) -> str:
        """The secret of a client."""
        return self._secrets[client_id]

    # speaking

    def ask(self, method: str, path: str, **parts: Any) -> Answer:
        """One request, of any kind."""
        answer = self.run(ask(self.application, method, path, **parts))
        assert isinstance(answer, Answer)
        return answer

    def ask_all(self, requests: Iterable[Mapping[str, Any]]) -> list[Answer]:
        """Requests at the same time."""

        async def gather() -> list[Answer]:
            return await asyncio.gather(*(ask(self.application, **one) for one in requests))

        answers: list[Answer] = self.run(gather())
        return answers

    def form(self, path: str, fields: Mapping[str, str] | Iterable[tuple[str, str]], **parts: Any) -> Answer:
        """A POST with a form."""
        headers = [("Content-Type", FORM), *parts.pop("headers", ())]
        text = (
            fields
            if isinstance(fields, bytes)
            else urlencode(list(fields.items()) if isinstance(fields, dict) else fields)
        )
        body = text if isinstance(text, bytes) else text.encode()
        return self.ask("POST", path, headers=headers, body=body, **parts)

    def credentials(self, client_id: str) -> dict[str, str]:
        """Id and secret as parameters."""
        return {"client_id": client_id, "client_secret": self._secrets[client_id]}

    def log_in(self, client_id: str, username: str, password: str = PASSWORD, **extra: str) -> Answer:
        """A password grant at the standard dialect."""
        form = {"grant_type": "password", **self.credentials(client_id), "username": username, "password": password}
        return self.form("/oauth2/token", form | extra)

    def refresh(self, client_id: str, refresh_token: str, **extra: str) -> Answer:
        """A refresh at the standard dialect."""
        form = {"grant_type": "refresh_token", **self.credentials(client_id), "refresh_token": refresh_token}
        return self.form("/oauth2/token", form | extra)

    def introspect(self, client_id: str, token: str) -> dict[str, Any]:
        """What the standard dialect says of a token."""
        return self.form("/oauth2/introspect", {**self.credentials(client_id), "token": token}).document

    def resource(self, token: str) -> int:
        """The status of the standard dialect's resource."""
        return self.ask("GET", "/resource", headers=[("Authorization", f"Bearer {token}")]).status

    # looking behind

    def grants(self, client_id: str) -> tuple[Grant, ...]:
        """The grants of a client, ended ones too."""
        found = self.run(
            self._administered(lambda store: store.administration.list_grants_of_client(client_id, limit=_ALL))
        )
        return tuple(found)

    def revoke_all(self, username: str) -> int:
        """Sign a person out everywhere."""
        owner_id = self._owners[username].id
        return int(
            self.run(
                self._administered(
                    lambda store: store.administration.revoke_grants_of_subject(owner_id, self.clock(), "signed_out")
                )
            )
        )

    def find_grant(self, grant_id: GrantId) -> Grant:
        """One grant as it stands."""
        grant = self.run(self._administered(lambda store: store.find_grant(grant_id)))
        assert isinstance(grant, Grant)
        return grant

    def rows(self) -> dict[str, int]:
        """How many rows say that something was issued, ended or advanced."""
        queries = {
            "grants": "SELECT count(*) FROM grants",
            "access_tokens": "SELECT count(*) FROM access_tokens",
            "advanced": "SELECT coalesce(sum(generation + issued), 0) FROM grants",
            "revoked_grants": "SELECT count(*) FROM grants WHERE revoked_at IS NOT NULL",
            "revoked_access_tokens": "SELECT count(*) FROM revoked_access_tokens",
        }
        path = self.configuration.path(self.configuration.database)
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return {name: connection.execute(query).fetchone()[0] for name, query in queries.items()}

    def mark(self) -> int:
        """Where the log ends now."""
        return self.log.tell()

    def events(self, since: int = 0) -> list[dict[str, Any]]:
        """The audit, from a mark on."""
        return [event for event in self.log_lines(since) if event["event"] == "audit"]

    def log_lines(self, since: int = 0) -> list[dict[str, Any]]:
        """The log from a mark on, a JSON object each line."""
        whole = self.log.getvalue()
        if len(whole) < self._read.end:
            self._read = Lines()
        self._read.read_on(whole)
        return self._read.since(since)

    @contextmanager
    def nothing_happens(self, hashes: int = 0) -> Iterator[None]:
        """No row is written, nothing is issued or ended, and so many password hashes are computed (`0tok`, `0kdf`)."""
        rows, computed = self.rows(), self.passwords.hashes_computed
        yield
        assert self.rows() == rows
        assert self.passwords.hashes_computed - computed == hashes

    @contextmanager
    def nothing_issued(self) -> Iterator[None]:
        """No row is written, whatever it costs (`0tok`)."""
        rows = self.rows()
        yield
        assert self.rows() == rows

    async def _administered(self, work: Callable[[Store], Awaitable[Any]]) -> Any:
        return await work(self.tool)
