"""`dragoman migrate plan`: everything that is there is counted, nothing is changed, and its commands can be run."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.cli.commanding import Folder, Outcome, run
from tests.importers import test_passport, test_spring
from tests.importers.guides import TOKENS, write_key
from tests.importers.sources import FileSource, Source, counts, laravel_hash
from tests.postgresql import for_the_driver


def planned(source: Source, kind: str, *more: object, folder: Folder | None = None) -> Outcome:
    configured = () if folder is None else ("--config", folder.file)
    if isinstance(source, FileSource):
        before = source.path.read_bytes(), sorted(source.path.parent.glob("old*"))
        outcome = run("migrate", "plan", kind, source.path, *more, *configured)
        assert (source.path.read_bytes(), sorted(source.path.parent.glob("old*"))) == before, "the source was changed"
        return outcome
    return run("migrate", "plan", kind, "-", *more, *configured, stdin=for_the_driver(source.cluster.url(source.name)))


def test_passports_database_is_counted_and_its_dialect_named(source: Source):
    test_passport.version_4(source)
    outcome = planned(source, "passport", "--json")
    assert outcome.status == 1, outcome.err
    plan = outcome.json
    assert plan["dialects"] == ["jobspace"]
    assert plan["fitting_dialects"] == ["jobspace", "passport-12", "passport-13"]
    found = plan["found"]
    assert (found["clients"], found["disabled_clients"], found["accounts"]) == (3, 1, 3)
    assert found["clients_by_secret"] == {"plain": 3}
    assert found["clients_by_grant_type"]["password"] == 1
    assert found["accounts_by_hash"]["bcrypt"] == 2
    assert found["passed_over"] == {"a client for personal access tokens only": 1}
    assert plan["would"]["resource owner"] == {"created": 2, "refused": 1}
    assert {"option": "--allow-grant password", "what": "grant type password", "rows": 1} in plan["decisions"]
    assert any("redirect URIs" in one for one in plan["left_behind"])
    assert any("--without-password" in one["why"] for one in plan["obstacles"])
    told = [text for step in plan["steps"] for text in step["text"]]
    assert any("oauth-private.key" in text for text in told)
    assert any("oauth_access_tokens" in text for text in told)
    assert any("[mirror]" in text for text in told)


def test_springs_database_is_counted_with_its_privileges(source: Source):
    test_spring.fill(source)
    plan = planned(source, "spring", "--json").json
    options = {one["option"]: one["rows"] for one in plan["decisions"]}
    assert options == {
        "--allow-grant password": 1, "--allow-authority 'ROLE_CLIENT'": 1, "--allow-scope '*'": 1,
        "--allow-authority 'ROLE_ADMIN'": 1, "--allow-authority 'ROLE_USER'": 1,
    }  # fmt: skip
    assert plan["found"]["accounts_by_state"] == {"disabled": 1}
    assert plan["found"]["scopes"] == {"read": 2, "write": 1, "*": 1}
    assert plan["found"]["clients_by_secret"] == {"plain": 1, "spring": 1}


def test_it_needs_no_server_leaves_none_behind_and_changes_none(folder: Folder, source: Source, tmp_path: Path):
    test_spring.fill(source)
    before = {path: path.stat().st_mtime_ns for path in folder.path.rglob("*") if path.is_file()}
    rows = folder.done("client", "list", "--json").json, folder.done("user", "list", "--json").json
    planned(source, "spring")
    planned(source, "spring", folder=folder)
    assert (folder.done("client", "list", "--json").json, folder.done("user", "list", "--json").json) == rows
    after = {path: path.stat().st_mtime_ns for path in folder.path.rglob("*") if path.is_file()}
    noisy = ("-wal", "-shm", ".lock")
    assert {one: at for one, at in after.items() if not one.name.endswith(noisy)} == {
        one: at for one, at in before.items() if not one.name.endswith(noisy)
    }


def test_no_secret_and_no_hash_is_in_a_plan(source: Source):
    test_passport.version_4(source)
    for form in ((), ("--json",)):
        outcome = planned(source, "passport", *form)
        for secret in (test_passport.SECRET, "$2y$", "5f4dcc3b", "remembered", "p@ss", "%40ss"):
            assert secret not in outcome.out + outcome.err


def test_the_steps_can_be_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """As they are printed: set up, import once dry and once for good, with what was decided; then the way back."""
    source = FileSource(tmp_path / "old.sqlite")
    test_passport.version_4(source)
    source.fill(*TOKENS)
    write_key(tmp_path)
    plan = planned(source, "passport", "--json").json
    lines = [
        line.replace("/srv/dragoman", str(tmp_path / "server")) for step in plan["steps"] for line in step["commands"]
    ]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DRAGOMAN_CONFIG", str(tmp_path / "server" / "dragoman.toml"))
    done = [shlex.split(line)[1:] for line in lines if is_for_a_test(line)]
    assert [one[0] for one in done] == [
        "init", "key", "key", "import", "import", "import", "doctor", "backup", "import", "token", "doctor", "export",
    ]  # fmt: skip
    decided = [part for one in plan["decisions"] for part in shlex.split(one["option"])]
    for command in done:
        outcome = run(*command, *(decided if command[0] == "import" else ()))
        assert outcome.status == (1 if command[0] == "import" else 0), (command, outcome.out, outcome.err)
    there = {one["id"]: one for one in json.loads(run("client", "list", "--json").out)}
    assert there["2"]["grant_types"] == ["password", "refresh_token"]
    assert (tmp_path / "after-the-switch.jsonl.keys").is_dir()


def is_for_a_test(line: str) -> bool:
    """A server that runs for ever, a log that is followed, and an old server's address are not."""
    return line.startswith("dragoman ") and not line.startswith(
        ("dragoman serve", "dragoman audit tail", "dragoman verify", "dragoman shadow report")
    )


