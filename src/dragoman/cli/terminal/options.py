"""Options that many commands share: which configuration, and whether a script reads the answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from dragoman.config.reading import CONFIG_NAME, read_configuration
from dragoman.config.settings import Configuration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.core.model import Client, ResourceOwner

_VARIABLE = "DRAGOMAN_CONFIG"

config_option = click.option(
    "--config",
    "path",
    type=click.Path(path_type=Path),
    default=Path(CONFIG_NAME),
    envvar=_VARIABLE,
    show_default=True,
    help=f"The configuration file; or set {_VARIABLE}.",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for a script.")

after_option = click.option("--after", default="", metavar="ID", help="Begin after this id: the next page.")

limit_option = click.option(
    "--limit",
    type=click.IntRange(1, 100_000),
    default=100,
    show_default=True,
    help="How many at most.",
)


def tell_of_more(page: Sequence[Client] | Sequence[ResourceOwner], limit: int) -> None:
    """Say on standard error how to ask for the next page, if this one is full."""
    if len(page) == limit:
        click.echo(f"There may be more: --after {page[-1].id}", err=True)


def configuration_if_any(context: click.Context, path: Path) -> Configuration | None:
    """The configuration, or None where none was named and none is here. Raises ConfigurationFault."""
    named = context.get_parameter_source("path") is not ParameterSource.DEFAULT
    return read_configuration(path) if named or path.exists() else None
