"""Whatever an operator can mend is one sentence that names the place, and status 2; never a traceback."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from dragoman.config.reading import read_configuration
from tests.certificates import write_certificate
from tests.cli.commanding import PROGRAM, Folder, run
from tests.serving import serving

COMMANDS = (
    ("client", "list"),
    ("user", "list"),
    ("token", "list", "--client", "shop"),
    ("key", "list"),
    ("dialect", "list"),
    ("serve",),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_missing_configuration_is_named_with_the_command_that_makes_one(tmp_path: Path, command: tuple):
    fault = run(*command, "--config", tmp_path / "dragoman.toml").fault
    assert f"{tmp_path}/dragoman.toml: no such file; `dragoman init {tmp_path}`" in fault


@pytest.mark.parametrize(
    ("setting", "line", "told"),
    [
        ("port", "port = 70000", "server.port"),
        ("port", 'port = "80"', "server.port"),
        ("port", "prot = 80", "unknown field `prot`"),
        ("port", "port = ", "not TOML"),
        ("issuer", 'issuer = "login.example.com"', "issuer"),
        ("issuer", 'folder = "/tmp"', "there is no setting `folder`"),
        ("tls_key", 'tls_key = "key.pem"', "tls_certificate and tls_key go together"),
        ("trusted_proxies", 'trusted_proxies = ["10.0.0.1/8"]', "server.trusted_proxies"),
        ("trusted_proxies", 'trusted_proxies = "10.0.0.0/8"', "server.trusted_proxies"),
        ("prefix", 'prefix = "no-slash"', "mounts[0].prefix"),
        ("dialect", 'dialect = "nowhere"', "mounts[0].dialect: there is no dialect 'nowhere'"),
        ("dialect_folders", 'dialect_folders = ["nowhere"]', "there is no such folder"),
        ("iterations", "iterations = 0", "passwords.iterations"),
        ("level", 'level = "loud"', "log.level: invalid enum value 'loud'; docs/configuration.md says what it may be"),
        ("signing_algorithm", 'signing_algorithm = "HS256"', "signing_algorithm"),
    ],
)
def test_a_setting_at_fault_is_named(folder: Folder, setting: str, line: str, told: str):
    folder.change(**{setting: line})
    fault = folder.run("serve").fault
    assert told in fault
    if "dialect" not in setting:
        assert str(folder.file) in fault


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("DRAGOMAN_SERVER__PORT", "high", "server.port"),
        ("DRAGOMAN_SERVER__PROT", "80", "DRAGOMAN_SERVER__PROT"),
        ("DRAGOMAN_ISSUER__X", "1", "DRAGOMAN_ISSUER__X"),
        ("DRAGOMAN_MOUNTS", "[]", "mounts"),
    ],
)
def test_a_variable_at_fault_is_named(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
):
    monkeypatch.setenv(name, value)
    assert told in folder.run("client", "list").fault


def test_the_configuration_may_be_named_by_a_variable(folder: Folder, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DRAGOMAN_CONFIG", str(folder.file))
    assert run("client", "list", "--json").json == []


@pytest.mark.parametrize("command", [("client", "list"), ("user", "list"), ("serve",)])
def test_a_database_of_another_program_is_named_and_left(folder: Folder, command: tuple):
    database = folder.path / "dragoman.db"
    database.unlink()
    with closing(sqlite3.connect(database)) as other:
        other.execute("CREATE TABLE other (id)")
    database.chmod(0o600)
    assert "another program" in folder.run(*command).fault
    assert b"CREATE TABLE other" in database.read_bytes()


@pytest.mark.parametrize("command", [("dialect", "check"), ("import", "csv", "people.csv", "--mapping")])
def test_s05_what_somebody_has_written_into_a_file_steers_no_terminal(folder: Folder, command: tuple[str, ...]):
    written = folder.path / "written.toml"
    written.write_text('"\\u001b[2Jold\\u009b31m\\u202ewen" = 1\nname = "written"', encoding="utf-8")
    (folder.path / "people.csv").write_text("username\nann\n", encoding="utf-8")
    outcome = folder.run(*(folder.path / one if one == "people.csv" else one for one in command), written)
    assert outcome.status == 2
    assert r"\x1b[2Jold\x9b31m\u202ewen" in outcome.err
    assert not {"\x1b", "\x9b", "\u202e"} & {*outcome.out, *outcome.err}


def test_a_damaged_key_is_named_without_its_bytes(folder: Folder):
    file = next((folder.path / "keys").glob("*.json"))
    key = json.loads(file.read_text())
    key["jwk"] = {**key["jwk"], "kty": "WRONG"}
    file.write_text(json.dumps(key))
    fault = folder.run("key", "list").fault
    assert file.name in fault
    assert not any(value in fault for name, value in key["jwk"].items() if name in ("k", "d"))


def test_missing_keys_are_named_with_their_purpose(folder: Folder):
    for file in (folder.path / "keys").glob("*.json"):
        if '"digest"' in file.read_text():
            file.unlink()
    assert "keys for digest" in folder.run("client", "create", "shop").fault
    assert "the digest key is missing" in run("init", folder.path).fault


def test_a_port_that_is_taken_is_named(folder: Folder):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        folder.change(port=f"port = {port}")
        assert f"cannot listen on 127.0.0.1:{port}" in folder.run("serve").fault
    folder.change(host='host = "203.0.113.9"')
    assert "cannot listen on 203.0.113.9" in folder.run("serve").fault


def test_tls_files_that_cannot_be_used_are_named(folder: Folder):
    folder.change(tls_certificate='tls_certificate = "chain.pem"', tls_key='tls_key = "key.pem"')
    assert "server.tls_certificate chain.pem cannot be read: No such file" in folder.run("serve").fault
    write_certificate(folder.path / "chain.pem", "login.example.com")
    assert "server.tls_key key.pem cannot be read: No such file" in folder.run("serve").fault
    (folder.path / "key.pem").write_text("nothing")
    assert "two PEM files that belong together" in folder.run("serve").fault
    write_certificate(folder.path / "key.pem", "login.example.com")
    assert "cannot be used: the key is not the certificate's" in folder.run("serve").fault


def test_the_options_of_tls_go_together_and_name_files_from_where_the_command_is_called(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    assert "--tls-cert and --tls-key go together" in folder.run("serve", "--tls-cert", "chain.pem").fault
    fault = folder.run("serve", "--tls-cert", "chain.pem", "--tls-key", "key.pem").fault
    assert f"server.tls_certificate {tmp_path / 'chain.pem'} cannot be read" in fault


def test_a_second_server_on_one_database_is_refused(folder: Folder):
    folder.change(level='level = "error"', port="port = 0")
    with serving(read_configuration(folder.file)):
        assert "in use by another Dragoman server" in folder.run("serve").fault


def test_the_installed_program_ends_with_status_2_and_one_sentence(folder: Folder):
    folder.change(port="port = 70000")
    ended = subprocess.run([*PROGRAM, "serve", "--config", folder.file], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1
    assert "server.port" in ended.stderr


@pytest.mark.parametrize("place", ["a file/demo", "a loop", "a demo"])
def test_a_folder_in_which_no_demo_can_be_is_told(tmp_path: Path, place: str):
    (tmp_path / "a file").touch()
    (tmp_path / "a loop").symlink_to(tmp_path / "a loop")
    (tmp_path / "a demo" / "demo.json").mkdir(parents=True)
    demo = [*PROGRAM, "demo", "--port", "0", "--data", str(tmp_path / place)]
    ended = subprocess.run(demo, capture_output=True, text=True, check=False, timeout=60)
    told = f"dragoman: the folder {tmp_path / place} cannot be used: "
    assert (ended.returncode, ended.stderr[: len(told)], ended.stderr.count("\n")) == (2, told, 1)


@pytest.mark.parametrize("command", [("client", "list"), ("audit", "export"), ("audit", "tail")])
def test_an_answer_for_which_there_is_no_room_is_one_sentence(folder: Folder, command: tuple):
    folder.client("shop", "--grant-type", "client_credentials")
    with Path("/dev/full").open("w", encoding="ascii") as full:
        ended = subprocess.run(
            [*PROGRAM, *command, "--config", folder.file], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (
        ended.stderr
        == "dragoman: what is written finds no room: No space left on device; make room, and run it again\n"
    )
    assert ended.returncode == 2


@pytest.mark.parametrize("command", [("client", "list"), ("audit", "tail"), ("audit", "search"), ("audit", "export")])
def test_a_reader_who_has_enough_is_no_fault(folder: Folder, command: tuple[str, ...]):
    folder.client("shop", "--grant-type", "client_credentials")
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        ended = subprocess.run(
            [*PROGRAM, *command, "--config", folder.file], stdout=closed, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (ended.returncode, ended.stderr) == (1, "")
