"""How many cores this process may use: not those of the machine, where it has been given fewer."""

from __future__ import annotations

import math
import os
from pathlib import Path

_GROUPS = Path("/proc/self/cgroup")
_TREE = Path("/sys/fs/cgroup")


def hash_slots(named: int) -> int:
    """How many hashes a server computes at once, all of its workers together: so many as are named, 0: a core each."""
    return named or usable_cores()


def usable_cores(groups: Path = _GROUPS, tree: Path = _TREE) -> int:
    """The cores it may run on, and no more than its control groups let it have in the long run; at least one.

    In a container with two cores of sixty-four, sixty-four hashes at once would take the memory of sixty-four.
    """
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([here, *(math.ceil(share) for share in _quotas(groups, tree))]))


def _quotas(groups: Path, tree: Path) -> list[float]:
    """Cores by each control group above this process that has a limit (the kernel's cgroup-v2.rst, `cpu.max`)."""
    found = (_quota(folder / "cpu.max") for folder in _folders(groups, tree))
    return [share for share in found if share is not None]


def _folders(groups: Path, tree: Path) -> list[Path]:
    own = next((line[3:] for line in _read(groups).splitlines() if line.startswith("0::/")), "/")
    path = tree / own.strip("/")
    return [path, *(parent for parent in path.parents if parent.is_relative_to(tree))]


def _quota(file: Path) -> float | None:
    match _read(file).split():
        case [quota, period] if quota.isdecimal() and period.isdecimal() and int(period):
            return int(quota) / int(period)
        case _:
            return None


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""
