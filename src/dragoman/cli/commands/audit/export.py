"""`dragoman audit export`: lines for another program."""

from __future__ import annotations

import csv
import io
import sys

import click
import msgspec

from dragoman.audit.reading import Record
from dragoman.cli.commands.audit.options import Asked, filter_options, records_of
from dragoman.cli.commands.audit.showing import moment
from dragoman.cli.terminal.options import config_option

_COLUMNS = (
    "outcome", "level", "client", "subject", "grant", "dialect", "address", "grant_type", "scope", "refusal",
    "because", "detail", "command", "operator", "on_behalf_of", "request_id",
)  # fmt: skip
_LINKS = ("chain", "number", "hash")
_HEAD = ("time", *_COLUMNS, "further", *_LINKS)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection)."""


@click.command("export", short_help="Write lines for another program.")
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@filter_options
@config_option
def export(form: str, **parameters: object) -> None:
    """Write the lines to standard output, by time: as they are (jsonl), or as a table (csv).

    In a table, a text that a spreadsheet would take for a formula gets an apostrophe before it.

    \b
    dragoman audit export --since 2026-11-01 --until 2026-12-01 > november.jsonl
    dragoman audit export --format csv --client shop-app > shop-app.csv
    """
    out = sys.stdout.buffer
    if form == "csv":
        out.write(_row(_HEAD))
    for record in records_of(msgspec.convert(parameters, Asked)):
        out.write(record.line if form == "jsonl" else _row(_cells(record)))
    out.flush()


def _cells(record: Record) -> tuple[str, ...]:
    named = {*_COLUMNS, *_LINKS, "time", "event"}
    further = {name: fact for name, fact in record.facts.items() if name not in named}
    return (
        moment(record.time),
        *(_cell(record.fact(name)) for name in _COLUMNS),
        msgspec.json.encode(further).decode() if further else "",
        *(_cell(record.fact(name)) for name in _LINKS),
    )


def _cell(fact: object) -> str:
    text = "" if fact is None else fact if isinstance(fact, str) else msgspec.json.encode(fact).decode()
    return f"'{text}" if text.startswith(_FORMULA) else text


def _row(cells: tuple[str, ...]) -> bytes:
    """One row (RFC 4180)."""
    text = io.StringIO(newline="")
    csv.writer(text).writerow(cells)
    return text.getvalue().encode("utf-8", "backslashreplace")
