"""Every system on this machine in turn, and the machine's own limits: `make bench`, or `make bench ARGS=--quick`."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench import dialects, limits
from bench.hashing import Implementation, bare_capacity
from bench.load import Measured, check_generator, run
from bench.machine import on_one_core
from bench.picture import draw
from bench.results import Beside, Results, Row, Standing, as_text, row
from bench.systems import authlib, bare, django, dragoman, keycloak, node, spring
from bench.systems.system import Running, System
from bench.work import Work

from dragoman.hashing.cores import usable_cores

_HERE = Path(__file__).parent
_DOCS = _HERE.parent / "docs"
_SHOWN_CONNECTIONS = 16
_HASHING_SECONDS = 2.0
"""A hash takes some forty times as long as anything else."""
_BARE_SECONDS = 1
_AT_REST_SECONDS = 1
"""So that all of its processes have begun, and not only the one that has answered."""
_BOUND_SECONDS = {Work.PASSWORD: 2 * _HASHING_SECONDS, Work.BARE: 2 * _BARE_SECONDS}
"""Of each limit there are two: as it comes, and at its fastest."""


def main() -> None:
    """Measure, print, and write `bench/results.json` and the picture."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one number of connections, short runs: under 5 minutes")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="systems whose name holds this")
    parser.add_argument("--rounds", type=int, default=3, help="so often is each measured; its median counts")
    parser.add_argument("--seconds", type=int, default=3, help="for so long each time")
    chosen = parser.parse_args()
    check_generator()
    chosen_systems = [one for one in systems() if not chosen.only or any(name in one.name for name in chosen.only)]
    plan = in_haste(chosen.only) if chosen.quick else Plan(rounds=chosen.rounds, seconds=chosen.seconds)
    with tempfile.TemporaryDirectory() as folder:
        results = measure(chosen_systems, plan, Path(folder))
    print(as_text(results))
    if not chosen.only:
        (_HERE / "results.json").write_text(json.dumps(results.as_json(), indent=1) + "\n", encoding="utf-8")
        (_DOCS / "bench.svg").write_text(draw(results.rows, _SHOWN_CONNECTIONS), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    connections: tuple[int, ...] = (1, 16, 64)
    rounds: int = 3
    seconds: int = 3
    warm_up_seconds: int | None = None
    """The longest that there is time for."""
    limits_each_time: bool = True
    """Whether what bounds a system is measured beside each run of it, and not once for all of its runs."""

    def leaves_out(self, system: System) -> str | None:
        """Why this one is not measured, if it is not: cold, its figures would not be its own."""
        if self.warm_up_seconds is None or system.warm_up_seconds <= self.warm_up_seconds:
            return None
        return f"warms up for {system.warm_up_seconds} s: not with --quick, but where it is named by --only"

    def seconds_of_load(self, system: System, works: Collection[Work]) -> float:
        """For how long a system is loaded, and what bounds it beside it; starting both comes on top."""
        runs = len(self.connections) * self.rounds
        own = len(works) * (system.warm_up_seconds + runs * self.seconds)
        bounds = [_bound_of(work) for work in works]
        beside = bounds * runs if self.limits_each_time else set(bounds)
        return own + sum(_BOUND_SECONDS[one] for one in beside)


def in_haste(only: Sequence[str]) -> Plan:
    """What takes less than five minutes; whoever is named is measured, however long it warms up."""
    return Plan(connections=(16,), rounds=1, seconds=1, warm_up_seconds=None if only else 1, limits_each_time=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds the systems."""

    asgi: Running
    silent_asgi: Running

    def beside(self, bound: Work, connections: int) -> Beside:
        """What bounds the work of this bound, measured now."""
        if bound is Work.PASSWORD:
            hashes = (
                bare_capacity(one, usable_cores(), _HASHING_SECONDS).a_second
                for one in (Implementation.REFERENCE, Implementation.OURS)
            )
            return Beside(*hashes)
        limit, silent = (
            _once(one, Work.BARE, connections, _BARE_SECONDS)[0].requests_per_second
            for one in (self.asgi, self.silent_asgi)
        )
        return Beside(limit, silent)


def _bound_of(work: Work) -> Work:
    """What is bounded by the same as this."""
    return work if work is Work.PASSWORD else Work.BARE


def systems() -> Sequence[System]:
    """All that are measured, in turn."""
    return (
        dragoman.on_sqlite(),
        dragoman.on_sqlite(workers=2),
        dragoman.on_sqlite_in_memory(),
        dragoman.on_postgresql(),
        node.oidc_provider(),
        node.jmondi(),
        authlib.authlib(),
        django.django_oauth_toolkit(),
        keycloak.keycloak(),
        spring.spring_authorization_server(),
    )


def measure(systems: Sequence[System], plan: Plan, folder: Path) -> Results:
    """Each system by itself, with bare ASGI idle beside it but for its turns."""
    rows: list[Row] = []
    standings: list[Standing] = []
    left_out: dict[str, str] = {}
    _tell("limits of the machine")
    found = limits.measure(folder, plan.seconds)
    with (
        bare.bare(silent=False).start(folder / "bare") as limit,
        bare.bare(silent=True).start(folder / "silent") as silent,
    ):
        for number, system in enumerate(systems):
            why = system.missing() or plan.leaves_out(system)
            if why is not None:
                left_out[system.name] = why
                continue
            with system.start(folder / f"system-{number}") as running:
                _tell(f"{system.name}, {plan.seconds_of_load(system, running.requests):.0f} s")
                time.sleep(_AT_REST_SECONDS)
                idle = running.tree.resident_mib()
                rows.extend(_measure_all(system, running, plan, Limits(asgi=limit, silent_asgi=silent)))
                standings.append(_standing(system, running, idle))
    _tell("each dialect beside standard")
    return Results(
        limits=found,
        rows=rows,
        standings=standings,
        left_out=left_out,
        rounds=plan.rounds,
        seconds=plan.seconds,
        dialects=dialects.measure(folder / "dialects", plan.rounds, plan.seconds),
    )


def _standing(system: System, running: Running, idle: float) -> Standing:
    return Standing(
        system=system.name,
        about=system.about,
        start_seconds=running.start_seconds,
        idle_mib=idle,
        loaded_mib=running.tree.resident_mib(),
        peak_mib=running.tree.peak_mib(),
    )


def _measure_all(system: System, running: Running, plan: Plan, limit: Limits) -> Sequence[Row]:
    rows = []
    bounded = limit.beside if plan.limits_each_time else cache(limit.beside)
    for work in running.requests:
        _once(running, work, plan.connections[0], system.warm_up_seconds)
        for connections in plan.connections:
            runs, beside = [], []
            for _ in range(plan.rounds):
                runs.append(_once(running, work, connections, plan.seconds))
                beside.append(bounded(_bound_of(work), connections))
            rows.append(row(system.name, work, connections, runs, beside))
            _tell(f"  {work}, {connections}: {rows[-1].requests_per_second:,.0f}")
    return rows


def _once(running: Running, work: Work, connections: int, seconds: int) -> tuple[Measured, float]:
    request = running.requests[work]()
    before = running.tree.cpu_seconds()
    with on_one_core(running.tree) if connections == 1 else nullcontext():
        measured = run(running.base, request, connections, seconds)
    return measured, running.tree.cpu_seconds() - before


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
