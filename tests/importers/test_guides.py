"""Each command of the guides that can be run is run, on a database of that kind; then an old client logs in."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import pbkdf2_hmac
from typing import TYPE_CHECKING

import pytest

from dragoman.importers.kind import cutover_of, list_kinds, load_kind
from tests.cli.commanding import run
from tests.importers import test_django, test_passport, test_spring, test_ts_oauth2_server
from tests.importers.guides import FOLDER, TOKENS, Walk, write_key
from tests.importers.sources import PASSWORD, FileSource, ServerSource
from tests.postgresql import for_the_driver
from tests.posting import post

if TYPE_CHECKING:
    from pathlib import Path

    from tests.postgresql import Cluster

HEADINGS = ("Before", "Rehearsal", "Switch", "After", "Way back", "Not supported")


@pytest.fixture
def verifying(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment of who follows a guide."""
    for name in ("DRAGOMAN_CONFIG", "COLUMNS", "DRAGOMAN_DATABASE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DRAGOMAN_VERIFY_PASSWORD", PASSWORD)
    return monkeypatch


def log_in_and_ask(url: str, asked: str, basic: str | None, **form: str) -> None:
    """The old client with the old password; then an API asks about the token; and a wrong password is still wrong."""
    status, answer = post(url, basic, grant_type="password", **form, password=PASSWORD)
    assert status == 200, answer
    status, told = post(asked, basic or f"{form['client_id']}:{form['client_secret']}", token=answer["access_token"])
    assert (status, told.get("active", True)) == (200, True), told
    assert post(url, basic, grant_type="password", **form, password="wrong password")[0] in (400, 401)


def test_the_guide_from_passport(tmp_path: Path, verifying: pytest.MonkeyPatch):
    test_passport.version_4(FileSource(tmp_path / "old.sqlite"))
    FileSource(tmp_path / "old.sqlite").fill(*TOKENS)
    write_key(tmp_path)
    verifying.setenv("DRAGOMAN_VERIFY_CLIENT_SECRET", test_passport.SECRET)
    walk, form = Walk(tmp_path, verifying), {"client_id": "2", "client_secret": test_passport.SECRET}
    raised = "--report last.jsonl"  # who logged in since the first import
    for line, outcome in walk.go("laravel-passport", {"dragoman migrate plan": 1, raised: 1}):
        assert "verify" not in line or "passed" in outcome.out
        if "before-the-switch" in line:
            served = walk.served
            log_in_and_ask(
                f"{served}/oauth/token", f"{served}/oauth/introspect", None, **form, username="ann@example.com"
            )
        if "--sessions" in line:
            assert re.search(r"session +1 ", outcome.out), outcome.out
    assert (tmp_path / "after-the-switch.jsonl").exists()


def test_the_guide_from_spring(tmp_path: Path, verifying: pytest.MonkeyPatch, postgresql: Cluster, other_database: str):
    test_spring.fill(ServerSource(postgresql, other_database))
    verifying.setenv("DRAGOMAN_VERIFY_CLIENT_SECRET", test_spring.SECRET)
    walk = Walk(tmp_path, verifying, for_the_driver(postgresql.url(other_database)))
    refused = {"dragoman migrate plan": 1, "dragoman import": 1}  # accounts with plain passwords
    for line, outcome in walk.go("spring-security-oauth", refused):
        assert "verify" not in line or "passed" in outcome.out
        if "before-the-switch" in line:
            basic, served = f"bo:{test_spring.SECRET}", walk.served
            log_in_and_ask(f"{served}/oauth/token", f"{served}/oauth/check_token", basic, username="junhuh")
    told = run("user", "show", "junhuh", "--json").json
    assert told["authorities"] == ["ROLE_USER"]


def test_the_guide_from_a_server_of_ones_own(tmp_path: Path, verifying: pytest.MonkeyPatch):
    blocks = re.findall(r"^```(toml|json)\n(.*?)^```", (FOLDER / "own-server.md").read_text(), re.MULTILINE | re.DOTALL)
    people, clients = (text for kind, text in blocks if kind == "toml" and text.startswith("rows"))
    person, client = (json.loads(text) for kind, text in blocks if kind == "json")
    secret = "a secret of the old server"
    (tmp_path / "people.toml").write_text(people)
    (tmp_path / "clients.toml").write_text(clients)
    (tmp_path / "people.jsonl").write_text(json.dumps({**person, "PasswordHash": aspnet_hash()}) + "\n")
    (tmp_path / "clients.jsonl").write_text(json.dumps({**client, "secret": secret}) + "\n")
    verifying.setenv("DRAGOMAN_VERIFY_CLIENT_SECRET", secret)
    walk = Walk(tmp_path, verifying)
    for line, outcome in walk.go("own-server", {"dragoman migrate plan": 1, "--report last.report": 1}):
        assert "verify" not in line or "passed" in outcome.out
        if "before-the-switch" in line:
            served = walk.served
            log_in_and_ask(f"{served}/token", f"{served}/token/introspect", f"till:{secret}", username="ann")


def test_the_guide_from_ts_oauth2_server(
    tmp_path: Path, verifying: pytest.MonkeyPatch, postgresql: Cluster, other_database: str
):
    test_ts_oauth2_server.fill(ServerSource(postgresql, other_database), "array")
    walk = Walk(tmp_path, verifying, for_the_driver(postgresql.url(other_database)))
    for line, _ in walk.go("ts-oauth2-server", {"dragoman migrate plan": 1, "--report last.jsonl": 1}):
        if "before-the-switch" in line:
            basic, served = f"{test_ts_oauth2_server.CLIENT}:{test_ts_oauth2_server.SECRET}", walk.served
            form = {"username": "jason@example.com", "scope": "contacts.read"}
            log_in_and_ask(f"{served}/oauth2/token", f"{served}/oauth2/introspect", basic, **form)


def test_the_guide_from_django(tmp_path: Path, verifying: pytest.MonkeyPatch):
    source = FileSource(tmp_path / "db.sqlite3")
    test_django.fill(source)
    walk = Walk(tmp_path, verifying)
    for _ in walk.go("django-oauth-toolkit", {"dragoman migrate plan": 1, "dragoman import": 1}):
        pass
    assert run("client", "list", "--json").json


def aspnet_hash() -> str:
    """As ASP.NET Core Identity writes it, version 3: a header, a salt and PBKDF2-HMAC-SHA-256."""
    salt, rounds = bytes(range(16)), 1000
    head = b"\x01" + b"".join(number.to_bytes(4, "big") for number in (1, rounds, len(salt)))
    return b64encode(head + salt + pbkdf2_hmac("sha256", PASSWORD.encode(), salt, rounds, 32)).decode()


def test_every_guide_tells_the_way_back_and_what_is_not_supported():
    guides = [path for path in FOLDER.glob("*.md") if path.stem != "README"]
    for path in guides:
        headings = [line for line in path.read_text().splitlines() if line.startswith("## ")]
        assert headings == [f"## {one}" for one in HEADINGS], path
        assert path.name in (FOLDER / "README.md").read_text()
    kinds = {cutover_of(load_kind(name)).guide for name in list_kinds()} - {""}
    assert kinds <= {path.stem for path in guides}
