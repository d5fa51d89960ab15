"""A cut-over of each kind from MariaDB, and from the dumps of the databases' own tools: import, log in, import again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.importers import test_django, test_identityserver, test_passport, test_spring, test_ts_oauth2_server
from tests.importers.sources import PASSWORD, Source, asking, counts

if TYPE_CHECKING:
    from tests.cli.commanding import Folder


@dataclass(frozen=True)
class CutOver:
    """One old server."""

    fill: Callable[[Source], None]
    options: tuple[str, ...]
    path: str
    request: dict[str, str]
    created: dict[str, int]
    """How many of each kind come in; of the others the kind's own tests tell."""
    rows: dict[str, int] = field(default_factory=dict)
    """How many there are."""


CUT_OVERS = {
    "passport": CutOver(
        fill=test_passport.version_4, options=test_passport.SERVER, path="/oauth/token",
        request={"client_id": "2", "client_secret": test_passport.SECRET, "username": "ann@example.com"},
        created={"client": 3, "resource owner": 2}, rows={"client": 4, "resource owner": 3},
    ),
    "spring": CutOver(
        fill=test_spring.fill, options=test_spring.SERVER, path="/paymentiq/oauth/token",
        request={"basic": f"bo:{test_spring.SECRET}", "username": "junhuh"},
        created={"client": 2, "resource owner": 2}, rows={"client": 2, "resource owner": 4},
    ),
    "ts-oauth2-server": CutOver(
        fill=partial(test_ts_oauth2_server.fill, layout="pivot"), options=test_ts_oauth2_server.SERVER, path="/token",
        request={
            "client_id": test_ts_oauth2_server.CLIENT, "client_secret": test_ts_oauth2_server.SECRET,
            "scope": "contacts.read", "username": "jason@example.com",
        },
        created={"client": 1, "resource owner": 1}, rows={"client": 1, "resource owner": 1},
    ),
    "django": CutOver(
        fill=test_django.fill, options=("--allow-grant", "password", "--scope", "read"), path="/oauth2/token",
        request={"client_id": "mobile", "client_secret": test_django.SECRET, "username": "ann"},
        created={"client": 3, "resource owner": 2}, rows={"client": 4, "resource owner": 3},
    ),
    "identityserver": CutOver(
        fill=test_identityserver.fill, options=("--allow-grant", "password"), path="/oauth2/token",
        request={"client_id": "mobile", "client_secret": test_identityserver.SECRET, "scope": "api", "username": "ann"},
        created={"client": 3, "resource owner": 3}, rows={"client": 4, "resource owner": 4},
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "further_source"),
    [
        ("passport", "mariadb"),
        ("spring", "mariadb"),
        ("ts-oauth2-server", "mariadb"),
        ("django", "mariadb"),
        ("identityserver", "mariadb"),
        ("passport", "mariadb-dump"),
        ("identityserver", "mariadb-dump --hex-blob --complete-insert --skip-extended-insert"),
        ("django", "pg_dump"),
        ("ts-oauth2-server", "pg_dump --inserts"),
        ("spring", "pg_dump --column-inserts --rows-per-insert=2"),
    ],
    indirect=["further_source"],
)
def test_an_old_client_goes_on_after_the_switch(folder: Folder, further_source: Source, kind: str):
    cut_over = CUT_OVERS[kind]
    folder.change(weak_formats='weak_formats = ["digest"]')
    cut_over.fill(further_source)
    dry = further_source.imported(folder, kind, *cut_over.options, "--dry-run", "--json")
    first = further_source.imported(folder, kind, *cut_over.options, "--json")
    assert counts(first) == counts(dry), first.err
    assert {name: told["created"] for name, told in counts(first).items()} == cut_over.created
    assert {name: sum(told.values()) for name, told in counts(first).items()} == cut_over.rows
    second = counts(further_source.imported(folder, kind, *cut_over.options, "--json"))
    assert {name: told["equal"] for name, told in second.items()} == cut_over.created
    with asking(folder) as send:
        request = {"grant_type": "password", **cut_over.request}
        assert send(cut_over.path, **request, password="wrong password")[0] in (400, 401)
        status, answer = send(cut_over.path, **request, password=PASSWORD)
        assert status == 200, answer
        refresh = {name: value for name, value in request.items() if name != "username"} | {
            "grant_type": "refresh_token"
        }
        if "refresh_token" in answer:
            assert send(cut_over.path, **refresh, refresh_token=answer["refresh_token"])[0] == 200
