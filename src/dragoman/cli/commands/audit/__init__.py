"""`dragoman audit`: what happened, to whom, and why; and whether the record of it is whole."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from dragoman.audit.reading import Following, Record, read_last
from dragoman.cli.commands.audit.export import export
from dragoman.cli.commands.audit.options import Asked, audit_folder, filter_options, reading_folder, records_of
from dragoman.cli.commands.audit.showing import told
from dragoman.cli.commands.audit.verification import verify
from dragoman.cli.terminal.options import config_option
from dragoman.config.reading import read_configuration

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOOK_SECONDS = 0.25

json_option = click.option("--json", "as_json", is_flag=True, help="Print the lines as they were written.")


@click.group("audit", short_help="Read, search, verify and export the audit.", no_args_is_help=True)
def command() -> None:
    """Read, search, verify and export the audit: what happened, to whom, and why.

    Works beside a running server or without one. docs/audit.md says what is in it and what its chains show.
    """


@command.command("tail", short_help="Show the latest lines, and what comes.")
@click.option("-n", "number", type=click.IntRange(0, 1_000_000), default=20, show_default=True, help="How many lines.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@json_option
@config_option
def tail(path: Path, number: int, *, follow: bool, as_json: bool) -> None:
    """Show the latest lines of all processes by time, and with -f what comes.

    \b
    dragoman audit tail
    dragoman audit tail -n 100 -f
    """
    for record in _latest(audit_folder(read_configuration(path)), number, follow=follow):
        _print(record, as_json=as_json)


def _latest(folder: Path, number: int, *, follow: bool) -> Iterator[Record]:
    """So many lines, and what comes then. Only the reading of them is told as the audit's fault. Raises Fault."""
    with reading_folder(folder):
        following = Following(folder)
        if number:
            yield from read_last(folder, number)
        while follow:
            time.sleep(_LOOK_SECONDS)
            yield from following.more()


@command.command("search", short_help="Find lines.")
@filter_options
@json_option
@config_option
def search(*, as_json: bool, **parameters: object) -> None:
    """Find the lines that all of this fits, by time.

    \b
    dragoman audit search --client shop-app --since 24h
    dragoman audit search --event token_refused --reason wrong_credentials --address 192.0.2.7
    dragoman audit search --grant 4f1d2c3b5a69788796a5b4c3 --json
    """
    for record in records_of(msgspec.convert(parameters, Asked)):
        _print(record, as_json=as_json)


def _print(record: Record, *, as_json: bool) -> None:
    click.echo(record.line.decode("ascii", "backslashreplace") if as_json else told(record), nl=not as_json)


command.add_command(verify)
command.add_command(export)