def test_a_server_that_is_set_up_is_told_what_it_lacks(folder: Folder, tmp_path: Path):
    source = FileSource(tmp_path / "old.sqlite")
    test_passport.version_4(source)
    told = planned(source, "passport", "--dialect", "passport-12", folder=folder).out
    assert 'there is no mount of passport-12 yet: add [[mounts]] with dialect = "passport-12"' in told
    assert "dragoman init" not in told
    counted = source.imported(folder, "passport", "--dialect", "jobspace", "--json")
    plan = planned(source, "passport", "--json", folder=folder).json
    assert plan["would"]["client"] == {"equal": counts(counted)["client"]["created"], "skipped": 1}


def test_a_name_cannot_pass_for_another_option_or_leave_its_quotes(tmp_path: Path):
    hostile = ["x' ; touch /tmp/owned ; '", "y: --allow-authority 'ROLE_ADMIN'", "z: --without-email", "new\nline"]
    people = tmp_path / "people"
    people.write_text(json.dumps({"id": 1, "login": "ann", "hash": laravel_hash(), "roles": hostile}) + "\n")
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(
        'rows = "resource_owner"\n[columns]\nid = "id"\nusername = "login"\npassword_hash = "hash"\n'
        'authorities = "roles"\n'
    )
    outcome = run("migrate", "plan", "jsonl", people, "--mapping", mapping, "--json")
    assert [shlex.split(one["option"]) for one in outcome.json["decisions"]] == [
        ["--allow-authority", name] for name in hostile
    ]
    shown = run("migrate", "plan", "jsonl", people, "--mapping", mapping).out
    assert "new\\nline" in shown
    assert "new\nline" not in shown


def test_what_cannot_be_read_is_one_sentence(tmp_path: Path):
    assert "cannot be read" in run("migrate", "plan", "passport", tmp_path / "nowhere").fault
    (tmp_path / "text").write_text("no database")
    assert "SQLite database" in run("migrate", "plan", "passport", tmp_path / "text").fault
    told = run("migrate", "plan", "passport", "postgresql://ann:secret@db/app").fault
    assert "pipe the address in" in told
    assert "secret" not in told.replace("a password", "")
    assert (
        "there is no dialect 'none'" in run("migrate", "plan", "passport", tmp_path / "text", "--dialect", "none").fault
    )
