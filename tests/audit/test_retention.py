"""What is old goes, whole files at a time, and what remains still verifies."""

from __future__ import annotations

import os
from pathlib import Path

from dragoman.audit.folder import last_line
from dragoman.audit.reading import Following, Wanted, read_folder, read_last, read_record
from dragoman.audit.retention import remove_old
from dragoman.audit.verification import verify_folder
from dragoman.audit.witness import contradictions, hashes_in_folder, read_noted
from tests.audit.writing import KEY, data_files, event, operated, recording, written
from tests.processes import wait_until

DAY = 86400
START = 1_800_000_000.0


def three_months(folder: Path) -> None:
    """A process a week, and a command."""
    for week in range(13):
        now = START + 7 * week * DAY
        written(folder, range(week * 10, week * 10 + 10), clock=lambda now=now: now)
        operated(folder, week, clock=lambda now=now: now + 1)
    for path in data_files(folder):  # as if they had been written then
        time = read_record(last_line(path)[0]).time
        os.utime(path, (time, time))


def test_files_whose_time_is_over_go_and_the_rest_verifies(tmp_path: Path):
    folder = tmp_path / "audit"
    three_months(folder)
    before = len(data_files(folder))
    later = START + 90 * DAY
    removed = remove_old(folder, KEY, lambda: later, later - 40 * DAY)
    assert 5 < len(removed) < before
    assert any(name.startswith("ledger-000001") for name in removed)
    verdict = verify_folder(folder, KEY)
    assert verdict.findings == ()
    oldest = min(record.time for record in read_folder(folder, Wanted(outcome="token_issued")))
    assert oldest >= later - 40 * DAY
    assert remove_old(folder, KEY, lambda: later, later - 40 * DAY) == []
    assert remove_old(folder, KEY, lambda: later + 400 * DAY, later + 300 * DAY)
    assert verify_folder(folder, KEY).findings == ()


def test_a_file_taken_away_by_somebody_else_is_missed_after_all(tmp_path: Path):
    folder = tmp_path / "audit"
    three_months(folder)
    later = START + 90 * DAY
    remove_old(folder, KEY, lambda: later, later - 40 * DAY)
    data_files(folder)[0].unlink()
    assert not verify_folder(folder, KEY).sound


def test_what_was_tampered_with_or_is_being_written_stays(tmp_path: Path):
    folder = tmp_path / "audit"
    written(folder, range(5), clock=lambda: START)
    old = next(path for path in data_files(folder) if not path.name.startswith("ledger"))
    old.write_bytes(old.read_bytes().replace(b"client-3", b"client-4"))
    audit = recording(folder, clock=lambda: START)
    audit.record(event(1))
    wait_until(lambda: audit.waiting == 0)
    assert remove_old(folder, KEY, lambda: START + 900 * DAY, START + 800 * DAY) == []
    audit.close()
    assert old.exists()


def test_a_crash_between_note_and_removal_is_finished_the_next_time(tmp_path: Path):
    folder = tmp_path / "audit"
    written(folder, range(5), clock=lambda: START)
    old = next(path for path in data_files(folder) if not path.name.startswith("ledger"))
    content = old.read_bytes()
    remove_old(folder, KEY, lambda: START + 90 * DAY, START + DAY)
    assert not old.exists()
    old.write_bytes(content)
    assert verify_folder(folder, KEY).sound
    assert remove_old(folder, KEY, lambda: START + 90 * DAY, START + DAY)[0] == old.name
    assert verify_folder(folder, KEY).sound


def test_a_head_that_was_noted_elsewhere_shows_that_an_end_was_cut_off(tmp_path: Path):
    folder = tmp_path / "audit"
    for number in range(5):
        operated(folder, number)
    ledger = data_files(folder)[0]
    last = ledger.read_bytes().splitlines()[-1]
    noted = read_noted(b"a line of something else\n" + last + b"\n")
    assert len(noted) == 1
    whole = verify_folder(folder, KEY)
    assert not list(contradictions(noted, hashes_in_folder(folder, noted), whole))
    ledger.write_bytes(b"".join(ledger.read_bytes().splitlines(keepends=True)[:-2]))
    cut = verify_folder(folder, KEY)
    assert cut.sound  # by itself it cannot know
    assert "cut off" in next(contradictions(noted, hashes_in_folder(folder, noted), cut)).what
    operated(folder, 6)
    operated(folder, 7)
    again = verify_folder(folder, KEY)
    assert "another one" in next(contradictions(noted, hashes_in_folder(folder, noted), again)).what


def test_lines_of_all_processes_come_by_time_the_latest_first_found(tmp_path: Path):
    folder = tmp_path / "audit"
    three_months(folder)
    times = [record.time for record in read_folder(folder, Wanted())]
    assert times == sorted(times)
    last = [record.fact("client") for record in read_last(folder, 3)]
    assert last[-1] == "client-12"
    assert len(last) == 3
    assert len(read_last(folder, 10_000)) == len(times)
    half = list(read_folder(folder, Wanted(since=START + 30 * DAY, until=START + 60 * DAY)))
    assert half
    assert all(START + 30 * DAY <= record.time < START + 60 * DAY for record in half)
    following = Following(folder)
    assert following.more() == []
    operated(folder, 99)
    assert [record.fact("client") for record in following.more()] == ["client-99"]
