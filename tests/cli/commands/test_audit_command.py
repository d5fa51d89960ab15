"""`dragoman audit` from end to end: a real server, real commands, and what both leave."""

from __future__ import annotations

import csv
import io
import json
import os
from typing import TYPE_CHECKING

import pytest

from tests.cli.commanding import Folder, make_folder, post
from tests.processes import kill, running_server, wait_until

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "correct horse battery"


def lines_of(folder: Folder, *more: object) -> list[dict]:
    out = folder.done("audit", "search", "--json", *more).out
    return [json.loads(line) for line in out.splitlines()]


def outcomes(folder: Folder, *more: object) -> list[str]:
    return [line["outcome"] for line in lines_of(folder, *more)]


def commands(folder: Folder) -> list[tuple[str, str]]:
    told = [line for line in lines_of(folder) if line["outcome"].startswith("command_")]
    return [(line["command"], line["outcome"].removeprefix("command_")) for line in told]


def ends(folder: Folder) -> list[str]:
    """How the files of processes end."""
    pieces = folder.done("audit", "verify", "--json").json["pieces"]
    return [piece["end"] for piece in pieces if piece["chain"] != "ledger"]


def spent_refresh_token_comes_back(folder: Folder, url: str, client: tuple[str, str]) -> None:
    first = post(url, client, grant_type="password", username="ann", password=PASSWORD)[1]
    second = post(url, client, grant_type="refresh_token", refresh_token=first["refresh_token"])[1]
    post(url, client, grant_type="refresh_token", refresh_token=second["refresh_token"])
    assert post(url, client, grant_type="refresh_token", refresh_token=first["refresh_token"])[0] == 400


@pytest.fixture
def shop(folder: Folder) -> tuple[str, str]:
    folder.user("ann", password=PASSWORD)
    return "shop", folder.client("shop", "--grant-type", "password client_credentials refresh_token")


def test_every_outcome_of_a_server_with_workers_is_found_and_verifies(folder: Folder, shop: tuple[str, str]):
    with running_server(folder.file, workers=2) as server:
        url = f"{server.base_url}/oauth2/token"
        for _ in range(20):
            assert post(url, shop, grant_type="client_credentials")[0] == 200
        post(url, (shop[0], "wrong"), grant_type="client_credentials")
        post(url, shop, grant_type="password", username="ann", password="not it")
        spent_refresh_token_comes_back(folder, url, shop)
        wait_until(lambda: "grant_revoked" in outcomes(folder))
        assert folder.run("audit", "verify").status == 0
        assert server.stop() == 0
    found = lines_of(folder, "--client", "shop")
    assert [one["time"] for one in found] == sorted(one["time"] for one in found)
    assert outcomes(folder, "--event", "token_issued").count("token_issued") == 23
    [wrong] = lines_of(folder, "--reason", "wrong_credentials")
    assert (wrong["client"], wrong["address"], wrong["detail"]) == ("shop", "127.0.0.1", "wrong password")
    [line] = [one for one in server.events("request") if one["outcome"] == "wrong_credentials"]
    assert lines_of(folder, "--request", line["request_id"]) == [wrong]
    assert lines_of(folder, "--request", "") == []
    assert len(lines_of(folder, "--reason", "wrong_client_secret")) == 1
    [ended] = lines_of(folder, "--event", "grant_revoked")
    assert ended["level"] == "warning"
    assert {one["outcome"] for one in lines_of(folder, "--grant", ended["grant"])} >= {"token_issued", "grant_revoked"}
    assert lines_of(folder, "--subject", ended["subject"], "--address", "127.0.0.1", "--since", "1h")
    assert lines_of(folder, "--until", "1h") == []
    [alarm] = server.events("audit")
    assert (alarm["outcome"], alarm["request_id"]) == ("grant_revoked", ended["request_id"])
    assert server.events("audit_head")
    verdict = folder.done("audit", "verify", "--json").json
    assert verdict["findings"] == []
    assert {piece["end"] for piece in verdict["pieces"] if piece["chain"] != "ledger"} == {"sealed"}


def test_a_server_that_is_killed_leaves_a_chain_that_verifies_up_to_an_open_end(folder: Folder, shop: tuple[str, str]):
    with running_server(folder.file, workers=1) as server:
        url = f"{server.base_url}/oauth2/token"
        for _ in range(10):
            post(url, shop, grant_type="client_credentials")
        wait_until(lambda: len(lines_of(folder, "--event", "token_issued")) == 10)
        [worker] = server.workers
        written = folder.done("audit", "verify").out
        assert "being written" in written
        kill(worker)
        wait_until(lambda: ends(folder) == ["open"])
    assert folder.done("audit", "verify", "--json").json["findings"] == []


