"""Answers of commands: tables for people, JSON for scripts. Nothing stored can steer the terminal."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import Console

_WIDTH_WITHOUT_TERMINAL = 200


def print_json(value: object) -> None:
    """Indented, one document."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print one line for each row; long values are folded and never cut."""
    from rich.table import Table  # noqa: PLC0415 (only where a person reads)
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    _console().print(table)


def print_facts(facts: Mapping[str, object]) -> None:
    """Print one fact on each line, for a person."""
    from rich.table import Table  # noqa: PLC0415 (only where a person reads)
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), Text(printable(_told(name, value))))
    _console().print(table)


def warn(sentence: str) -> None:
    """Print a warning on standard error, where it is not taken for the answer."""
    click.echo(f"dragoman: warning: {printable(sentence)}", err=True)


def told_time(epoch: int | None) -> str:
    """Epoch seconds as people read them, in UTC."""
    return "-" if epoch is None else datetime.fromtimestamp(epoch, tz=UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def printable(text: str) -> str:
    """Control, invisible and broken characters as escapes."""
    return "".join(_escape(one) if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp") else one for one in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode()


def _told(name: str, value: object) -> str:
    match value:
        case None:
            return "no end" if name.endswith("_lifetime") else "-"
        case bool():
            return "yes" if value else "no"
        case int() if name.endswith(("_at", "_from")):
            return told_time(value)
        case list() | tuple():
            return " ".join(map(str, value)) or "-"
        case _:
            return str(value) or "-"


def _console() -> Console:
    from rich.console import Console  # noqa: PLC0415 (only where a person reads)

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDTH_WITHOUT_TERMINAL)
