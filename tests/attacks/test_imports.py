"""Sources of an import that were written by an enemy: M01 to M09."""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import tarfile
import zipfile
from contextlib import closing
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.commanding import Folder, Outcome, make_folder
from tests.importers.sources import laravel_hash

if TYPE_CHECKING:
    from collections.abc import Mapping

PEOPLE = 'rows = "resource_owner"\n[columns]\nid = "id"\nusername = "login"\npassword_hash = "pw"\nauthorities = "roles"\nfirst_name = "name"\n'
CLIENTS = 'rows = "client"\n[columns]\nid = "id"\nsecret = "secret"\ngrant_types = "grants"\nscope = "scope"\nauthorities = "roles"\n'
KINDS = ("csv", "jsonl", "passport", "keycloak")
"""One of each way to read a file."""
HEAD = "id,login,pw,roles,name\n"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return make_folder(tmp_path / "server", "--dialect", "standard", "--dialect", "jobspace")


@pytest.fixture
def people(tmp_path: Path) -> Path:
    return written(tmp_path / "people.toml", PEOPLE)


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    return path


def counts(outcome: Outcome) -> Mapping[str, Mapping[str, int]]:
    return outcome.json["counts"]


def files_in(path: Path) -> list[str]:
    return sorted(str(one) for one in path.rglob("*"))


