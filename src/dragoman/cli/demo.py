"""`dragoman demo`: all six dialects on one port, with a client and a person each, in one command."""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from dragoman.cli.demo_cast import CAST, DemoPart
from dragoman.cli.demo_folder import CREDENTIALS_FILE, Credentials, create_demo, demo_configuration, write_private
from dragoman.cli.listening import listen
from dragoman.cli.serve import run
from dragoman.config import CONFIG_NAME, read_configuration
from dragoman.core.errors import Fault
from dragoman.wiring import load_dialects

if TYPE_CHECKING:
    from collections.abc import Sequence

DEMO_FILE = "demo.json"


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="The port; 0: any free.")
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), default=Path("dragoman-data"), show_default=True,
    help="The folder of configuration, keys and database; made if missing, used again if there.",
)  # fmt: skip
def command(host: str, port: int, data: Path) -> None:
    """Run all six dialects on one port, with credentials to try them.

    Makes a data folder on first use and prints endpoints, credentials and a curl line for each API. The same facts
    are in DATA/demo.json, readable by you alone, as soon as the server answers.

    \b
    dragoman demo
    dragoman demo --port 0 --data /tmp/demo
    """
    listening = listen(host, port)
    base_url = f"http://{host if ':' not in host else f'[{host}]'}:{listening.getsockname()[1]}"
    demo_file = data / DEMO_FILE
    demo_file.unlink(missing_ok=True)
    if not (data / CONFIG_NAME).exists():
        _create_apart(data)
    credentials = _read_credentials(data / CREDENTIALS_FILE)
    configuration = msgspec.structs.replace(read_configuration(data / CONFIG_NAME), issuer=base_url)
    described = {part.dialect: _describe(part, base_url, credentials) for part in CAST}

    def started() -> None:
        write_private(demo_file, msgspec.json.encode({"base_url": base_url, "dialects": described}))
        print_demo(base_url, described, demo_file)

    run(configuration, _announce_nothing, [listening], started)


def _create_apart(data: Path) -> None:
    """Make the folder in a process of its own: the memory that hashing takes goes with it.

    Meanwhile the dialect files are read here, where they are needed next.
    """
    making = multiprocessing.get_context("fork").Process(target=_create, args=(data,))
    making.start()
    load_dialects(demo_configuration(data))
    making.join()
    if making.exitcode:
        raise click.exceptions.Exit(making.exitcode)


def _create(data: Path) -> None:
    try:
        asyncio.run(create_demo(data))
    except Fault as fault:
        click.echo(f"dragoman: {fault}", err=True)
        sys.exit(2)


def print_demo(base_url: str, described: dict[str, dict[str, str]], demo_file: Path) -> None:
    """Endpoints and credentials as a table, then a line to paste for each API."""
    from rich.console import Console  # noqa: PLC0415 (only now: the server answers already)
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console()
    table = Table(title=f"Dragoman speaks six dialects at {base_url}", title_justify="left", show_header=False)
    for dialect, one in described.items():
        facts = {**one, "token_url": one["token_url"].removeprefix(base_url)}
        del facts["resource_url"]
        for name, value in facts.items():
            table.add_row(dialect if name == "token_url" else "", name, Text(value or "-"))
        table.add_section()
    console.print(table)
    console.print("One line for each API, ready to paste:\n", markup=False)
    for part in CAST:
        console.print(f"# {part.dialect}", style="bold", markup=False)
        console.print(part.curl.format(**described[part.dialect]), soft_wrap=True, markup=False, highlight=False)
    console.print(f"\nThe same, for a script: {demo_file}. Ctrl-C stops the server.", markup=False, soft_wrap=True)


def _announce_nothing(_exposures: Sequence[str]) -> None:
    """The demo switches everything on; its own print-out is the announcement."""


def _read_credentials(path: Path) -> Credentials:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Credentials)
    except (OSError, msgspec.DecodeError) as error:
        raise Fault(f"{path}: cannot be read: {error}; remove {path.parent} to begin anew") from None


def _describe(part: DemoPart, base_url: str, credentials: Credentials) -> dict[str, str]:
    return {
        "token_url": base_url + part.token_path,
        **credentials[part.dialect],
        "scope": part.scope,
        "resource_url": base_url + part.resource_path.replace("{owner}", str(part.owner["id"])),
    }
