"""A server in the shadow of another, spoken to over real sockets."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from dragoman.config.settings import AuditTable, MountTable, ShadowTable
from dragoman.shadow.record import ClientRecord, read_record
from tests.old_servers import CLIENT
from tests.processes import wait_until
from tests.serving import configure, provision, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dragoman.verification.cast import Cast, CastPerson

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """An HTTP answer, lines as they came."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def document(self) -> dict:
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


def ask(url: str, path: str, fields: Mapping[str, str] | bytes = b"", *, method: str = "POST", **headers: str) -> Got:
    """One request on a connection of its own; underscores in names of headers are hyphens."""
    address = urlsplit(url)
    connection = HTTPConnection(address.hostname, address.port, timeout=60)
    body = fields if isinstance(fields, bytes) else urlencode(fields).encode()
    try:
        given = {**FORM, **{name.replace("_", "-"): value for name, value in headers.items()}}
        connection.request(method, path, body or None, given if body else {})
        response = connection.getresponse()
        return Got(status=response.status, headers=tuple(response.getheaders()), body=response.read())
    finally:
        connection.close()


def password(person: CastPerson, *, wrong: bool = False, **more: str) -> dict[str, str]:
    """A log-in with the client's credentials as parameters."""
    sent = "Canary-of-nobody-1199" if wrong else person.password
    return {"grant_type": "password", **credentials(), "username": person.username, "password": sent, **more}


def refresh(token: str, **more: str) -> dict[str, str]:
    return {"grant_type": "refresh_token", **credentials(), "refresh_token": token, **more}


def credentials() -> dict[str, str]:
    return {"client_id": CLIENT.id, "client_secret": CLIENT.secret}


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A server in the shadow of another."""

    url: str
    folder: Path

    def exchanges(self, number: int) -> ClientRecord:
        """The record of the client, once so many of its exchanges were looked at; the server keeps it when it ends."""

        def whole() -> ClientRecord | None:
            for one in read_record(self.folder / "shadow.json").clients:
                looked_at = (one.compared.count if one.compared else 0) + sum(one.not_compared.values())
                if one.client == CLIENT.id and looked_at >= number:
                    return one
            return None

        return wait_until(whole, 60)


@contextmanager
def watching(
    folder: Path, dialect: str, cast: Cast, url: str, *, further: Mapping[str, object] | None = None, **settings: object
) -> Iterator[Watched]:
    """It runs until the block ends."""
    table = ShadowTable(old_server_url=url, **settings)
    configuration = configure(
        folder, MountTable(dialect=dialect, shadow=table), scopes=dict.fromkeys(("read", "write"), ""),
        audit=AuditTable(to="files"), **(further or {}),
    )  # fmt: skip
    provision(configuration, dialect, cast)
    with serving(configuration) as address:
        yield Watched(url=address, folder=folder)
