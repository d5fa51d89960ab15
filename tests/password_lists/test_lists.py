"""Lists of the operator's: passwords, hashes in order, and folders of ranges."""

import hashlib
import os
import random
import resource
import tracemalloc
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.password_rules import find_weakness
from dragoman.core.secret import Secret
from dragoman.password_lists.faults import PasswordListFault
from dragoman.password_lists.hashes import SortedHashes
from dragoman.password_lists.opening import open_lists


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode()).hexdigest().upper()


def judge(password: str, *paths: Path) -> str:
    return find_weakness(Secret(password), (), open_lists(paths)) or "good"


def write(path: Path, lines: Iterable[str], end: str = "\n") -> Path:
    path.write_text("".join(line + end for line in lines), encoding="utf-8", newline="")
    return path


def write_ranges(folder: Path, passwords: Iterable[str], name: str = "{}.txt", count: int = 3) -> Path:
    folder.mkdir()
    for digest in map(sha1, passwords):
        others = [f"{number:035X}:1" for number in (1, 2)]
        text = "\r\n".join((others[0], f"{digest[5:]}:{count}", others[1]))
        (folder / name.format(digest[:5])).write_text(text, newline="")
    return folder


LEAKED = "the password is one that has leaked; take another"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_plain_list_is_asked_in_every_spelling(tmp_path: Path, end: str):
    path = write(tmp_path / "ours.txt", ["", "Kettle-Seven", "Grüße aus Köln", "über-kettle"], end)
    for password in ("kettle-seven", "KETTLE-SEVEN", "Kettle-Seven!1", "GRÜSSE aus köln", "Über-Kettle"):
        assert judge(password, path) == "the password is in the list ours.txt; take another"
    assert judge("Kettle-Eight", path) == "good"


def test_the_last_line_counts_without_an_end_and_so_do_lines_across_blocks(tmp_path: Path):
    path = tmp_path / "long.txt"
    filler = "".join(f"filler-{number:08}\n" for number in range(200_000))
    path.write_text(f"{filler}across-the-border\n{filler}at-the-very-end")
    for password in ("filler-00065535", "across-the-border", "at-the-very-end"):
        assert "in the list" in judge(password, path)
    assert judge("not-in-this-list", path) == "good"


def test_a_file_of_one_endless_line_is_told_and_not_held(tmp_path: Path):
    path = tmp_path / "image.bin"
    path.write_bytes(b"\xff" * (8 << 20))
    tracemalloc.start()
    with pytest.raises(PasswordListFault, match="one of its lines does not end"):
        judge("any password at all", path)
    assert tracemalloc.get_traced_memory()[1] < 6 << 20
    tracemalloc.stop()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("spell", [str, str.lower], ids=["upper", "lower"])
def test_u25_hashes_in_order_are_searched_where_they_lie(tmp_path: Path, end: str, spell):
    known = [f"leaked password {number}" for number in range(300)]
    lines = sorted(f"{sha1(one)}:{number + 1}" for number, one in enumerate(known))
    path = write(tmp_path / "pwned.txt", map(spell, lines), end)
    assert judge(known[0], path) == LEAKED
    for password in known:
        assert find_weakness(Secret(password), (), [SortedHashes(path=path)]) == LEAKED
        assert find_weakness(Secret(f"another {password}"), (), [SortedHashes(path=path)]) is None


@given(st.sets(st.integers(0, 999), max_size=40), st.integers(0, 999), st.booleans(), st.booleans())
def test_the_search_by_halves_agrees_with_reading_it_all(
    tmp_path_factory: pytest.TempPathFactory, known: set[int], asked: int, counted: bool, ended: bool
):
    digests = sorted(sha1(f"password {number}") for number in known)
    text = "\n".join(digest + (f":{len(digest) ** 6}" if counted else "") for digest in digests)
    path = tmp_path_factory.getbasetemp() / "drawn.txt"
    path.write_text(text + "\n" * ended if text else "")
    found = find_weakness(Secret(f"password {asked}"), (), [SortedHashes(path=path)])
    assert (found is not None) is (asked in known)


