"""`dragoman shadow report`, and the record that it reads."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from dragoman.shadow.record import (
    MOST_CLIENTS,
    MOST_DIFFERENCES,
    Record,
    RecordFault,
    Seen,
    add_to_file,
    compared,
    merge,
    not_compared,
    read_record,
)
from dragoman.shadow.showing import Shown
from tests.cli.commanding import run

if TYPE_CHECKING:
    from pathlib import Path

STATUS = Shown("status", "200", "400", "")
STORED = Shown("header pragma", "nothing", "no-cache", "never_stored")


def of(*clients) -> Record:
    record = Record()
    for one in clients:
        record = merge(record, Record(clients=(one,)))
    return record


@pytest.fixture
def configured(tmp_path: Path):
    """A configuration with a mount in the shadow of another server, and where its record is."""
    file = tmp_path / "dragoman.toml"
    file.write_text('[[mounts]]\ndialect = "standard"\n[mounts.shadow]\nold_server_url = "https://old.example.com"\n')
    return file, tmp_path / "shadow.json"


def test_drift_is_told_by_client_with_counts_and_times_and_is_status_1(configured):
    file, record = configured
    found = of(
        compared("standard", "till", (), 1000),
        compared("standard", "till", (STATUS, STORED), 2000),
        compared("standard", "till", (STATUS,), 3000),
        not_compared("standard", "till", "a session from before"),
        compared("standard", "", (STORED,), 2500),
    )
    add_to_file(record, found)
    outcome = run("shadow", "report", "--json", "--config", file)
    assert outcome.status == 1
    assert (outcome.json["compared"], outcome.json["drifts"]) == (4, True)
    none, till = outcome.json["clients"]
    assert (none["client"], none["drifts"], none["alike"]) == ("", False, 1)
    assert (till["compared"], till["alike"], till["first"], till["last"]) == (3, 1, 1000, 3000)
    assert till["not_compared"] == {"a session from before": 1}
    assert {
        "field": "status",
        "theirs": "200",
        "ours": "400",
        "expected": "",
        "count": 2,
        "first": 2000,
        "last": 3000,
    } in till["differences"]
    assert run("shadow", "report", "--json", "--client", "", "--config", file).status == 0
    table = run("shadow", "report", "--config", file)
    assert table.status == 1
    assert "DRIFT" in table.out
    assert "a session from before: 1" in table.out


def test_no_drift_is_status_0_and_nothing_compared_is_not(configured):
    file, record = configured
    nothing = run("shadow", "report", "--config", file)
    assert (nothing.status, "nothing was compared" in nothing.out) == (1, True)
    add_to_file(record, of(compared("standard", "till", (STORED,), 2000)))
    outcome = run("shadow", "report", "--config", file)
    assert (outcome.status, "no drift" in outcome.out) == (0, True)


def test_what_was_mended_before_is_no_drift_since(configured):
    file, record = configured
    add_to_file(record, of(compared("standard", "till", (STATUS,), 2000)))
    assert run("shadow", "report", "--since", "1h", "--config", file).status == 1  # nothing was compared since
    add_to_file(record, of(compared("standard", "till", (), 4_000_000_000)))
    assert run("shadow", "report", "--since", "1h", "--config", file).status == 0
    assert run("shadow", "report", "--config", file).status == 1


def test_the_record_is_bounded_and_what_finds_no_room_is_drift(configured):
    file, record = configured
    many = tuple(Shown(f"member {number}", "a text", "nothing", "expected") for number in range(MOST_DIFFERENCES + 5))
    found = of(*(compared("standard", "till", (one,), 1000) for one in many))
    assert len(found.clients[0].differences) == MOST_DIFFERENCES
    assert found.clients[0].others == Seen(5, 1000, 1000)
    clients = of(*(not_compared("standard", f"client-{number}", "why") for number in range(MOST_CLIENTS + 3)))
    assert (len(clients.clients), clients.left_out) == (MOST_CLIENTS, 3)
    add_to_file(record, found)
    assert run("shadow", "report", "--config", file).status == 1
    assert merge(found, found).clients[0].others == Seen(10, 1000, 1000)


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path):
    file = tmp_path / "shadow.json"
    threads = [
        threading.Thread(
            target=lambda: [add_to_file(file, of(compared("standard", "till", (STATUS,), 1))) for _ in range(20)]
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read_record(file).clients[0].compared.count == 80
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content",
    [
        b'{"version": 1, "secret": "Canary"}',
        b'{"version": 2, "clients": []}',
        b'{"version": 1, "clients": [{"dialect": "Canary\xff", "client": ""}]}',
        b'{"version": ' + b"[" * 100_000 + b"Canary",
    ],
    ids=["another member", "a later version", "no UTF-8", "too deep"],
)
def test_what_is_no_record_is_refused_and_left_as_it_is(configured, content: bytes):
    file, record = configured
    record.write_bytes(content)
    with pytest.raises(RecordFault, match="no record"):
        add_to_file(record, of(compared("standard", "till", (), 1)))
    outcome = run("shadow", "report", "--config", file)
    assert "no record" in outcome.fault
    assert "Canary" not in outcome.err
    assert record.read_bytes() == content


def test_a_report_without_a_shadow_says_how_to_begin(tmp_path: Path):
    (tmp_path / "dragoman.toml").write_text("")
    assert "docs/shadow.md" in run("shadow", "report", "--config", tmp_path / "dragoman.toml").fault


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('old_server_url = "ftp://old.example.com"', "write it as https://"),
        ('old_server_url = "https://user:Canary@old.example.com"', "a user name"),
        ('old_server_url = "https://old.example.com/?a=Canary"', "without a query"),
        ('old_server_url = "http://old.example.com"', "plain text"),
        ('address_header = "Authorization"', "something else"),
    ],
)
def test_an_old_server_that_cannot_be_meant_stops_the_start(tmp_path: Path, line: str, told: str):
    file = tmp_path / "dragoman.toml"
    file.write_text(f'[[mounts]]\ndialect = "standard"\n[mounts.shadow]\n{line}\n')
    fault = run("shadow", "report", "--config", file).fault
    assert told in fault
    assert "Canary" not in fault
