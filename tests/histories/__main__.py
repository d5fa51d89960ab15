"""The long runs: `python -m tests.histories kill-rounds --count 1000`, `crowds`, `sign-outs`."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from typing import TYPE_CHECKING

from tests.histories.kill_rounds import run_rounds, tell, tell_answers
from tests.histories.kinds import KINDS, deployed
from tests.histories.storms import run_crowds, run_sign_outs
from tests.histories.verdict import Verdict

if TYPE_CHECKING:
    from tests.histories.deployment import Deployment

_STORMS = {"crowds": run_crowds, "sign-outs": run_sign_outs}
_COUNTS = {"kill-rounds": 1000, "crowds": 200, "sign-outs": 1000}


def main() -> int:
    """1 if any promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.histories", description=__doc__)
    parser.add_argument("run", choices=_COUNTS)
    parser.add_argument("--count", type=int, help="rounds; " + ", ".join(f"{n} {name}" for name, n in _COUNTS.items()))
    parser.add_argument("--on", choices=KINDS, action="append", help="a deployment; may be repeated; otherwise all")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args()
    count = options.count or _COUNTS[options.run]
    verdicts = [_run(options.run, name, count, options.seed) for name in options.on or KINDS]
    return 1 if any(verdict.texts for verdict in verdicts) else 0


def _run(run: str, kind: str, count: int, seed: int) -> Verdict:
    """One run on one deployment, told on standard output, its breaches on standard error."""
    with deployed(KINDS[kind]) as deployment:
        sys.stdout.write(f"\n{run}, seed {seed}\n")
        if run == "kill-rounds":
            report = asyncio.run(run_rounds(deployment, count, seed))
            sys.stdout.write(tell(report, KINDS[kind].told))
            verdict = report.verdict
        else:
            verdict = _storm(run, kind, deployment, count, seed)
    sys.stdout.flush()
    sys.stderr.write("".join(f"{text}\n\n" for text in verdict.texts))
    return verdict


def _storm(run: str, kind: str, deployment: Deployment, count: int, seed: int) -> Verdict:
    deployment.start()
    began = time.monotonic()
    load = _STORMS[run](deployment, count, seed)
    seconds = time.monotonic() - began
    deployment.stop()
    verdict = Verdict().judge(load.finished)
    sys.stdout.write(
        f"{KINDS[kind].told}: {count} rounds in {seconds:.0f} s, {load.recorder.answers.total()} requests, "
        f"lost {verdict.lost}, honoured wrongly {verdict.honoured_wrongly}, unknown {verdict.unknown}\n"
        f"{tell_answers(load.recorder.answers)}"
    )
    return verdict


if __name__ == "__main__":
    sys.exit(main())
