"""`dragoman shadow`: whether this server would have answered as the one that it is to replace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from dragoman.cli.commands.shadow.report import Report, is_without_drift, make_report
from dragoman.cli.terminal.arguments import read_age
from dragoman.cli.terminal.options import config_option, json_option
from dragoman.cli.terminal.showing import print_json, print_table, told_time
from dragoman.config.reading import read_configuration
from dragoman.core.errors import Fault
from dragoman.shadow.record import Record, merge, read_record
from dragoman.wiring.parts import epoch_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.config.settings import Configuration

_DRIFT_STATUS = 1


class ReportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The command line of `report`, read."""

    path: Path
    since: str | None
    client_id: str | None
    as_json: bool


@click.group("shadow", short_help="Tell how far this server is from the one it replaces.", no_args_is_help=True)
def command() -> None:
    """Tell how far this server is from the one that it is to replace, and that answers still (docs/shadow.md)."""


@command.command("report", short_help="Count exchanges and what would have differed.")
@click.option("--since", metavar="AGE", help="Only what was there in so long a time: 30m, 12h, 7d.")
@click.option("--client", "client_id", metavar="ID", help="Of this client alone.")
@json_option
@config_option
@click.pass_context
def report(context: click.Context, /, **parameters: object) -> None:
    """Count the exchanges that were compared, and what would have differed, by dialect and client.

    The status is 0 where something was compared and nothing drifts, and 1 otherwise. Expected differences are told, and
    are no drift. The servers add what they found every few seconds.

    \b
    dragoman shadow report
    dragoman shadow report --since 7d --json
    """
    options = msgspec.convert(parameters, ReportOptions)
    since = 0 if options.since is None else epoch_seconds() - read_age(options.since)
    found = make_report(_read(read_configuration(options.path)), since, options.client_id)
    (print_json if options.as_json else _print)(found)
    context.exit(0 if is_without_drift(found) else _DRIFT_STATUS)


def _read(configuration: Configuration) -> Record:
    """All files of mounts in the shadow of another server. Raises Fault where there is no such mount."""
    tables = [mount.shadow for mount in configuration.mounts if mount.shadow.old_server_url is not None]
    if not tables:
        raise Fault("no mount has a shadow.old_server_url, so nothing is compared; docs/shadow.md tells how to begin")
    record = Record()
    for file in dict.fromkeys(configuration.path(table.record) for table in tables):
        record = merge(record, read_record(file))
    return record


def _print(found: Report) -> None:
    rows = (
        (
            one.dialect, one.client or "(none of ours)", str(one.compared), str(one.alike),
            str(sum(one.not_compared.values())), told_time(one.last), "yes" if one.drifts else "no",
        )
        for one in found.clients
    )  # fmt: skip
    print_table(("dialect", "client", "compared", "alike", "not compared", "last", "drifts"), rows)
    differences = list(_differences(found))
    if differences:
        click.echo()
        print_table(("dialect", "client", "what", "theirs", "ours", "times", "first", "last", "drift"), differences)
    reasons = sorted({why for one in found.clients for why in one.not_compared})
    for why in reasons:
        number = sum(one.not_compared.get(why, 0) for one in found.clients)
        click.echo(f"not compared: {why}: {number}")
    if found.left_out:
        click.echo(f"left out, of more clients than are kept: {found.left_out}")
    click.echo("no drift" if is_without_drift(found) else "DRIFT" if found.compared else "nothing was compared")


def _differences(found: Report) -> Iterator[tuple[str, ...]]:
    for client in found.clients:
        for one in client.differences:
            yield (
                client.dialect, client.client or "(none of ours)", one.field, one.theirs, one.ours, str(one.count),
                told_time(one.first), told_time(one.last), one.expected or "DRIFT",
            )  # fmt: skip
