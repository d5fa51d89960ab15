"""A restore that is killed: the old database or the new one is there, never something in between that a server takes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from unittest import mock

import pytest

from dragoman.core.errors import Fault
from dragoman.store.backup import back_up, restore
from tests.cli.commands.test_backup_sqlite import STEPS, TERMS, database, fill, leave_unfolded, live, log_in_once

__all__ = ["database"]  # a fixture


@pytest.mark.parametrize("left", ["folded", "unfolded"])
def test_a_restore_that_is_killed_at_any_step_leaves_the_old_or_the_new(database: Path, tmp_path: Path, left: str):
    """Each step that touches the disk in turn is the last thing that the process ever does."""
    fill(database)
    back_up(database, tmp_path / "backup")
    (log_in_once if left == "folded" else leave_unfolded)(database)
    shutil.copytree(database.parent, tmp_path / "as it was")
    outcomes, step, status = set(), 0, 1
    while status:
        _put_back(database, tmp_path / "as it was")
        status = _killed_restore(database, tmp_path / "backup", step)
        step += 1
        outcomes.add(live(database))
        assert live(database) in {0, 31}
        log_in_once(database)
    assert step > 5
    assert outcomes == {0, 31}


def test_a_damaged_database_whose_restore_is_killed_never_turns_into_one_of_yesterday(database: Path, tmp_path: Path):
    """Its log cannot be folded in; without the log it may look whole, and know nothing of what was spent last."""
    fill(database)
    back_up(database, tmp_path / "backup")
    leave_unfolded(database)
    log = database.with_name("dragoman.db-wal")
    yesterday = database.read_bytes()
    content = bytearray(log.read_bytes())
    _damage_first_page(content)
    log.write_bytes(content)
    shutil.copytree(database.parent, tmp_path / "as it was")
    outcomes, step, status = set(), 0, 1
    while status:
        _put_back(database, tmp_path / "as it was")
        status = _killed_restore(database, tmp_path / "backup", step)
        step += 1
        outcomes.add(_what_is_there(database, yesterday))
    assert outcomes == {"as it was", "refused", "new"}
    (kept,) = database.parent.glob("*.replaced-*Z")
    assert kept.read_bytes() == yesterday
    assert kept.with_name(f"{kept.name}-wal").read_bytes() == content


def _what_is_there(database: Path, yesterday: bytes) -> str:
    if database.read_bytes() == yesterday:
        assert database.with_name("dragoman.db-wal").exists()
        return "as it was"
    if database.stat().st_size == 0:
        with pytest.raises(Fault, match="Restore it from a backup"):
            log_in_once(database)
        return "refused"
    assert live(database) == 0
    log_in_once(database)
    return "new"


def _damage_first_page(log: bytearray) -> None:
    """Spoil the database's header in each frame of its page 1, and make the sums of all frames right again."""
    order = "big" if log[3] & 1 else "little"
    size = int.from_bytes(log[8:12], "big")
    sums = _summed(log[:24], (0, 0), order)
    for place in range(32, len(log) - size - 23, 24 + size):
        if int.from_bytes(log[place : place + 4], "big") == 1:
            log[place + 24 : place + 40] = b"nothing of SQLite"[:16]
        sums = _summed(log[place : place + 8], sums, order)
        sums = _summed(log[place + 24 : place + 24 + size], sums, order)
        log[place + 16 : place + 24] = sums[0].to_bytes(4, "big") + sums[1].to_bytes(4, "big")


def _summed(part: bytes, sums: tuple[int, int], order: str) -> tuple[int, int]:
    """The checksum of SQLite's log (https://sqlite.org/fileformat2.html#checksum_algorithm)."""
    first, second = sums
    words = [int.from_bytes(part[place : place + 4], order) for place in range(0, len(part), 4)]
    for one, other in zip(words[::2], words[1::2], strict=True):
        first = (first + one + second) % 2**32
        second = (second + other + first) % 2**32
    return first, second


def _put_back(database: Path, as_it_was: Path) -> None:
    shutil.rmtree(database.parent)
    shutil.copytree(as_it_was, database.parent)


def _killed_restore(database: Path, backup: Path, step: int) -> int:
    """0 if it came to its end before that step."""
    child = os.fork()
    if child == 0:
        status = 2
        try:
            with _killed_at(step):
                restore(database, backup, TERMS)
            status = 0
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in {0, 1}
    return status


def _killed_at(step: int) -> mock._patch_multiple:
    left = [step]

    def dying(work):
        def die(*arguments, **options):
            if left[0] == 0:
                os._exit(1)
            left[0] -= 1
            return work(*arguments, **options)

        return die

    return mock.patch.multiple(os, **{name: dying(getattr(os, name)) for name in STEPS})
