"""F32: the audit cannot be written. Who records never waits; what waits is bounded; what is lost is counted and told."""

from __future__ import annotations

import os
import resource
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from dragoman.audit import recording as recording_module
from dragoman.audit import writing as writing_module
from dragoman.audit.folder import AuditFault, is_held
from dragoman.audit.reading import Wanted, read_folder
from dragoman.audit.verification import End, verify_folder
from dragoman.core.model import Sender
from dragoman.threads import beginning as beginning_module
from dragoman.threads import lone as lone_module
from tests.audit.writing import KEY, Told, data_files, event, operated, recording, written
from tests.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process grows beyond 16 KiB, which fails in the middle of a write as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16 * 1024, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def clients(folder: Path) -> list[object]:
    return [record.fact("client") for record in read_folder(folder, Wanted(outcome="token_issued"))]


def test_f32_a_full_disk_loses_nothing_that_finds_room_in_memory(tmp_path: Path):
    folder, told = tmp_path / "audit", Told()
    audit = recording(folder, told)
    with full_disk():
        for number in range(500):
            audit.record(event(number))
        wait_until(lambda: not audit.writable)
        assert audit.waiting == 500
    wait_until(lambda: audit.waiting == 0 and audit.writable)
    audit.close()
    assert clients(folder) == [f"client-{number}" for number in range(500)]
    assert verify_folder(folder, KEY).findings == ()
    assert [one for one in told.events() if one != "audit_head"] == ["audit_not_written", "audit_written_again"]


def test_f32_beyond_the_bound_events_are_lost_counted_and_told_in_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(writing_module, "SPOOL_BYTES", 30_000)
    folder, told = tmp_path / "audit", Told()
    audit = recording(folder, told)
    with full_disk():
        for number in range(400):
            audit.record(event(number))
        wait_until(lambda: audit.lost)
        wait_until(lambda: not audit.writable)
        lost = audit.lost
        assert 0 < lost < 400
    wait_until(lambda: audit.waiting == 0 and audit.writable)
    audit.record(event(1000))
    audit.close()
    kept = clients(folder)
    assert kept == [f"client-{number}" for number in range(400 - lost)] + ["client-1000"]
    note = next(record for record in read_folder(folder, Wanted(outcome="events_lost")))
    assert (note.fact("events"), note.fact("level")) == (lost, "warning")
    assert ("error", "events_lost", {"events": lost}) in told.lines
    assert verify_folder(folder, KEY).findings == ()


def test_f32_a_thread_that_is_stuck_costs_bounded_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(recording_module, "MOST_ARRIVING", 100)
    monkeypatch.setattr(recording_module, "_GATHERING_SECONDS", 0.3)
    audit = recording(tmp_path / "audit")
    for number in range(400):
        audit.record(event(number))
    assert audit.waiting == 100
    assert audit.lost == 300
    audit.close()
    assert len(clients(tmp_path / "audit")) == 100
    assert verify_folder(tmp_path / "audit", KEY).findings == ()


def test_f32_a_thread_that_ends_before_it_begins_is_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "audit"
    monkeypatch.setattr(beginning_module, "start_new_thread", lambda *_arguments: monkeypatch.undo())
    audit = recording(folder)
    audit.record(event(0))
    monkeypatch.setattr(lone_module, "ARRIVAL_SECONDS", 0.0)
    audit.record(event(1))
    wait_until(lambda: audit.waiting == 0)
    audit.close()
    assert clients(folder) == ["client-0", "client-1"]


def test_f32_where_no_thread_can_be_had_it_is_tried_again_at_the_latest_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_arguments: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as system:
        system.setattr(beginning_module, "start_new_thread", refuse)
        audit = recording(tmp_path / "audit")
        audit.record(event(0))
    audit.close()
    assert clients(tmp_path / "audit") == ["client-0"]


def move_away(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))


def rename_files(folder: Path) -> None:
    """As a program does that rotates logs."""
    for path in data_files(folder):
        path.rename(path.with_suffix(".jsonl.1"))


def put_a_copy_in_place(folder: Path) -> None:
    """As an editor does, or `sed -i`."""
    for path in data_files(folder):
        copy = path.with_suffix(".new")
        shutil.copy(path, copy)
        copy.rename(path)


@pytest.mark.parametrize("take_away", [shutil.rmtree, move_away, rename_files])
def test_f32_what_is_taken_away_is_made_again_and_what_is_gone_is_told(
    tmp_path: Path, take_away: Callable[[Path], None]
):
    folder, told = tmp_path / "audit", Told()
    audit = recording(folder, told)
    audit.record(event(1))
    wait_until(lambda: audit.waiting == 0)
    take_away(folder)
    audit.record(event(2))
    wait_until(lambda: audit.waiting == 0)
    audit.close()
    assert clients(folder) == ["client-2"]
    assert "segment_damaged" in told.events()
    assert any("before it are missing" in finding.what for finding in verify_folder(folder, KEY).findings)


