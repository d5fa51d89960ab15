"""Who has not the key can change nothing in the audit without being found out, but cut off an end that is told open."""

from __future__ import annotations

import hmac
import shutil
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dragoman.audit.chain import START, Sealer, take_apart
from dragoman.audit.entry import begin_event
from dragoman.audit.folder import last_line
from dragoman.audit.verification import End, verify_folder, verify_lines
from dragoman.audit.writing import ChainWriter, Files
from tests.audit.writing import KEY, MIB, Told, data_files, event, operated, recording, written

if TYPE_CHECKING:
    from pathlib import Path

    from dragoman.audit.verification import Verdict


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two processes of three files each, the last of one with an open end, and what operators did."""
    folder = tmp_path_factory.mktemp("whole") / "audit"
    operated_at = iter(range(100))
    for _ in range(2):
        audit = recording(folder, largest=900)
        for number in range(8):
            audit.record(event(number))
            while audit.waiting:
                pass
        operated(folder, next(operated_at))
        audit.close()
    operated(folder, next(operated_at))
    return folder


def changed(whole: Path, elsewhere: Path, file: int, content: bytes) -> Verdict:
    """What verification says of a copy in which this file has this content."""
    shutil.rmtree(elsewhere, ignore_errors=True)
    shutil.copytree(whole, elsewhere)
    data_files(elsewhere)[file].write_bytes(content)
    return verify_folder(elsewhere, KEY)


def is_open(verdict: Verdict, file: str) -> bool:
    return any(piece.file == file and piece.end is End.OPEN for piece in verdict.pieces)


ONCE = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_what_was_written_before_events_named_their_request_holds_beside_what_is_written_now(tmp_path: Path):
    before = begin_event(event(1), 1_795_308_507.0).replace(b',"request_id":null', b"")
    assert b"request_id" not in before
    old = ChainWriter(Files(folder=tmp_path / "audit", key=KEY, largest=MIB), Told(), time.time)
    old.take(before)
    old.turn(0)
    old.end()
    written(tmp_path / "audit", range(3))
    verdict = verify_folder(tmp_path / "audit", KEY)
    assert verdict.findings == ()
    named = [
        b"request_id" in line for file in data_files(tmp_path / "audit") for line in file.read_bytes().splitlines()
    ]
    assert sum(named) == 3


def test_what_was_written_holds_and_says_so(whole: Path):
    verdict = verify_folder(whole, KEY)
    assert verdict.findings == ()
    assert len(data_files(whole)) > 5
    assert {piece.end for piece in verdict.pieces if piece.chain != "ledger"} == {End.SEALED}
    assert [piece.end for piece in verdict.pieces if piece.chain == "ledger"] == [End.OPEN]


def test_the_mac_is_hmac_sha_256_of_the_line_and_the_one_before():
    line, _ = Sealer(KEY).seal(b'{"a":1', b"c", START)
    link = take_apart(line)
    assert link.hash.decode() == hmac.new(KEY, START.hash + link.body, "sha256").hexdigest()


@ONCE
@given(data=st.data())
def test_w15_any_byte_that_is_another_is_found(whole: Path, tmp_path: Path, data: st.DataObject):
    file = data.draw(st.integers(0, len(data_files(whole)) - 1))
    path = data_files(whole)[file]
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    verdict = changed(whole, tmp_path / "copy", file, bytes(content))
    is_last_end = place == len(content) - 1
    assert not verdict.sound or (is_last_end and is_open(verdict, path.name))


@ONCE
@given(data=st.data())
def test_w15_any_lines_taken_away_moved_doubled_or_put_in_are_found(whole: Path, tmp_path: Path, data: st.DataObject):
    file = data.draw(st.integers(0, len(data_files(whole)) - 1))
    path = data_files(whole)[file]
    lines = path.read_bytes().splitlines(keepends=True)
    others = [line for other in data_files(whole) for line in other.read_bytes().splitlines(keepends=True)]
    place = data.draw(st.integers(0, len(lines) - 1))
    match data.draw(st.sampled_from(["take", "swap", "double", "put"])):
        case "take":
            new = lines[:place] + lines[place + data.draw(st.integers(1, len(lines))) :]
        case "swap":
            other = data.draw(st.integers(0, len(lines) - 1))
            new = list(lines)
            new[place], new[other] = new[other], new[place]
        case "double":
            new = lines[: place + 1] + lines[place:]
        case _:
            new = [*lines[:place], data.draw(st.sampled_from(others)), *lines[place:]]
    if new == lines:
        return
    verdict = changed(whole, tmp_path / "copy", file, b"".join(new))
    is_cut = lines[: len(new)] == new and new
    assert not verdict.sound or (is_cut and is_open(verdict, path.name))


@ONCE
@given(data=st.data())
def test_w15_any_end_cut_off_is_found_or_told_to_be_open(whole: Path, tmp_path: Path, data: st.DataObject):
    file = data.draw(st.integers(0, len(data_files(whole)) - 1))
    path = data_files(whole)[file]
    content = path.read_bytes()
    verdict = changed(whole, tmp_path / "copy", file, content[: data.draw(st.integers(0, len(content) - 1))])
    assert not verdict.sound or is_open(verdict, path.name)
    assert path.name.startswith("ledger") or not verdict.sound


def test_a_file_that_is_taken_away_is_missed_whichever_it_is(whole: Path, tmp_path: Path):
    for path in data_files(whole):
        copy = tmp_path / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(whole, copy)
        (copy / path.name).unlink()
        assert not verify_folder(copy, KEY).sound, path.name


def test_w15_all_files_of_one_process_taken_away_are_missed(whole: Path, tmp_path: Path):
    shutil.copytree(whole, tmp_path / "copy")
    chain = next(path.name.split("-")[1] for path in data_files(whole) if not path.name.startswith("ledger"))
    for path in (tmp_path / "copy").glob(f"*-{chain}-*"):
        path.unlink()
    assert "missing" in verify_folder(tmp_path / "copy", KEY).findings[0].what


def test_another_key_made_none_of_it(whole: Path):
    assert not verify_folder(whole, b"f" * 32).sound


def test_lines_among_others_are_verified_chain_by_chain(whole: Path):
    lines = [line for path in data_files(whole) for line in path.read_bytes().splitlines(keepends=True)]
    noise = [b'{"event":"request"}\n', b"dragoman: serving\n"]
    assert verify_lines([*noise, *lines, *noise], KEY).sound
    assert not verify_lines([*lines[:4], *lines[5:]], KEY).sound
    edited = lines[3].replace(b'"audit"', b'"adiut"')
    assert edited != lines[3]
    assert not verify_lines([*lines[:3], edited, *lines[4:]], KEY).sound
    cut = verify_lines(lines[2:], KEY)
    assert cut.sound
    assert (cut.pieces[0].unjudged, cut.pieces[0].first) == (3, 4)
    assert {piece.unjudged for piece in cut.pieces[1:]} == {None}


def test_a_forged_line_among_others_is_found_or_told_not_to_be_judged():
    forged = b'{"time":1,"event":"audit","chain":"00","number":%d,"hash":"' + b"0" * 64 + b'"}\n'
    assert not verify_lines([forged % 1], KEY).sound
    [piece] = verify_lines([forged % 7], KEY).pieces
    assert (piece.unjudged, piece.first, piece.last) == (7, 8, 7)
    assert not verify_lines([forged % 7, forged % 8], KEY).sound


def test_a_ledger_that_ends_in_the_middle_of_a_line_goes_on_and_says_so(tmp_path: Path):
    operated(tmp_path / "audit", 1)
    ledger = data_files(tmp_path / "audit")[0]
    with ledger.open("ab") as file:
        file.write(b'{"time":1795325981.3,"lev')
    assert verify_folder(tmp_path / "audit", KEY).pieces[0].torn > 0
    operated(tmp_path / "audit", 2)
    verdict = verify_folder(tmp_path / "audit", KEY)
    assert (verdict.findings, verdict.pieces[0].torn) == ((), 0)
    assert b"torn_line_removed" in ledger.read_bytes()


def test_a_ledger_that_was_never_begun_or_is_none_keeps_nobody_from_writing(tmp_path: Path):
    folder = tmp_path / "audit"
    operated(folder, 1)
    ledger = data_files(folder)[0]
    ledger.write_bytes(b"")
    operated(folder, 2)
    assert verify_folder(folder, KEY).sound
    ledger.write_bytes(b"nothing of ours\n")
    operated(folder, 3)
    assert not verify_folder(folder, KEY).sound
    assert b"command_done" in last_line(data_files(folder)[-1])[0]


def test_events_of_many_processes_are_all_there(tmp_path: Path):
    for _ in range(3):
        written(tmp_path / "audit", range(1000), largest=50_000)
    verdict = verify_folder(tmp_path / "audit", KEY)
    assert verdict.findings == ()
    text = b"".join(path.read_bytes() for path in data_files(tmp_path / "audit"))
    assert text.count(b'"outcome":"token_issued"') == 3000
