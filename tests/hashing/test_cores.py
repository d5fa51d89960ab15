"""How many slots a process gets where it has less than the machine (fault F29)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dragoman.hashing.cores import hash_slots, usable_cores


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree" / "pod" / "container").mkdir(parents=True)
    (tmp_path / "groups").write_text("12:cpu:/elsewhere\n0::/pod/container\n", encoding="ascii")
    return tmp_path / "tree"


def cores(tree: Path, monkeypatch: pytest.MonkeyPatch, available: int = 64) -> int:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: set(range(available)), raising=False)
    return usable_cores(tree.parent / "groups", tree)


def test_without_limits_they_are_those_it_may_run_on(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cores(tree, monkeypatch, 3) == 3


def test_k01_there_is_a_slot_for_each_of_them_unless_so_many_are_named() -> None:
    assert hash_slots(0) == usable_cores()
    assert hash_slots(3) == 3


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("200000 100000", 2), ("50000 100000", 1), ("250000 100000", 3), ("max 100000", 64), ("", 64), ("1 0", 64)],
)
def test_a_quota_counts_in_whole_cores(tree: Path, monkeypatch: pytest.MonkeyPatch, quota: str, expected: int) -> None:
    (tree / "pod" / "container" / "cpu.max").write_text(quota, encoding="ascii")
    assert cores(tree, monkeypatch) == expected


def test_the_narrowest_of_all_groups_above_counts(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / "pod" / "container" / "cpu.max").write_text("800000 100000", encoding="ascii")
    (tree / "pod" / "cpu.max").write_text("400000 100000", encoding="ascii")
    assert cores(tree, monkeypatch) == 4


def test_inside_a_container_its_own_group_is_the_root(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree.parent / "groups").write_text("0::/\n", encoding="ascii")
    (tree / "cpu.max").write_text("200000 100000", encoding="ascii")
    assert cores(tree, monkeypatch) == 2


def test_on_a_system_without_groups_nothing_is_amiss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cores(tmp_path / "none", monkeypatch, 2) == 2
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert usable_cores(tmp_path / "groups", tmp_path / "none") == os.cpu_count()
