"""CSV and JSON lines with a mapping file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from dragoman.importers.kind import list_kinds
from tests.importers.sources import PASSWORD, ask, counts, laravel_hash

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.commanding import Folder

PEOPLE = """
rows = "resource_owner"
list_separator = "|"

[columns]
id = "no"
username = "login"
email = "mail"
password_hash = "pw"
authorities = "roles"
enabled = "state"

[constants]
last_name = "Lee"
belongs_to = "shop"

[values.enabled]
active = true
closed = false
"""
CLIENTS = """
rows = "client"

[columns]
id = "id"
secret = "secret"
public = "public"
grant_types = "grants"
scope = "scope"
"""
HEAD = "no,login,mail,pw,roles,state\n"


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "people.toml"
    path.write_text(PEOPLE)
    return path


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_people_and_clients_of_text_files_log_in(folder: Folder, tmp_path: Path, mapping: Path):
    grants = '["password","refresh_token"]'
    clients = written(
        tmp_path / "clients.jsonl",
        f'{{"id":"shop","secret":"{"s" * 30}","grants":{grants},"scope":"read write"}}\n\n'
        f'{{"id":"spa","public":true,"grants":{grants},"scope":["read"]}}\n',
    )
    words = written(tmp_path / "clients.toml", CLIENTS)
    done = folder.done("import", "jsonl", clients, "--mapping", words, "--allow-grant", "password", "--json")
    assert counts(done) == {"client": {"created": 2}}
    people = written(
        tmp_path / "people.csv",
        f'\ufeff{HEAD}7,ann,ann@example.com,{laravel_hash()},"ROLE A|ROLE B",active\n8,"b\nob",,,,active\n9,carl,,,,closed\n',
    )
    outcome = folder.run("import", "csv", people, "--mapping", mapping, "--allow-authority", "ROLE A", "--json")
    assert (outcome.status, counts(outcome)) == (1, {"resource owner": {"created": 2, "refused": 1}})
    ann = folder.done("user", "show", "7", "--json").json
    assert (ann["authorities"], ann["last_name"], ann["belongs_to"]) == (["ROLE A"], "Lee", "shop")
    assert folder.done("user", "show", "carl", "--json").json["enabled"] is False
    status, answer = ask(
        folder, "/oauth2/token", grant_type="password", client_id="shop", client_secret="s" * 30, username="ann",
        password=PASSWORD,
    )  # fmt: skip
    assert (status, answer.get("token_type")) == (200, "Bearer")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("7,ann", "2 cells, where the headings are 6"),
        (",ann,,,,active", "id: nothing stands there"),
        ("7,,,,,active", "username: nothing stands there"),
        ("7,ann,,,,gone", "enabled: what stands there is not under [values]"),
        ("7,ann\0,,,,active", "a text with a NUL character"),
        ("7,ann,a@b\u200b,,,active", "e-mail: a login name must not hold"),
        ("7,ann,,5f4dcc3b5aa765d61d8327deb882cf99,,active", "the hash has no known format"),
        ("7,ann,,$2y$19$GhnNl0ei7bjY1L1r.UnYNOs4XBrLU6nuKnVTXdcnmVmwhVKLtxGpa,,active", "bcrypt cost outside"),
        (f"7,ann,,hmac-sha256${'A' * 43},,active", "the hash has no known format"),
        (" 7,ann,,,,active", "an id has 1 to 256 printable characters"),
        ('7,ann,"x"y,,,active', "not CSV"),
        (f"7,{'a' * 200_000},,,,active", "a cell too long"),
        ("7,nob\u00f6dy\ud800,,,,active", ""),
    ],
)
def test_m04_a_row_that_cannot_come_in_is_told_by_its_line_and_stops_no_other(folder, tmp_path, mapping, row, why):
    folder.client("shop")
    content = f"{HEAD}1,eve,,,,active\n{row}\n2,bob,,,,active\n".encode("utf-8", "surrogatepass")
    people = written(tmp_path / "people.csv", content)
    outcome = folder.run("import", "csv", people, "--mapping", mapping, "--json")
    assert (outcome.status, counts(outcome)) == (1, {"resource owner": {"created": 2, "refused": 1}})
    shown = folder.run("import", "csv", people, "--mapping", mapping).out
    assert "(line 3)" in shown
    assert why in shown
    assert "5f4dcc3b" not in shown
    assert "$2y$" not in shown


@pytest.mark.parametrize(
    "line",
    [
        "[1]", '{"id": 7', "{" * 100_000, '{"id": true, "login": "x"}', b"\xff\xfe{}", '{"id": 7, "login": ["x"]}',
        '{"id": 7, "login": {"name": "x"}}',
    ],
)  # fmt: skip
def test_a_line_that_is_no_object_is_refused_by_its_number(folder: Folder, tmp_path: Path, line: str | bytes):
    words = written(tmp_path / "m.toml", 'rows = "resource_owner"\n[columns]\nid = "id"\nusername = "login"\n')
    one = line if isinstance(line, bytes) else line.encode()
    people = written(tmp_path / "people.jsonl", b'{"id":1,"login":"ann"}\n' + one + b'\n{"id":2,"login":"bob"}\n')
    outcome = folder.run("import", "jsonl", people, "--mapping", words, "--json")
    assert counts(outcome) == {"resource owner": {"created": 2, "refused": 1}}


def test_m02_a_line_without_an_end_is_not_read_into_memory(folder: Folder, tmp_path: Path, mapping: Path):
    folder.client("shop")
    people = written(tmp_path / "people.csv", f"{HEAD}1,eve,,,,active\n7,{'x' * (2 << 20)}")
    outcome = folder.run("import", "csv", people, "--mapping", mapping)
    assert outcome.status == 2
    assert "line 3: longer than" in outcome.err
    assert "xxxxx" not in outcome.err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rows = 'people'\n[columns]\n", "Invalid enum value"),
        (
            "rows = 'client'\n[columns]\nid = 'id'\nhair = 'x'\n",
            "a client has no field 'hair'; it has: access_token_lif",
        ),
        ("rows = 'resource_owner'\n[columns]\nid = 'no'\n", "which column is the username"),
        ("rows = 'client'\ncolour = 1\n[columns]\nid = 'no'\n", "unknown field `colour`"),
        ("rows = 'client'\n[columns]\nid = 'nowhere'\n", "0 columns 'nowhere'"),
        ("rows = 'client'\n[columns]\nid = 'no'\n[constants]\nsecret = 'x'\n", "one secret for all rows is none"),
        ("rows = ", "not TOML"),
    ],
)
def test_a_mapping_that_means_nothing_is_one_sentence(folder: Folder, tmp_path: Path, text: str, told: str):
    people = written(tmp_path / "people.csv", HEAD)
    outcome = folder.run("import", "csv", people, "--mapping", written(tmp_path / "m.toml", text))
    assert outcome.status == 2
    assert told in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("kind", list_kinds())
def test_m09_only_regular_files_are_read_and_nothing_of_them_is_told(folder, tmp_path, mapping, kind):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    secret = written(tmp_path / "environ", b"API_KEY=topsecret\0B=2\0")
    for place in (pipe, tmp_path, "/dev/zero", tmp_path / "nothing", secret, "https://example.com/x", "mysql://h/x"):
        outcome = folder.run("import", kind, place, "--mapping", mapping)
        assert outcome.status in ((1, 2) if place == secret else (2,)), place
        assert "Traceback" not in outcome.err
        assert "topsecret" not in outcome.out + outcome.err


def test_a_mapping_that_cannot_be_read_is_one_sentence(folder: Folder, tmp_path: Path):
    people = written(tmp_path / "people.csv", HEAD)
    outcome = folder.run("import", "csv", people, "--mapping", "/proc/self/mem")  # regular, and nothing can be read
    assert outcome.status == 2
    assert "/proc/self/mem: cannot be read" in outcome.err
    assert "Traceback" not in outcome.err


def test_headings_that_are_no_csv_are_one_sentence(folder: Folder, tmp_path: Path, mapping: Path):
    people = written(tmp_path / "people.csv", f'{HEAD.strip()},"x"y\n')
    assert "no line of CSV headings" in folder.run("import", "csv", people, "--mapping", mapping).err


def test_a_password_in_an_argument_is_refused(folder: Folder):
    for url in ("postgresql://u:hunter2@h/d", "postgresql://h/d?password=hunter2", "postgresql://u:hunter2@[h/d"):
        fault = folder.run("import", "passport", url).fault
        assert "pipe the address in" in fault
        assert "hunter2" not in fault
    outcome = folder.run("import", "passport", "-", stdin="postgresql://u:hunter2@127.0.0.1:1/d")
    assert outcome.status == 2
    assert "cannot be reached" in outcome.err
    assert "hunter2" not in outcome.out + outcome.err
