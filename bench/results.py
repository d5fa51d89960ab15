"""What a run came to: each figure a median, told with its spread."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.dialects import Comparison
from bench.dialects import as_text as dialects_as_text
from bench.load import Measured

from dragoman.hashing.huge_pages import setting_without_huge_pages


@dataclass(frozen=True, slots=True)
class Beside:
    """What bounds one run, a second, measured in the same round."""

    limit: float
    """As it comes: argon2id by its reference implementation, on all cores, for log-ins; ASGI on uvicorn, with a line in
    its log for each, for all else."""
    fastest_limit: float
    """At its fastest: argon2id by libsodium; ASGI without the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One kind of request to one system on so many connections."""

    system: str
    work: str
    connections: int
    requests_per_second: float
    lowest: float
    highest: float
    p50: float
    p99: float
    cpu_seconds_per_1000: float
    failed: int
    limit: float
    """What bounds it, a second, as it comes (`Beside`)."""
    fastest_limit: float
    of_limit: float
    """Beside what bounds it (`Beside`)."""
    of_fastest_limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a system is before and after the work."""

    system: str
    about: str
    start_seconds: float
    idle_mib: float
    """Resident memory a second after its first answer."""
    loaded_mib: float
    """Right after the work."""
    peak_mib: float
    """The most of each of its processes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """All of a run."""

    limits: Mapping[str, float]
    rows: Sequence[Row]
    standings: Sequence[Standing]
    left_out: Mapping[str, str]
    """Systems that could not be measured, and why."""
    rounds: int
    seconds: int
    dialects: Sequence[Comparison] = ()

    def as_json(self) -> dict[str, object]:
        """For `bench/results.json`."""
        return {"machine": machine(), **asdict(self)}


def machine() -> dict[str, object]:
    """What it was measured on, without anything that names the machine."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), ""
    )
    return {
        "cores": os.cpu_count(),
        "processor": model,
        "python": platform.python_version(),
        "system": platform.system(),
        "transparent_hugepage": setting_without_huge_pages() or "always, or not told",
    }


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return []


def row(
    system: str, work: str, connections: int, runs: Sequence[tuple[Measured, float]], beside: Sequence[Beside]
) -> Row:
    """Several runs of the same, each with the CPU seconds that it took, and what bounds each of them."""
    rates = [measured.requests_per_second for measured, _ in runs]
    done = sum(measured.requests for measured, _ in runs)
    return Row(
        system=system,
        work=work,
        connections=connections,
        requests_per_second=statistics.median(rates),
        lowest=min(rates),
        highest=max(rates),
        p50=statistics.median(measured.p50 for measured, _ in runs),
        p99=statistics.median(measured.p99 for measured, _ in runs),
        cpu_seconds_per_1000=sum(cpu for _, cpu in runs) / max(done, 1) * 1000,
        failed=sum(measured.failed for measured, _ in runs),
        limit=statistics.median(one.limit for one in beside),
        fastest_limit=statistics.median(one.fastest_limit for one in beside),
        of_limit=statistics.median(rate / one.limit for rate, one in zip(rates, beside, strict=True)),
        of_fastest_limit=statistics.median(rate / one.fastest_limit for rate, one in zip(rates, beside, strict=True)),
    )


def as_text(results: Results) -> str:
    """The table for a terminal and for the docs (Markdown)."""
    lines = ["| limit of the machine | a second |", "|---|--:|"]
    lines += [f"| {name} | {rate:,.0f} |" for name, rate in results.limits.items()]
    lines += ["", "| system | start | at rest | after the work | at most | |", "|---|--:|--:|--:|--:|---|"]
    lines += [
        f"| {one.system} | {one.start_seconds:.2f} s | {one.idle_mib:.0f} MiB | {one.loaded_mib:.0f} MiB "
        f"| {one.peak_mib:.0f} MiB | {one.about} |"
        for one in results.standings
    ]
    lines += [f"| {name} | | | | | not measured: {why} |" for name, why in results.left_out.items()]
    heads = "work", "connections", "system", "requests/s", "spread", "of limit", "of fastest limit", "p50", "p99"
    lines += ["", f"| {' | '.join(heads)} | CPU s / 1,000 | failed |"]
    lines += ["|---|--:|---|--:|---|--:|--:|--:|--:|--:|--:|"]
    lines += [
        f"| {one.work} | {one.connections} | {one.system} | {one.requests_per_second:,.0f} "
        f"| {one.lowest:,.0f} to {one.highest:,.0f} | {one.of_limit:.3f} | {one.of_fastest_limit:.3f} "
        f"| {one.p50:.1f} ms | {one.p99:.1f} ms | {one.cpu_seconds_per_1000:.2f} | {one.failed} |"
        for one in sorted(results.rows, key=lambda one: (one.work, one.connections, -one.requests_per_second))
    ]
    return "\n".join([*lines, "", dialects_as_text(results.dialects)])
