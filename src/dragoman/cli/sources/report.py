"""What an import tells: each change of a dry run, its progress, the account at the end, and a file with all rows."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
import msgspec

from dragoman.cli.terminal.showing import print_table, printable
from dragoman.core.errors import Fault
from dragoman.importing.outcome import UNFINISHED, Outcome, Result
from dragoman.importing.run import take_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence
    from pathlib import Path

    from dragoman.importers.record import Record
    from dragoman.importing.run import Run
    from dragoman.importing.tally import Summary, Tally

_BETWEEN = 0.2
"""Seconds between two lines of progress."""
_REASONS_SHOWN = 10


class Progress:
    """A line on a terminal's standard error that is written over; nothing where nobody looks."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._last = 0.0
        self._on = sys.stderr.isatty()

    def show(self, rows: int) -> None:
        """Show how many rows are done."""
        now = time.monotonic()
        if self._on and now - self._last >= _BETWEEN:
            self._last = now
            click.echo(f"\r{rows:,} rows, {rows / max(now - self._began, 0.001):,.0f} a second ", nl=False, err=True)

    def end(self) -> None:
        """Go to the next line."""
        if self._on and self._last:
            click.echo(err=True)


async def take_in_shown(
    run: Run, records: AsyncIterator[Record], tally: Tally, hear: Callable[[Sequence[Outcome]], None] | None = None
) -> None:
    """Take the records in, counted, with a line of progress; each batch is heard of when it is durable."""
    progress = Progress()
    try:
        async for outcomes in take_in(run, records):
            tally.add(outcomes)
            if hear is not None:
                hear(outcomes)
            progress.show(tally.rows)
    finally:
        progress.end()


@contextmanager
def open_report(path: Path | None) -> Iterator[Callable[[Outcome | Summary], None]]:
    """What writes a JSON object a line to a new file for its owner alone, or nowhere; it and its end raise Fault."""
    if path is None:
        yield lambda _row: None
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Fault(f"{path}: cannot be made: {error.strerror}; name a new file for the report") from None
    try:
        yield lambda row: _write(path, descriptor, row)
    finally:
        with _told(path):
            os.close(descriptor)


def _write(path: Path, descriptor: int, row: Outcome | Summary) -> None:
    told = {**asdict(row), "withheld": [str(one) for one in row.withheld]} if isinstance(row, Outcome) else row
    left = memoryview(msgspec.json.encode(told) + b"\n")
    with _told(path):
        while left:
            left = left[os.write(descriptor, left) :]


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Fault(
            f"{path}: the report cannot be written: {error.strerror}; make room, and run it once more"
        ) from None


def print_change(outcome: Outcome) -> None:
    """Print one change that would be made."""
    sign = "+" if outcome.result is Result.CREATED else "~"
    told = [*outcome.changes, *(f"withheld {one}" for one in outcome.withheld)]
    if outcome.warning is not None:
        told.append(f"warning: {outcome.warning}")
    click.echo(printable(f"{sign} {outcome.kind} {outcome.id!r}: {'; '.join(told)}"))


def print_summary(summary: Summary, shown: Sequence[Outcome]) -> None:
    """Print the account of the run for a person."""
    results = [one.value for one in Result]
    would = " (a dry run: nothing was changed)" if summary.dry_run else ""
    click.echo(printable(f"{summary.source}{would}"))
    rows = (
        (kind, *(str(counts.get(one, 0)) for one in results), str(sum(counts.values())))
        for kind, counts in summary.counts.items()
    )
    print_table(("rows", *results, "all"), rows)
    for text, count in list(summary.withheld.items())[:_REASONS_SHOWN]:
        click.echo(printable(f"withheld from {count}: {text}"))
    _more(len(summary.withheld) - _REASONS_SHOWN, "withheld")
    for text, count in summary.warnings.items():
        click.echo(printable(f"warning for {count}: {text}"))
    for result, reasons in summary.reasons.items():
        if result == Result.SKIPPED:
            for why, count in list(reasons.items())[:_REASONS_SHOWN]:
                click.echo(printable(f"skipped {count}: {why}"))
    if summary.dropped:
        click.echo(f"sessions that are not there any more, and taken out: {summary.dropped}")
    for one in shown:
        click.echo(printable(f"{one.result.value} {one.kind} {one.id!r} ({one.place}): {_why(one)}"))
    told = sum(counts.get(one, 0) for counts in summary.counts.values() for one in UNFINISHED)
    _more(told - len(shown), "rows")


def _why(outcome: Outcome) -> str:
    return f"{outcome.why}: {'; '.join(outcome.changes)}" if outcome.changes else outcome.why


def _more(count: int, what: str) -> None:
    if count > 0:
        click.echo(f"… and {count} more {what}: --report FILE tells all")
