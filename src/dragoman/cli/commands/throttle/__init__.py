"""`dragoman throttle`: who is held back, by what, and for how long."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from dragoman.cli.commands.throttle.asking import Asked, ask
from dragoman.cli.commands.throttle.telling import sentences
from dragoman.cli.terminal.options import config_option, json_option
from dragoman.cli.terminal.showing import print_json, printable
from dragoman.config.reading import read_configuration
from dragoman.core.errors import Fault


@click.group("throttle", short_help="Show who is held back.", no_args_is_help=True)
def command() -> None:
    """Show who is held back after wrong passwords, and for how long. docs/throttling.md has the rules."""


@command.command("show", short_help="Show how the counters of somebody stand.")
@click.argument("who", required=False)
@click.option("--address", metavar="IP", help="The address that the log-ins come from.")
@click.option("--client", metavar="ID", help="The client that the log-ins come through.")
@json_option
@config_option
def show(path: Path, *, who: str | None, address: str | None, client: str | None, as_json: bool) -> None:
    """Show whether the next log-in of the account WHO would be checked, from this address.

    Asks the running server at its metrics.port, or the shared server where machines count together. Nothing is
    changed. What an account has had can be forgotten: `dragoman user unlock WHO`.

    \b
    dragoman throttle show ann
    dragoman throttle show ann --address 192.0.2.7
    dragoman throttle show --address 192.0.2.7
    """
    if who is None and address is None and client is None:
        raise Fault("name an account, an --address or a --client")
    told = ask(read_configuration(path), Asked(who=who, address=address, client=client))
    if as_json:
        print_json(msgspec.to_builtins(told))
    else:
        for sentence in sentences(told):
            click.echo(printable(sentence))