def test_verify_tells_where_it_broke_and_its_status_does(folder: Folder, shop: tuple[str, str], tmp_path: Path):
    noted = tmp_path / "heads.json"
    noted.write_text(folder.done("audit", "verify", "--json").out)
    assert folder.run("audit", "verify", "--against", noted).status == 0
    ledger = folder.path / "audit" / "ledger-000001.jsonl"
    whole = ledger.read_bytes()
    lines = whole.splitlines(keepends=True)
    ledger.write_bytes(b"".join(lines[:-1]))
    assert folder.run("audit", "verify").status == 0
    cut = folder.run("audit", "verify", "--against", noted)
    assert (cut.status, "cut off" in cut.out) == (1, True)
    ledger.write_bytes(b"".join([*lines[:2], lines[2].replace(b'"event"', b'"Event"'), *lines[3:]]))
    edited = folder.run("audit", "verify")
    assert (edited.status, "ledger-000001.jsonl, line 3: " in edited.out) == (1, True)
    ledger.write_bytes(b"".join([*lines[:2], *lines[3:]]))
    assert "the lines 3 to 3 are missing before it" in folder.run("audit", "verify").out
    ledger.unlink()
    assert folder.run("audit", "verify").status == 1


DEEP = b"[" * 100_000 + b"]" * 100_000
FORGED = {
    "deep": b'{"time":1,"event":"audit","x":%b,"chain":"ledger","number":1,"hash":"%b"}\n' % (DEEP, b"0" * 64),
    "far": b'{"time":1e300,"event":"audit","outcome":"x"}\n',
    "endless": b'{"time":%b,"event":"audit","outcome":"x"}\n' % (b"9" * 4000),
    "before all": b'{"time":-1e12,"event":"audit","outcome":"x"}\n',
}


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("forged", FORGED)
def test_no_line_that_somebody_puts_in_keeps_the_others_from_being_read(
    folder: Folder, shop: tuple[str, str], forged: str, first: bool
):
    ledger = folder.path / "audit" / "ledger-000001.jsonl"
    lines = ledger.read_bytes().splitlines(keepends=True)
    ledger.write_bytes(b"".join([FORGED[forged], *lines[1:]] if first else [*lines, FORGED[forged]]))
    verdict = folder.run("audit", "verify")
    assert (verdict.status, "ledger-000001.jsonl, line" in verdict.out) == (1, True)
    noted = folder.path / "noted"
    noted.write_bytes(ledger.read_bytes())
    assert folder.run("audit", "verify", "--against", noted).status == 1
    for words in (["tail"], ["search", "--since", "1h"], ["export"], ["export", "--format", "csv"]):
        assert "client create" in folder.done("audit", *words).out
    folder.client("another", "--grant-type", "client_credentials")


