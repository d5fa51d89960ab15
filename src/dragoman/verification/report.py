"""Verdicts for people and for machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct, json
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from dragoman.verification.runner import Difference, Outcome, Verdict

_STYLES = {Outcome.PASSED: "green", Outcome.FAILED: "bold red", Outcome.SKIPPED: "yellow"}


class DifferenceWords(Struct, frozen=True, kw_only=True):
    """A difference in the JSON report."""

    field: str
    expected: str
    actual: str


class ExchangeReport(Struct, frozen=True, kw_only=True):
    """An exchange in the JSON report."""

    id: str
    title: str
    source: str
    outcome: Outcome
    reason: str | None
    differences: tuple[DifferenceWords, ...]


class Report(Struct, frozen=True, kw_only=True):
    """The JSON report of a run."""

    dialect: str
    url: str
    passed: int
    failed: int
    skipped: int
    exchanges: tuple[ExchangeReport, ...]


def make_report(dialect: str, url: str, verdicts: Sequence[Verdict]) -> Report:
    """The report of a run of the dialect's contract against the server at `url`."""
    counts = Counter(verdict.outcome for verdict in verdicts)
    return Report(
        dialect=dialect,
        url=url,
        passed=counts[Outcome.PASSED],
        failed=counts[Outcome.FAILED],
        skipped=counts[Outcome.SKIPPED],
        exchanges=tuple(_report_exchange(verdict) for verdict in verdicts),
    )


def write_report(report: Report) -> str:
    """The report as JSON text."""
    return json.format(json.encode(report), indent=2).decode()


def draw_table(report: Report) -> RenderableType:
    """The report as a table: a row for each exchange, below a failed one a row for each difference."""
    counts = f"{report.passed} passed, {report.failed} failed, {report.skipped} skipped"
    table = Table(title=escape(f"{report.dialect} at {report.url}"), caption=counts, title_justify="left")
    table.add_column("outcome", no_wrap=True)
    table.add_column("exchange", overflow="fold")
    table.add_column("what", overflow="fold")
    for exchange in report.exchanges:
        what = exchange.title if exchange.reason is None else f"{exchange.title}\n{exchange.reason}"
        table.add_row(Text(exchange.outcome, style=_STYLES[exchange.outcome]), Text(exchange.id), Text(what))
        for difference in exchange.differences:
            table.add_row("", Text(f"  {difference.field}"), _draw_difference(difference))
    return table


def _draw_difference(difference: DifferenceWords) -> Text:
    return Text.assemble(
        ("expected  ", "dim"), difference.expected, "\n", ("actual    ", "dim"), (difference.actual, "red")
    )


def _report_exchange(verdict: Verdict) -> ExchangeReport:
    return ExchangeReport(
        id=verdict.exchange.id,
        title=verdict.exchange.title,
        source=verdict.exchange.source,
        outcome=verdict.outcome,
        reason=verdict.reason,
        differences=tuple(map(_report_difference, verdict.differences)),
    )


def _report_difference(difference: Difference) -> DifferenceWords:
    return DifferenceWords(field=difference.field, expected=difference.expected, actual=difference.actual)
