"""Long runs: `python -m tests.fuzz --count 1000000`, or `--on "codec jobspace"` for one reader, `--guided` with atheris."""

from __future__ import annotations

import argparse
import faulthandler
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random, SystemRandom
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TextIO

from tests.fuzz.guided import search

if TYPE_CHECKING:
    from tests.fuzz.targets import Target

SERVER = "whole server"
SERVER_SHARE = 0.2
HANGS_AFTER = 60
_BATCH = 1000
Row = tuple[str, int, float, float]
"""What, how many cases, seconds, and milliseconds of the slowest case."""


def tell(text: str, stream: TextIO = sys.stdout) -> None:
    stream.write(text + "\n")


def main() -> int:
    arguments = read_arguments()
    with folder_in_memory() as folder:
        if arguments.guided:
            return search(folder, arguments.on, arguments.count)
        tell(f"seed {arguments.seed}; the same seed makes the same cases")
        rows, findings = run(folder, arguments)
    tell(f"\n{'what':<34}{'cases':>10}{'seconds':>10}{'slowest ms':>12}")
    for name, cases, seconds, slowest in rows:
        tell(f"{name:<34}{cases:>10,}{seconds:>10.1f}{slowest:>12.1f}")
    tell(f"{'all':<34}{sum(row[1] for row in rows):>10,}{sum(row[2] for row in rows):>10.1f}")
    tell(f"findings: {len(findings)}")
    for finding in findings[:20]:
        tell(finding)
    return 1 if findings else 0


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="cases in all; of them a fifth to the whole server")
    parser.add_argument("--seconds", type=float, default=540, help="end after this time, and say how many it were")
    parser.add_argument("--seed", type=int, default=SystemRandom().getrandbits(32))
    parser.add_argument("--on", help=f"one reader, or {SERVER!r}")
    parser.add_argument("--guided", action="store_true", help="search by coverage; needs the package atheris")
    return parser.parse_args()


@contextmanager
def folder_in_memory() -> Iterator[Path]:
    memory = Path("/dev/shm")
    with TemporaryDirectory(prefix="fuzz-", dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


def run(folder: Path, arguments: argparse.Namespace) -> tuple[list[Row], list[str]]:
    from tests.fuzz.targets import all_targets

    faulthandler.enable()
    known = all_targets(folder)
    targets = [one for one in known if arguments.on in (None, one.name)]
    on_server = arguments.on in (None, SERVER)
    if not targets and not on_server:
        sys.exit(f"there is no {arguments.on!r}; there are: {SERVER}, {', '.join(one.name for one in known)}")
    for_server = int(arguments.count * (SERVER_SHARE if targets else 1)) if on_server else 0
    each = (arguments.count - for_server) // max(1, len(targets))
    rows, findings = [], []
    begun = time.monotonic()
    if on_server:
        deadline = begun + arguments.seconds * (0.5 if targets else 1)
        row, found = fuzz_server(folder / "server", Random(f"{arguments.seed} {SERVER}"), for_server, deadline)
        rows.append(row)
        findings += found
    for number, target in enumerate(targets):
        left = begun + arguments.seconds - time.monotonic()
        deadline = time.monotonic() + left / (len(targets) - number)
        row, found = fuzz_target(target, Random(f"{arguments.seed} {target.name}"), each, deadline)
        rows.append(row)
        findings += found
    return rows, findings


def fuzz_server(folder: Path, chance: Random, count: int, deadline: float) -> tuple[Row, list[str]]:
    from tests.attacks.harness import configuration_of, running
    from tests.fuzz.whole_server import favour_granted, seeds_for, send_all

    folder.mkdir()
    findings, slowest = [], 0.0
    with running(configuration_of(folder)) as server:
        seeds, answered = favour_granted(server, seeds_for(server)), Counter()

        def batch(size: int) -> None:
            nonlocal slowest
            broken, slow, statuses = send_all(server, seeds, chance, size)
            findings.extend(f"{SERVER}: {one.why} for {one.request!r}" for one in broken)
            slowest = max(slowest, slow)
            answered.update(statuses)

        cases, seconds = in_batches(batch, count, deadline)
    told = ", ".join(f"{status}: {number:,}" for status, number in sorted(answered.items()))
    tell(f"{SERVER}: answers {told}")
    return (SERVER, cases, seconds, slowest * 1000), findings


def fuzz_target(target: Target, chance: Random, count: int, deadline: float) -> tuple[Row, list[str]]:
    findings: dict[str, str] = {}
    slowest = 0.0

    def batch(size: int) -> None:
        nonlocal slowest
        for _ in range(size):
            case = target.case(chance)
            began = time.perf_counter()
            try:
                target.read(case)
            except Exception as error:  # noqa: BLE001 (every one of them is a finding)
                findings.setdefault(type(error).__name__, f"{target.name}: {error!r} from {case!r}")
            slowest = max(slowest, time.perf_counter() - began)

    cases, seconds = in_batches(batch, count, deadline)
    return (target.name, cases, seconds, slowest * 1000), list(findings.values())


def in_batches(batch: Callable[[int], None], count: int, deadline: float) -> tuple[int, float]:
    """How many cases it became, and in how many seconds. A batch that hangs ends the run with a traceback."""
    done, begun = 0, time.monotonic()
    while done < count and time.monotonic() < deadline:
        size = min(_BATCH, count - done)
        faulthandler.dump_traceback_later(HANGS_AFTER, exit=True)
        batch(size)
        faulthandler.cancel_dump_traceback_later()
        done += size
    return done, time.monotonic() - begun


if __name__ == "__main__":
    sys.exit(main())