def archives(path: Path) -> dict[str, Path]:
    """Members that point elsewhere, and members that grow."""
    member = tarfile.TarInfo("../../escaped")
    link = tarfile.TarInfo("escaped")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with tarfile.open(path / "old.tar", "w") as tar:
        tar.addfile(member, io.BytesIO())
        tar.addfile(link)
    with zipfile.ZipFile(path / "old.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for number in range(2000):
            packed.writestr(f"../../escaped{number}", b"")
        packed.writestr("C:\\escaped", b"\0" * (8 << 20))
    with gzip.open(path / "old.sql.gz", "wb") as packed:
        packed.write(b"-- MySQL dump 10\n" + b"\0" * (16 << 20))
    return {name: path / f"old.{name}" for name in ("tar", "zip", "sql.gz")}


def test_m01_m02_no_archive_is_opened_by_any_kind(folder: Folder, tmp_path: Path, people: Path):
    sources = archives(tmp_path)
    before = files_in(tmp_path)
    for source, kind in product(sources.values(), KINDS):
        outcome = folder.run("import", kind, source, *(["--mapping", people] if kind in ("csv", "jsonl") else []))
        assert outcome.status in (1, 2), (kind, source)
        assert "Traceback" not in outcome.err
        assert '"created"' not in outcome.out
    assert [one for one in files_in(tmp_path) if one not in before and "server" not in one] == []


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS id, 'a' || i AS email, 'x' AS password FROM n"
GROWING = {
    "a view without an end": ("CREATE TABLE plain (id)", f"CREATE VIEW users AS {ENDLESS}"),
    "a column that computes megabytes": (
        "CREATE TABLE users (id INTEGER, email, password, big AS (zeroblob(4000000)))",
        "INSERT INTO users (id, email, password) VALUES (1, 'ann', 'x')",
    ),
}


@pytest.mark.parametrize("statements", GROWING.values(), ids=GROWING)
def test_m02_a_small_database_file_that_grows_as_it_is_read_is_one_sentence(
    folder: Folder, tmp_path: Path, statements: tuple[str, ...]
):
    source = tmp_path / "old.db"
    with closing(sqlite3.connect(source)) as database, database:
        database.execute(
            "CREATE TABLE oauth_clients (id, name, secret, personal_access_client, password_client, revoked)"
        )
        for statement in statements:
            database.execute(statement)
    outcome = folder.run("import", "passport", source, "--dialect", "jobspace")
    assert outcome.status == 2, outcome.err
    assert "cannot be read: SQLITE_" in outcome.err
    assert folder.done("user", "list", "--json").json == []


@pytest.mark.parametrize(
    "content",
    [
        "!!python/object/apply:os.system ['touch escaped']",
        "a: &a [lol]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n",
        "a = " + "[" * 100_000,
        'rows = "client"\n[columns]\nid = { a = ' + "{ a = " * 20_000,
        "- " * 100_000,
    ],
    ids=["object", "aliases", "lists", "tables", "deep"],
)
def test_m03_a_mapping_file_can_run_nothing_and_grow_nothing(folder: Folder, tmp_path: Path, content: str):
    source = written(tmp_path / "people.csv", HEAD)
    outcome = folder.run("import", "csv", source, "--mapping", written(tmp_path / "m.toml", content))
    assert (outcome.status, "Traceback" in outcome.err) == (2, False), outcome.err
    assert not (tmp_path / "escaped").exists()
    assert not Path("escaped").exists()


def test_m04_odd_csv_is_told_by_line_and_formulas_are_only_text(folder: Folder, tmp_path: Path, people: Path):
    rows = ["1,ann,,,=cmd|' /C calc'!A0", "2,b\0b,,,x", "3,caf\udce9,,,x", "4,carl,,,+1+1", '5,"da\nve",,,x']
    source = written(
        tmp_path / "people.csv", ("\ufeff" + HEAD + "\n".join(rows) + "\n").encode("utf-8", "surrogateescape")
    )
    report = tmp_path / "report"
    outcome = folder.run("import", "csv", source, "--mapping", people, "--report", report)
    told = [json.loads(line) for line in report.read_text().splitlines()[:-1]]
    assert [(one["place"], one["result"]) for one in told] == [
        ("line 2", "created"), ("line 3", "refused"), ("line 4", "refused"), ("line 5", "created"), ("line 6", "refused"),
    ]  # fmt: skip
    assert outcome.status == 1
    endless = written(tmp_path / "endless.csv", HEAD + "9," + "x" * (3 << 20))
    assert "line 2: longer than" in folder.run("import", "csv", endless, "--mapping", people).err


def test_m05_two_people_who_look_alike_are_told_and_never_merged(folder: Folder, tmp_path: Path, people: Path):
    folder.user("victim", "--id", "0")
    rows = [
        f"1,ANN,{laravel_hash()},,",
        f"2,\uff41nn,{laravel_hash('other')},,",
        f"0,mallory,{laravel_hash()},,",
        "3,ViCTiM,,,",
    ]
    source = written(tmp_path / "people.csv", HEAD + "\n".join(rows) + "\n")
    outcome = folder.run("import", "csv", source, "--mapping", people, "--json")
    assert counts(outcome) == {"resource owner": {"created": 1, "conflicting": 3}}
    assert folder.done("user", "show", "0", "--json").json["username"] == "victim"
    assert len(folder.done("user", "list", "--json").json) == 2


def test_m06_nothing_privileged_comes_in_that_is_not_named(folder: Folder, tmp_path: Path, people: Path):
    words = written(tmp_path / "clients.toml", CLIENTS)
    client = {
        "id": "app",
        "secret": "s" * 30,
        "grants": ["password", "refresh_token"],
        "scope": "read * admin:*",
        "roles": ["ROLE_ADMIN"],
    }
    clients = written(tmp_path / "clients.jsonl", json.dumps(client))
    owners = written(tmp_path / "people.csv", f"{HEAD}1,ann,,ROLE_ADMIN is_superuser,\n")
    dry = folder.run("import", "jsonl", clients, "--mapping", words, "--dry-run")
    for flag in (
        "--allow-grant password",
        "--allow-scope '*'",
        "--allow-scope 'admin:*'",
        "--allow-authority 'ROLE_ADMIN'",
    ):
        assert flag in dry.out, flag
    folder.done("import", "jsonl", clients, "--mapping", words)
    folder.done("import", "csv", owners, "--mapping", people)
    came = folder.done("client", "show", "app", "--json").json
    assert (came["grant_types"], came["scope"], came["authorities"]) == (["refresh_token"], ["read"], [])
    assert (came["dialects"], came["shared_key_signature"]) == (["standard"], False)
    assert folder.done("user", "show", "ann", "--json").json["authorities"] == []
    unknown = written(tmp_path / "wrong.toml", PEOPLE.replace("first_name", "is_admin"))
    assert "no field 'is_admin'" in folder.run("import", "csv", owners, "--mapping", unknown).err


NO_GRANT_TYPES = {
    "missing": {},
    "null": {"grants": None},
    "an empty list": {"grants": []},
    "an empty text": {"grants": ""},
}


@pytest.mark.parametrize("kind", NO_GRANT_TYPES)
def test_x11_a_client_that_comes_without_grant_types_may_do_nothing(folder: Folder, tmp_path: Path, kind: str):
    words = written(tmp_path / "clients.toml", CLIENTS)
    row = {"id": "app", "secret": "s" * 30, "scope": "read", **NO_GRANT_TYPES[kind]}
    clients = written(tmp_path / "clients.jsonl", json.dumps(row))
    folder.done("import", "jsonl", clients, "--mapping", words, "--allow-grant", "password")
    assert folder.done("client", "show", "app", "--json").json["grant_types"] == []


def test_x11_a_change_to_no_grant_types_leaves_none(folder: Folder):
    folder.client("app", "--grant-type", "client_credentials refresh_token")
    folder.done("client", "update", "app", "--name", "another")
    kept = folder.done("client", "show", "app", "--json").json
    assert kept["grant_types"] == ["client_credentials", "refresh_token"]
    folder.done("client", "update", "app", "--grant-type", "")
    assert folder.done("client", "show", "app", "--json").json["grant_types"] == []


def test_m07_plain_text_goes_no_further_than_the_digest(folder: Folder, tmp_path: Path, people: Path):
    words = written(tmp_path / "clients.toml", CLIENTS)
    clients = written(
        tmp_path / "clients.jsonl", json.dumps({"id": "app", "secret": "plain-client-secret", "grants": []})
    )
    owners = written(
        tmp_path / "people.csv", f"{HEAD}1,ann,plain-user-password,,\n2,bob,{{noop}}plain-user-password,,\n"
    )
    said = [
        folder.done("import", "jsonl", clients, "--mapping", words, "--report", tmp_path / "one"),
        folder.run("import", "csv", owners, "--mapping", people, "--report", tmp_path / "two"),
    ]
    assert counts(folder.run("import", "csv", owners, "--mapping", people, "--json")) == {
        "resource owner": {"refused": 2}
    }
    kept = [path.read_bytes() for path in (tmp_path / "server").rglob("*") if path.is_file()]
    kept += [(tmp_path / "one").read_bytes(), (tmp_path / "two").read_bytes()]
    kept += [(one.out + one.err).encode() for one in said]
    for secret in (b"plain-client-secret", b"plain-user-password"):
        assert not any(secret in one for one in kept), secret