def test_a_million_hashes_cost_no_memory_and_few_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    draw = random.Random(7)
    path = tmp_path / "million.txt"
    hashes = sorted([draw.getrandbits(160) for _ in range(10**6)] + [int(sha1("a leaked password"), 16)])
    path.write_text("".join(f"{one:040X}:9\n" for one in hashes))
    del hashes
    reads, read = [], os.pread
    monkeypatch.setattr(os, "pread", lambda *arguments: reads.append(arguments[1]) or read(*arguments))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    lists = [SortedHashes(path=path)]
    assert find_weakness(Secret("a leaked password"), (), lists) is not None
    assert find_weakness(Secret("a password of nobody"), (), lists) is None
    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 4096
    assert len(reads) < 4 * 100
    assert sum(reads) < 100_000


def test_the_order_of_counts_is_told_because_it_could_not_be_searched(tmp_path: Path):
    lines = [f"{sha1(str(number))}:{9000 - number}" for number in range(500)]
    path = write(tmp_path / "by-count.txt", lines)
    with pytest.raises(PasswordListFault, match=r"by-count\.txt is not in the order of its hashes; take the file that"):
        judge("any password at all", path)


def test_a_damaged_line_is_told_with_its_place_and_without_its_text(tmp_path: Path):
    lines = sorted(f"{sha1(str(number))}:1" for number in range(500))
    path = write(tmp_path / "pwned.txt", [*lines[:250], "canary", *lines[250:]])
    wanted = next(f"p{number}" for number in range(10**6) if lines[249] < sha1(f"p{number}") < lines[250])
    with pytest.raises(PasswordListFault, match=r"no SHA-1 in the line at byte \d+; fetch it anew") as told:
        judge(wanted, path)
    assert "canary" not in str(told.value)


@pytest.mark.parametrize("name", ["{}.txt", "{}"])
def test_u25_ranges_are_read_one_file_for_each_spelling(tmp_path: Path, name: str):
    folder = write_ranges(tmp_path / "ranges", ["leaked password", "Leaked Password", "other one", "Other One"], name)
    assert judge("leaked password", folder) == LEAKED
    assert judge("Leaked Password", folder) == LEAKED


def test_a_line_that_only_fills_a_range_up_is_no_leak(tmp_path: Path):
    folder = write_ranges(tmp_path / "ranges", ["leaked password"], count=0)
    assert judge("leaked password", folder) == "good"


def test_a_folder_that_is_not_whole_refuses_rather_than_to_say_yes(tmp_path: Path):
    folder = write_ranges(tmp_path / "ranges", ["leaked password"])
    with pytest.raises(PasswordListFault) as told:
        judge("another password", folder)
    assert "is not whole" in str(told.value)
    assert sha1("another password")[:5] not in str(told.value)
    (folder / f"{sha1('another password')[:5]}.txt").mkdir()
    with pytest.raises(PasswordListFault, match="cannot be read: Is a directory"):
        judge("another password", folder)


def test_what_is_not_there_and_what_is_no_file_is_told(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(PasswordListFault, match="is neither a file nor a folder; take it out"):
        judge("any password at all", tmp_path / "pipe")
    with pytest.raises(PasswordListFault, match=r"nowhere\.txt cannot be read: No such file"):
        judge("any password at all", tmp_path / "nowhere.txt")


def test_a_list_that_goes_away_is_told(tmp_path: Path):
    words, hashes = write(tmp_path / "words", ["one word"]), write(tmp_path / "hashes", [sha1("one")])
    for path in (words, hashes):
        lists = list(open_lists((path,)))
        path.unlink()
        with pytest.raises(PasswordListFault, match="cannot be read: No such file"):
            find_weakness(Secret("any password at all"), (), lists)