def test_f32_nothing_is_written_to_a_file_that_another_has_the_name_of(tmp_path: Path):
    folder, told = tmp_path / "audit", Told()
    audit = recording(folder, told)
    audit.record(event(1))
    wait_until(lambda: audit.waiting == 0)
    put_a_copy_in_place(folder)
    audit.record(event(2))
    wait_until(lambda: audit.waiting == 0)
    audit.close()
    assert "segment_damaged" in told.events()
    assert clients(folder) == ["client-1", "client-2"]


def test_f32_a_file_that_is_changed_while_it_is_written_is_left_and_another_begun(tmp_path: Path):
    folder, told = tmp_path / "audit", Told()
    audit = recording(folder, told)
    audit.record(event(1))
    wait_until(lambda: audit.waiting == 0)
    path = next(path for path in data_files(folder) if not path.name.startswith("ledger"))
    assert is_held(path)
    os.truncate(path, path.stat().st_size - 100)
    audit.record(event(2))
    wait_until(lambda: audit.waiting == 0)
    audit.close()
    assert "segment_damaged" in told.events()
    assert clients(folder) == ["client-2"]
    assert not verify_folder(folder, KEY).sound


def test_f32_an_operator_does_nothing_that_cannot_be_written_down(tmp_path: Path):
    folder = tmp_path / "audit"
    operated(folder, 1)
    before = data_files(folder)[0].read_bytes()
    with full_disk():
        for number in range(100):
            try:
                operated(folder, number)
            except AuditFault as fault:
                told = str(fault)
                break
    assert "cannot be written" in told
    after = data_files(folder)[0].read_bytes()
    assert after.startswith(before)
    assert verify_folder(folder, KEY).sound
    operated(folder, 1000)
    assert verify_folder(folder, KEY).sound


def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path):
    folder = tmp_path / "audit"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(AuditFault, match="chmod 700"):
        recording(folder)
    with pytest.raises(AuditFault, match="cannot be made"):
        recording(tmp_path / "no" / "such" / "place")


def test_files_are_readable_by_their_owner_alone(tmp_path: Path):
    written(tmp_path / "audit", range(1))
    assert (tmp_path / "audit").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "audit").iterdir()} == {0o600}


def test_alarms_are_in_the_log_at_once_and_ordinary_events_are_not(tmp_path: Path):
    told = Told()
    audit = recording(tmp_path / "audit", told)
    audit.record(event(1))
    audit.record(event(2, name="grant_revoked", alarm=True, facts={"because": "refresh_token_reuse"}))
    assert [(level, facts["outcome"]) for level, one, facts in told.lines if one == "audit"] == [
        ("warning", "grant_revoked")
    ]
    audit.close()
    levels = {record.fact("outcome"): record.fact("level") for record in read_folder(tmp_path / "audit", Wanted())}
    assert levels["grant_revoked"] == "warning"


def test_texts_of_clients_are_bounded_and_stay_in_their_line(tmp_path: Path):
    audit = recording(tmp_path / "audit")
    texts = [
        "x" * 5000,
        '"}\n{"event":"audit"}',
        "\x1b[2J",
        "\u202e",
        "\ud800",
        '","hash":"' + "0" * 64 + '"}\n',
        "\x7f",
    ]
    for text in texts:
        audit.record(event(0, client_id=text, sender=Sender(address=text), facts={"detail": text}))
    audit.close()
    records = list(read_folder(tmp_path / "audit", Wanted(outcome="token_issued")))
    assert len(records) == len(texts)
    for record in records:
        assert len(record.line) < 4000
        assert record.line.isascii()
        assert not set(record.line[:-1]) & {0x7F, *range(0x20)}
    assert verify_folder(tmp_path / "audit", KEY).sound


def test_a_day_that_ends_and_a_file_that_is_full_begin_another(tmp_path: Path):
    now = [1_800_000_000.0]
    audit = recording(tmp_path / "audit", largest=3000, clock=lambda: now[0])
    for day in range(3):
        now[0] = 1_800_000_000.0 + day * 86400
        for number in range(10):
            audit.record(event(number))
        wait_until(lambda: audit.waiting == 0)
    audit.close()
    verdict = verify_folder(tmp_path / "audit", KEY)
    assert verdict.findings == ()
    pieces = [piece for piece in verdict.pieces if piece.chain != "ledger"]
    assert len(pieces) >= 3
    assert len({piece.chain for piece in pieces}) == 1
    assert {piece.end for piece in pieces} == {End.SEALED}
