"""Servers killed under load, again and again, and every answer held against what was promised."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.histories.load import CLIENTS, open_load
from tests.histories.recorder import TOKEN
from tests.histories.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.histories.deployment import Deployment
    from tests.histories.load import Load

POINTS = (
    "refresh.after_judge", "refresh.before_commit", "refresh.after_commit", "refresh.before_first_byte",
    "password.after_judge", "password.before_commit", "password.after_commit", "password.before_first_byte",
    "revoke.before_commit", "revoke.after_commit", "reuse.before_commit", "reuse.after_commit",
)  # fmt: skip
_WIDENED = ("refresh.before_commit", "refresh.after_commit", "refresh.before_first_byte", "revoke.after_commit")
_LONGEST_LIFE_SECONDS = 1.5
_LONGEST_RANDOM_SECONDS = 0.6
_RECOVERY_SECONDS = 0.7
_LEFT_ALONE = 0.2
"""How often a server whose worker was killed may start another."""
_FIRST_ALONE = 0.1
"""How often only the first process is killed from outside, and its workers have to notice."""
_LEAVING_SECONDS = 1.0
"""How long after it cut a connection a worker that lost its first process may still be writing."""
_GLANCE_SECONDS = 0.005
_OFTEN, _SELDOM = 40, 6
_KILLED = re.compile(r"^dragoman: failpoint (\S+) kills this process$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Round:
    """How one life of the deployment is to end."""

    failpoints: str
    seconds: float
    """After so long it is killed from outside, if it still lives."""


@dataclass(slots=True)
class Report:
    """What the rounds came to."""

    verdict: Verdict = field(default_factory=Verdict)
    kills: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    rounds: int = 0
    seconds: float = 0.0
    silent: int = 0
    """Rounds in which no token was issued: they show nothing."""


def plan(number: int, draw: random.Random) -> Round:
    """Each failpoint in turn, and after each a random time, every other of those with a window made wider."""
    if number % 2 == 0:
        name = POINTS[number // 2 % len(POINTS)]
        often = name.startswith(("refresh", "password"))
        return Round(f"{name}=kill@{draw.randrange(1, _OFTEN if often else _SELDOM)}", _LONGEST_LIFE_SECONDS)
    widened = f"{draw.choice(_WIDENED)}=sleep:{draw.randrange(5, 60)}%0.3" if number % 4 == 1 else ""
    return Round(widened, draw.uniform(0.02, _LONGEST_RANDOM_SECONDS))


async def run_rounds(deployment: Deployment, rounds: int, seed: int, clients: int = CLIENTS) -> Report:
    """Kill and start again so many times while the clients go on; the last start is left alone until they are done."""
    report, draw, began = Report(), random.Random(seed), time.monotonic()
    load = open_load(deployment, seed)
    skipped = draw.randrange(2 * len(POINTS))
    done = False
    running = asyncio.create_task(load.run(lambda: done, clients))
    try:
        for number in range(skipped, skipped + rounds):
            await _live_and_die(deployment, plan(number, draw), load, report, draw)
            report.verdict.judge(load.take_finished())
            if running.done():
                break
        await asyncio.to_thread(deployment.start)
        done = True
        await running
    finally:
        running.cancel()
    await asyncio.to_thread(deployment.stop)
    report.verdict.judge(load.take_finished())
    report.kills.update(f"at {name}" for name in _KILLED.findall(deployment.log_text()))
    report.answers, report.seconds = load.recorder.answers, time.monotonic() - began
    return report


async def _live_and_die(deployment: Deployment, this: Round, load: Load, report: Report, draw: random.Random) -> None:
    """A failpoint kills one worker; what is left of the server is killed at once, or may recover first.

    Where there are several servers, sometimes one alone is killed, and the others go on.
    """
    answered = load.recorder.answers[f"{TOKEN} 200"]
    await asyncio.to_thread(deployment.start, this.failpoints)
    until = time.monotonic() + this.seconds
    killed = False
    while not killed and time.monotonic() < until:
        await asyncio.sleep(_GLANCE_SECONDS)
        killed = any(server.killed_itself for server in deployment.servers)
    if killed and draw.random() < _LEFT_ALONE:
        await asyncio.sleep(_RECOVERY_SECONDS)
    chosen = deployment.servers if draw.random() < 0.5 else [draw.choice(deployment.servers)]
    alone = draw.random() < _FIRST_ALONE
    load.recorder.settling_seconds = deployment.settling_seconds + alone * _LEAVING_SECONDS
    for server in chosen:
        await asyncio.to_thread(server.kill_first if alone else server.kill)
    load.recorder.settling_seconds = deployment.settling_seconds
    report.kills["from outside, the first process alone" if alone else "from outside"] += len(chosen)
    report.rounds += 1
    report.silent += load.recorder.answers[f"{TOKEN} 200"] == answered


def tell(report: Report, where: str) -> str:
    """The table."""
    verdict = report.verdict
    rows: list[tuple[str, object]] = [
        ("deployment", where),
        ("rounds", f"{report.rounds} in {report.seconds:.0f} s"),
        *((f"  killed {name}", count) for name, count in sorted(report.kills.items())),
        ("  rounds in which no token was issued", report.silent),
        ("log-ins acknowledged", verdict.families),
        ("requests", report.answers.total()),
        ("refresh tokens acknowledged", verdict.acknowledged),
        ("requests of unknown outcome", verdict.unknown),
        ("  refreshes of them that took effect unseen, at most", verdict.committed_unseen),
        ("  log-ins that ended by it (no grace, or too late)", verdict.ended_unseen),
        ("acknowledged tokens lost", verdict.lost),
        ("honoured twice, forked, or honoured after the end", verdict.honoured_wrongly),
    ]
    return "".join(f"{name:<56}{value}\n" for name, value in rows) + tell_answers(report.answers)


def tell_answers(answers: Mapping[str, int]) -> str:
    """How often each endpoint answered what."""
    return "".join(f"  {name}: {count}\n" for name, count in sorted(answers.items()))
