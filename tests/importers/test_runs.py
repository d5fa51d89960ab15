"""What every run promises, whatever is read: nothing twice, nothing overwritten unasked, all rows accounted for."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from dragoman.config.reading import read_configuration
from dragoman.core.model import Client, ResourceOwner
from dragoman.store.faults import StoreConflict
from dragoman.store.intake import Changes
from dragoman.store.opening import open_tool
from tests.cli.commanding import PROGRAM, Folder, make_folder
from tests.importers.sources import counts, laravel_hash

if TYPE_CHECKING:
    from pathlib import Path

HASH = "{bcrypt}$2a$04$5qUFr1tYVFd1sLFZHT0JDe8CLXuYpLvWDk3WIlj4vCz5j4Cv0ZXsm"
MAPPING = """
rows = "resource_owner"
[columns]
id = "id"
username = "login"
email = "mail"
password_hash = "hash"
enabled = "enabled"
"""


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "mapping.toml"
    path.write_text(MAPPING)
    return path


def people(path: Path, *rows: dict) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def person(number: int, **more: object) -> dict:
    return {"id": number, "login": f"user{number}", "mail": f"u{number}@example.com", "hash": HASH, **more}


def imported(folder: Folder, source: Path, mapping: Path, *more: object):
    return folder.run("import", "jsonl", source, "--mapping", mapping, *more)


def accounts(folder: Folder) -> list[dict]:
    listed = folder.done("user", "list", "--json", "--limit", 100_000).json
    return [{name: value for name, value in one.items() if name != "created_at"} for one in listed]


def test_m08_twice_is_once_and_the_second_run_says_equal(each_folder: Folder, tmp_path: Path, mapping: Path):
    source = people(tmp_path / "people", *(person(number) for number in range(1200)))
    first = imported(each_folder, source, mapping, "--json")
    assert (first.status, counts(first)) == (0, {"resource owner": {"created": 1200}})
    after = accounts(each_folder)
    second = imported(each_folder, source, mapping, "--json")
    assert (second.status, counts(second)) == (0, {"resource owner": {"equal": 1200}})
    assert accounts(each_folder) == after


def test_what_differs_here_stays_until_it_is_said_otherwise(each_folder: Folder, tmp_path: Path, mapping: Path):
    source = people(tmp_path / "people", person(1, enabled=True), person(2), person(3))
    imported(each_folder, source, mapping)
    each_folder.done("user", "update", "1", "--email", "other@example.com", "--first-name", "Ann")
    each_folder.done("user", "set-password", "2", "--password-stdin", stdin="correct horse")
    told = imported(each_folder, source, mapping)
    assert told.status == 1
    assert (
        "conflicting resource owner '1' (line 1): what is here differs: email: 'other@example.com' here, " in told.out
    )
    assert "conflicting resource owner '2' (line 2): its password was raised at a log-in here, or changed" in told.out
    assert each_folder.done("user", "show", "1", "--json").json["email"] == "other@example.com"
    dry = imported(each_folder, source, mapping, "--update", "--dry-run")
    assert [line[0] for line in dry.out.splitlines() if line[0] in "+~"] == ["~", "~"]
    assert each_folder.done("user", "show", "1", "--json").json["email"] == "other@example.com"
    updated = imported(each_folder, source, mapping, "--update", "--json")
    assert (updated.status, counts(updated)) == (0, {"resource owner": {"equal": 1, "updated": 2}})
    first = each_folder.done("user", "show", "1", "--json").json
    assert (first["email"], first["first_name"]) == ("u1@example.com", "Ann")
    assert counts(imported(each_folder, source, mapping, "--json")) == {"resource owner": {"equal": 3}}


def test_a_dry_run_tells_what_a_run_does_and_does_nothing(each_folder: Folder, tmp_path: Path, mapping: Path):
    rows = [person(number) for number in range(700)]
    rows[650]["login"] = "USER3"  # of an earlier batch
    rows[651] = person(5)  # the same row once more
    rows[652] = person(6, mail="other@example.com")
    rows[653]["hash"] = "nonsense"
    source = people(tmp_path / "people", *rows)
    first, second = tmp_path / "dry", tmp_path / "wet"
    dry = imported(each_folder, source, mapping, "--dry-run", "--report", first)
    assert accounts(each_folder) == []
    assert sum(line.startswith("+ ") for line in dry.out.splitlines()) == 696
    assert HASH not in dry.out
    assert "a dry run: nothing was changed" in dry.out
    wet = imported(each_folder, source, mapping, "--report", second)
    assert (dry.status, wet.status) == (1, 1)
    assert first.read_text().splitlines()[:-1] == second.read_text().splitlines()[:-1]
    assert len(accounts(each_folder)) == 696


@pytest.mark.parametrize("more", [(), ("--dry-run",)], ids=["wet", "dry"])
def test_a_report_without_room_is_one_sentence_and_what_was_done_is_told(
    folder: Folder, tmp_path: Path, mapping: Path, more: tuple[str, ...]
):
    source, report = people(tmp_path / "people", person(1), person(2)), tmp_path / "report"
    opened = os.open

    def full(path: object, flags: int, *more: object, **named: object) -> int:
        return opened("/dev/full", os.O_WRONLY) if path == report else opened(path, flags, *more, **named)

    with mock.patch.object(os, "open", full):
        outcome = imported(folder, source, mapping, "--report", report, "--json", *more)
    assert (outcome.status, counts(outcome)) == (2, {"resource owner": {"created": 2}})
    assert outcome.err.splitlines() == [
        f"dragoman: {report}: the report cannot be written: No space left on device; make room, and run it once more"
    ]
    assert counts(imported(folder, source, mapping, "--json"))["resource owner"] == {"created" if more else "equal": 2}


def test_a_report_that_cannot_be_made_is_one_sentence_and_nothing_was_done(
    folder: Folder, tmp_path: Path, mapping: Path
):
    source = people(tmp_path / "people", person(1))
    for report in (tmp_path / "nowhere" / "report", source / "report", "/dev/full"):
        assert "name a new file for the report" in imported(folder, source, mapping, "--report", report).fault
    assert accounts(folder) == []


def test_the_report_accounts_for_every_row_and_is_no_old_file(each_folder: Folder, tmp_path: Path, mapping: Path):
    source = people(tmp_path / "people", person(1), person(2, login=""), person(1, login="x"))
    report = tmp_path / "report"
    imported(each_folder, source, mapping, "--report", report)
    rows = [json.loads(line) for line in report.read_text().splitlines()]
    assert [(row["place"], row["result"]) for row in rows[:-1]] == [
        ("line 1", "created"), ("line 2", "refused"), ("line 3", "conflicting"),
    ]  # fmt: skip
    assert rows[-1]["counts"] == {"resource owner": {"created": 1, "refused": 1, "conflicting": 1}}
    assert "name a new file for the report" in imported(each_folder, source, mapping, "--report", report).err


def test_m08_a_run_that_was_killed_is_finished_by_the_next(tmp_path: Path, mapping: Path):
    source = people(tmp_path / "people", *(person(number) for number in range(12_000)))
    killed, clean = make_folder(tmp_path / "killed"), make_folder(tmp_path / "clean")
    command = [*PROGRAM, "import", "jsonl", str(source), "--mapping", str(mapping), "--config", str(killed.file)]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not accounts_there(killed) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    before = len(accounts(killed))
    assert 0 < before < 12_000
    assert before % 500 == 0
    again = imported(killed, source, mapping, "--json")
    assert (again.status, counts(again)) == (0, {"resource owner": {"created": 12_000 - before, "equal": before}})
    imported(clean, source, mapping)
    assert accounts(killed) == accounts(clean)


def accounts_there(folder: Folder) -> bool:
    return bool(folder.done("user", "list", "--limit", 1, "--json").json)


def test_the_audit_tells_of_a_run_by_counts_and_what_was_allowed(folder: Folder, tmp_path: Path, mapping: Path):
    source = people(tmp_path / "people", person(1), person(2))
    imported(folder, source, mapping, "--allow-authority", "ROLE A")
    imported(folder, source, mapping, "--dry-run")
    found = [json.loads(line) for line in folder.done("audit", "search", "--json").out.splitlines()]
    facts = [one for one in found if one.get("command") == "import"]
    assert len(facts) == 2
    assert (facts[-1]["resource_owners_created"], facts[-1]["allowed_authorities"]) == (2, "ROLE A")
    assert "bcrypt" not in json.dumps(found)


def in_store(folder: Folder, work):
    async def opened():
        async with open_tool(read_configuration(folder.file).location()) as store:
            return await work(store)

    return asyncio.run(opened())


class Taking:
    def __init__(self, changes: Changes) -> None:
        self.changes = changes


def test_a_batch_is_all_or_nothing(each_folder: Folder):
    new = tuple(ResourceOwner(id=str(number), username=f"u{number % 2}") for number in range(3))

    async def scenario(store):
        with pytest.raises(StoreConflict, match="create the same"):
            await store.intake.take({"0"}, set(), lambda _standing: Taking(Changes(new_owners=new)), 5)
        with suppress(StoreConflict):
            await store.administration.create_client(Client(id="0", name="free again"))
        return await store.administration.list_resource_owners(), await store.find_client("0")

    owners, client = in_store(each_folder, scenario)
    assert owners == ()
    assert client is not None


def test_a_new_client_inherits_no_session_of_an_earlier_one(each_folder: Folder):
    client = Client(id="app", name="App", created_at=5)

    async def scenario(store):
        await store.intake.take({"app"}, set(), lambda _standing: Taking(Changes(new_clients=(client,))), 5)
        standing = await store.intake.look({"app", "nobody"}, {"x'\"\u00fc"})
        return standing.clients, standing.resource_owners, standing.logins

    assert in_store(each_folder, scenario) == ({"app": client}, {}, {})


def test_an_old_hash_is_kept_as_it_was_received(folder: Folder, tmp_path: Path, mapping: Path):
    received = laravel_hash()
    imported(folder, people(tmp_path / "people", person(1, hash=received)), mapping)

    async def find(store):
        return await store.find_resource_owner("1")

    assert in_store(folder, find).password_hash == received