def test_what_operators_do_is_there_with_who_and_whom_and_no_secret(
    folder: Folder, shop: tuple[str, str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DRAGOMAN_OPERATOR", "eve@example.com")
    secret = folder.done("client", "rotate-secret", "shop", "--json").json["secret"]
    folder.done("client", "update", "shop", "--scope", "read")
    folder.done("client", "sign-out", "shop", "--yes")
    folder.done("client", "disable", "shop")
    folder.done("user", "set-password", "ann", "--password-stdin", stdin="another horse battery")
    folder.done("user", "update", "ann", "--email", "ann@example.com")
    folder.done("user", "lock", "ann")
    folder.done("user", "sign-out", "ann")
    folder.done("key", "rotate")
    folder.done("backup", folder.path / "saved")
    assert folder.run("user", "lock", "nobody").status == 2
    folder.done("user", "delete", "ann", "--yes")
    folder.done("client", "delete", "shop", "--yes")
    expected = [
        "init", "user create", "client create", "client rotate-secret", "client update", "client sign-out",
        "client disable",
        "user set-password", "user update", "user lock", "user sign-out", "key rotate", "backup", "user delete",
        "client delete",
    ]  # fmt: skip
    assert commands(folder) == [(command, how) for command in expected for how in ("begun", "done")]
    [updated] = [one for one in lines_of(folder, "--event", "command_done") if one["command"] == "user update"]
    assert updated["changed"] == "email"
    assert updated["on_behalf_of"] == "eve@example.com"
    assert updated["operator"]
    assert updated["subject"]
    everything = b"".join(path.read_bytes() for path in (folder.path / "audit").iterdir())
    for text in (secret, shop[1], PASSWORD, "another horse", "ann@example.com"):
        assert text.encode() not in everything
    assert folder.run("audit", "verify").status == 0


def test_a_command_that_fails_says_so_and_a_restore_is_there(folder: Folder, shop: tuple[str, str]):
    folder.done("backup", folder.path / "saved")
    (folder.path / "broken").write_bytes(b"no database")
    assert folder.run("restore", folder.path / "broken", "--replace").status == 2
    folder.done("restore", folder.path / "saved", "--replace")
    assert commands(folder)[-4:] == [
        ("restore", "begun"), ("restore", "failed"), ("restore", "begun"), ("restore", "done"),
    ]  # fmt: skip


def test_f32_nothing_is_changed_that_cannot_be_written_down(folder: Folder, shop: tuple[str, str]):
    audit = folder.path / "audit"
    audit.rename(folder.path / "away")
    audit.write_text("a file")
    refused = folder.run("client", "disable", "shop")
    assert "nothing was changed" in refused.fault
    audit.unlink()
    (folder.path / "away").rename(audit)
    assert folder.done("client", "show", "shop", "--json").json["enabled"] is True


def test_a_server_refuses_to_start_where_its_audit_could_never_be_written(folder: Folder):
    (folder.path / "audit").rename(folder.path / "away")
    (folder.path / "audit").write_text("a file")
    assert "the folder of the audit" in folder.run("serve").err


def test_in_a_log_the_lines_carry_their_chains(tmp_path: Path):
    folder = make_folder(tmp_path / "server")
    folder.change(to='to = "log"')
    outcome = folder.done("client", "create", "shop", "--grant-type", "client_credentials", "--json")
    shop = ("shop", outcome.json["secret"])
    assert [json.loads(line)["outcome"] for line in outcome.err.splitlines()] == ["command_begun", "command_done"]
    with running_server(folder.file, workers=2) as server:
        for _ in range(20):
            assert post(f"{server.base_url}/oauth2/token", shop, grant_type="client_credentials")[0] == 200
        wait_until(lambda: len(server.events("audit")) == 20)
    assert folder.run("audit", "verify", "--log", server.log).status == 0
    assert len(folder.done("audit", "search", "--log", server.log, "--client", "shop", "--json").out.splitlines()) == 20
    assert "name the log" in folder.run("audit", "tail").fault
    lines = server.log.read_bytes().splitlines(keepends=True)
    chosen = next(number for number, line in enumerate(lines) if b'"event":"audit"' in line and b'"number":2,' in line)
    server.log.write_bytes(b"".join([*lines[:chosen], *lines[chosen + 1 :]]))
    assert folder.run("audit", "verify", "--log", server.log).status == 1


def test_a_table_holds_no_formula(folder: Folder, shop: tuple[str, str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DRAGOMAN_OPERATOR", '=HYPERLINK("http://example.com")')
    folder.done("client", "disable", "shop")
    rows = list(csv.DictReader(io.StringIO(folder.done("audit", "export", "--format", "csv").out)))
    assert rows[-1]["on_behalf_of"].startswith("'=HYPERLINK")
    assert rows[-1]["command"] == "client disable"
    assert json.loads(rows[-1]["further"])["changed"] == "enabled"
    exported = folder.done("audit", "export", "--since", "1h").out
    assert [json.loads(line)["number"] for line in exported.splitlines()] == [*range(1, len(rows) + 1)]
    assert folder.run("audit", "search", "--since", "yesterday").status == 2


def test_tail_shows_the_latest_lines_for_people(folder: Folder, shop: tuple[str, str]):
    shown = folder.done("audit", "tail", "-n", "2").out.splitlines()
    assert len(shown) == 2
    assert "command_done" in shown[1]
    assert "client=shop" in shown[1]
    assert 'command="client create"' in shown[1]


def test_tail_goes_on_with_what_comes(folder: Folder, shop: tuple[str, str], tmp_path: Path):
    import subprocess

    from tests.processes import PROGRAM

    out = tmp_path / "followed"
    with out.open("wb") as stream:
        following = subprocess.Popen(
            [*PROGRAM, "audit", "tail", "-n", "1", "-f", "--config", str(folder.file)], stdout=stream, env=os.environ
        )
    try:
        wait_until(lambda: out.read_bytes().count(b"\n") == 1)
        folder.done("client", "disable", "shop")
        wait_until(lambda: b'command="client disable"' in out.read_bytes())
    finally:
        following.terminate()  # SIGINT is ignored by whatever a shell started in the background
        following.wait(20)
