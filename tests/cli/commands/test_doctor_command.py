from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from dragoman.cli.commands.doctor.passwords import check_hash_memory
from dragoman.config.reading import read_configuration
from dragoman.config.settings import PasswordsTable
from tests.cli.commanding import Folder, Outcome, make_folder
from tests.old_servers import dead_url
from tests.serving import serving


def findings(outcome: Outcome) -> dict[str, list[tuple[str, str]]]:
    """By check: state, and text with remedy."""
    assert "Traceback" not in outcome.err
    found: dict[str, list[tuple[str, str]]] = {}
    for one in outcome.json["findings"]:
        found.setdefault(one["check"], []).append((one["state"], f"{one['text']}; {one['remedy']}"))
    assert outcome.json["healthy"] is (outcome.status == 0)
    return found


def problem(folder: Folder, check: str) -> str:
    outcome = folder.run("doctor", "--json")
    assert outcome.status == 1
    problems = [text for state, text in findings(outcome)[check] if state == "problem"]
    assert len(problems) == 1
    return problems[0]


@contextmanager
def one_connection(answer: bytes) -> Iterator[int]:
    """A port that answers, if anything, this."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        if answer:
            import threading

            def serve() -> None:
                connection, _ = listening.accept()
                with connection:
                    connection.recv(4096)
                    connection.sendall(answer)

            threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]


def test_a_new_folder_is_well_before_and_while_it_serves(folder: Folder):
    with socket.socket() as silent:  # nobody listens there, whatever else runs on this machine
        silent.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{silent.getsockname()[1]}"
        folder.change(level='level = "error"', issuer=f'issuer = "{nowhere}"')
        before = findings(folder.done("doctor", "--json"))
    assert {state for check, told in before.items() if check != "issuer" for state, _ in told} == {"ok"}
    assert before["issuer"][0][0] == "warning"
    with serving(read_configuration(folder.file)) as address:
        folder.change(issuer=f'issuer = "{address}"')
        while_serving = findings(folder.done("doctor", "--json"))
    assert while_serving["issuer"] == [("ok", f"{address}/health/live answers; ")]
    assert while_serving["exposures"][0][0] == "ok"


def test_nothing_is_changed_by_looking(folder: Folder):
    def state() -> dict:
        return {path: (path.stat().st_mode, path.read_bytes()) for path in folder.path.rglob("*") if path.is_file()}

    before = state()
    folder.run("doctor")
    (folder.path / "dragoman.db").chmod(0o644)
    folder.run("doctor")
    (folder.path / "dragoman.db").chmod(0o600)
    assert {path: found for path, found in state().items() if path in before} == before


def test_findings_are_lines_with_a_remedy_for_people(folder: Folder):
    shutil.rmtree(folder.path / "keys")
    outcome = folder.run("doctor")
    assert outcome.status == 1
    assert "ok      configuration" in outcome.out
    assert "problem keys" in outcome.out
    assert "\x1b" not in outcome.out


def test_what_is_switched_on_is_a_warning_and_no_problem(folder: Folder):
    folder.client("shop", "--grant-type", "password")
    assert ("warning", "switched on against RFC 9700: the password grant (RFC 9700 §2.4) for shop; ") in findings(
        folder.done("doctor", "--json")
    )["exposures"]


def test_a_configuration_at_fault_is_the_only_finding(folder: Folder):
    folder.change(port='port = "many"')
    assert "server.port" in problem(folder, "configuration")
    folder.file.unlink()
    assert "no such file" in problem(folder, "configuration")


def test_a_configuration_others_can_change_is_told(folder: Folder):
    folder.file.chmod(0o622)
    assert "chmod go-w" in findings(folder.done("doctor", "--json"))["configuration"][0][1]


def test_dialects_that_cannot_be_mounted_are_told(folder: Folder):
    folder.file.write_text(folder.file.read_text() + '[[mounts]]\ndialect = "nowhere"\n')
    assert "there is no dialect 'nowhere'" in problem(folder, "dialects")
    folder.file.write_text(folder.file.read_text().replace("nowhere", "standard"))
    assert "standard token and standard token both answer at /oauth2/token" in problem(folder, "dialects")


def test_an_algorithm_without_a_key_is_told_with_the_command_that_makes_one(folder: Folder):
    folder.file.write_text(folder.file.read_text() + '[[mounts]]\ndialect = "jobspace"\n')
    told = problem(folder, "keys")
    assert "the dialect jobspace needs an RS256 key" in told
    assert "`dragoman key rotate access --algorithm RS256`" in problem(folder, "tokens")
    folder.done(*told.partition("`dragoman ")[2].partition("`")[0].split())
    assert findings(folder.done("doctor", "--json"))["keys"][0][0] == "ok"


def test_a_last_key_that_retires_soon_is_told(folder: Folder):
    file = next(file for file in (folder.path / "keys").glob("*.json") if '"access"' in file.read_text())
    key = json.loads(file.read_text())
    file.write_text(json.dumps({**key, "retires_at": key["created_at"] + 86400}))
    state, told = findings(folder.done("doctor", "--json"))["keys"][0]
    assert state == "warning"
    assert "retires within seven days" in told


def test_keys_that_others_can_read_are_told(folder: Folder):
    next((folder.path / "keys").glob("*.json")).chmod(0o640)
    assert "chmod 600" in problem(folder, "keys")


def test_a_clock_before_the_newest_key_is_told(folder: Folder):
    file = next(file for file in (folder.path / "keys").glob("*.json") if '"seal"' in file.read_text())
    key = json.loads(file.read_text())
    file.write_text(json.dumps({**key, "created_at": key["created_at"] + 10_000}))
    assert "set the clock" in problem(folder, "clock")


def test_a_database_others_can_read_is_told_and_left(folder: Folder):
    database = folder.path / "dragoman.db"
    database.chmod(0o644)
    assert f"chmod 600 {database}" in problem(folder, "database")
    assert database.stat().st_mode & 0o777 == 0o644


def test_a_missing_a_foreign_and_a_damaged_database_are_told(folder: Folder):
    database = folder.path / "dragoman.db"
    whole = database.read_bytes()
    database.unlink()
    assert "dragoman init" in problem(folder, "database")
    with closing(sqlite3.connect(database)) as other:
        other.execute("CREATE TABLE other (id)")
    database.chmod(0o600)
    assert "another program" in problem(folder, "database")
    database.write_bytes(whole[:4096] + os.urandom(len(whole) - 4096))
    assert "damaged" in problem(folder, "database")
    database.unlink()
    database.symlink_to(database)
    assert "cannot be reached" in problem(folder, "database")


@pytest.mark.parametrize("lost", ["TABLE grants", "INDEX ix_grants_subject"])
def test_a_database_that_lost_something_in_a_rescue_is_told(folder: Folder, lost: str):
    """SQLite finds no fault with it."""
    with closing(sqlite3.connect(folder.path / "dragoman.db")) as connection, connection:
        connection.execute(f"DROP {lost}")
    assert f"it lacks {lost.partition(' ')[2]}" in problem(folder, "database")


def test_a_disk_without_room_is_told(folder: Folder, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: shutil._ntuple_diskusage(10**12, 10**12, 2**20))
    assert "1 MiB are free" in problem(folder, "disk")
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: shutil._ntuple_diskusage(10**12, 10**12, 2**29))
    assert findings(folder.done("doctor", "--json"))["disk"][0][0] == "warning"


def test_tls_files_that_cannot_be_used_are_told(folder: Folder):
    folder.change(tls_certificate='tls_certificate = "chain.pem"', tls_key='tls_key = "chain.pem"')
    assert "server.tls_certificate chain.pem cannot be read" in problem(folder, "tls")
    (folder.path / "chain.pem").write_text("no certificate")
    assert "two PEM files" in problem(folder, "tls")


def beside_an_old_server(folder: Folder, how: str, url: str, until: str = "2096-01-01T00:00:00Z") -> None:
    settings = f'old_server_url = "{url}"\n' + (f'until = {until}\nclients = ["app"]\n' if how == "bridge" else "")
    folder.file.write_text(folder.file.read_text().replace(f"[mounts.{how}]\n", f"[mounts.{how}]\n{settings}"))


@pytest.mark.parametrize("how", ["bridge", "shadow"])
def test_an_old_server_is_told_that_does_not_answer(folder: Folder, how: str):
    beside_an_old_server(folder, how, dead_url())
    assert "does not answer" in problem(folder, how)


@pytest.mark.parametrize("how", ["bridge", "shadow"])
def test_an_old_server_that_answers_is_well_whatever_it_says(folder: Folder, how: str):
    with one_connection(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n") as port:
        beside_an_old_server(folder, how, f"http://127.0.0.1:{port}")
        assert findings(folder.done("doctor", "--json"))[how][0][0] == "ok"


def test_a_bridge_that_is_over_is_told(folder: Folder):
    beside_an_old_server(folder, "bridge", dead_url(), "2020-01-01T00:00:00Z")
    assert findings(folder.done("doctor", "--json"))["bridge"][0][0] == "warning"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "answers 404, and not as Dragoman does"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "answers 200, and not as Dragoman does"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 1024, "answers 200, and not as Dragoman does"),
        (b"220 smtp.example.com ESMTP\r\n", "does not answer"),
    ],
)
def test_something_else_at_the_issuer_is_told(folder: Folder, answer: bytes, told: str):
    with one_connection(answer) as port:
        folder.change(issuer=f'issuer = "http://127.0.0.1:{port}"')
        assert told in findings(folder.done("doctor", "--json"))["issuer"][0][1]


def test_a_plain_issuer_on_the_network_is_told(tmp_path: Path):
    folder = make_folder(tmp_path / "server", "--issuer", "http://login.invalid")
    told = findings(folder.done("doctor", "--json"))["issuer"]
    assert "is not https" in told[0][1]
    assert "does not answer" in told[1][1]


def test_an_audit_that_nobody_could_write_is_a_problem_before_a_server_finds_it(folder: Folder):
    audit = folder.path / "audit"
    audit.chmod(0o777)
    assert f"run `chmod 700 {audit}`" in problem(folder, "audit")
    audit.chmod(0o700)
    folder.change(files='files = "nowhere/audit"')
    assert "mend its rights, or set audit.files" in problem(folder, "audit")
    folder.change(files='files = "another"')
    assert findings(folder.done("doctor", "--json"))["audit"][0][0] == "ok"
    assert not (folder.path / "another").exists()
    folder.change(to='to = "log"')
    assert "lines of the log" in findings(folder.done("doctor", "--json"))["audit"][0][1]


def test_a_list_of_passwords_that_cannot_be_asked_is_a_problem(folder: Folder):
    (folder.path / "ours.txt").write_text("blue kettle\n")
    folder.change(refused='refused = ["ours.txt"]')
    assert findings(folder.done("doctor", "--json"))["passwords"][0][0] == "ok"
    folder.change(refused='refused = ["ours.txt", "nowhere"]')
    assert "nowhere cannot be read: No such file" in problem(folder, "passwords")


def test_hashes_that_pay_for_small_pages_are_told_and_cheap_ones_have_none(folder: Folder):
    cheap = read_configuration(folder.file)
    usual = replace(cheap, passwords=PasswordsTable())
    [told] = check_hash_memory(usual, "madvise")
    assert (told.state, "says madvise" in told.text, "docs/hash-guard.md" in told.remedy) == ("warning", True, True)
    assert list(check_hash_memory(usual, None)) == []
    assert list(check_hash_memory(cheap, "madvise")) == []


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [("ACCOUNT_LIMIT", "101", "101 wrong passwords in a row"), ("ENABLED", "false", "not counted")],
)
def test_more_guesses_than_a_hundred_are_told(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, setting: str, value: str, told: str
):
    assert "guesses" not in findings(folder.done("doctor", "--json"))
    monkeypatch.setenv(f"DRAGOMAN_THROTTLE__{setting}", value)
    [(state, text)] = findings(folder.done("doctor", "--json"))["guesses"]
    assert (state, told in text, "throttle" in text.partition("; ")[2]) == ("warning", True, True)
