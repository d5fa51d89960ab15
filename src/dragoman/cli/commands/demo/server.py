"""The demo, once its command line is read: the folder is made where there is none, then the server answers."""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import click
import msgspec

from dragoman.cli.commands.demo.cast import CAST, DemoPart
from dragoman.cli.commands.demo.folder import (
    CREDENTIALS_FILE,
    Credentials,
    create_demo,
    demo_configuration,
    write_private,
)
from dragoman.config.reading import CONFIG_NAME, read_configuration
from dragoman.core.errors import Fault
from dragoman.wiring.parts import load_dialects

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dragoman.cli.commands.demo.passwords import HashedApart

Content = TypeVar("Content")
DEMO_FILE = "demo.json"
_ISSUERS_FILE = "issuers.json"
"""Where this folder's demos have listened, the latest last: JWTs of before name them."""


def serve_demo(host: str, listening: socket.socket, data: Path, fresh: HashedApart | None) -> None:
    """Serve from this folder until a signal; with `fresh` passwords it is made first. Raises Fault."""
    base_url = f"http://{host if ':' not in host else f'[{host}]'}:{listening.getsockname()[1]}"
    demo_file = data / DEMO_FILE
    with _usable(data):
        demo_file.unlink(missing_ok=True)
    making = None if fresh is None else _create_apart(data, fresh)

    from dragoman.serving.answering import run  # noqa: PLC0415 (while the folder is made)

    if making is not None:
        _await(making)
    credentials = _read(data / CREDENTIALS_FILE, Credentials)
    configuration = msgspec.structs.replace(
        read_configuration(data / CONFIG_NAME), issuer=base_url, accepted_issuers=_note_issuer(data, base_url)
    )
    described = {part.dialect: _describe(part, base_url, credentials) for part in CAST}

    def started() -> None:
        write_private(demo_file, msgspec.json.encode({"base_url": base_url, "dialects": described}))
        print_demo(base_url, described, demo_file)

    run(configuration, _announce_nothing, listening, started)


def _create_apart(data: Path, fresh: HashedApart) -> multiprocessing.context.ForkProcess:
    """Begin to make the folder, in a process of its own. Must come before this process has threads."""
    making = multiprocessing.get_context("fork").Process(target=_create, args=(data, fresh))
    making.start()
    load_dialects(demo_configuration(data))  # read here meanwhile, where they are needed next
    return making


def _await(making: multiprocessing.context.ForkProcess) -> None:
    making.join()
    if making.exitcode:
        raise click.exceptions.Exit(making.exitcode)


def _create(data: Path, fresh: HashedApart) -> None:
    try:
        with _usable(data):
            asyncio.run(create_demo(data, fresh))
    except Fault as fault:
        click.echo(f"dragoman: {fault}", err=True)
        sys.exit(2)


@contextmanager
def _usable(data: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Fault(f"the folder {data} cannot be used: {error.strerror}; name another with --data") from None


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


def _read(path: Path, kind: type[Content]) -> Content:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError) as error:
        raise Fault(f"{path}: cannot be read: {error}; remove {path.parent} to begin anew") from None


def _note_issuer(data: Path, base_url: str) -> tuple[str, ...]:
    """Those of earlier starts, on whatever ports; this one is noted with them, before any token names it."""
    path = data / _ISSUERS_FILE
    earlier = _read(path, tuple[str, ...]) if path.exists() else ()
    if base_url not in earlier:
        write_private(path, msgspec.json.encode((*earlier, base_url)))
    return earlier


def _describe(part: DemoPart, base_url: str, credentials: Credentials) -> dict[str, str]:
    return {
        "token_url": base_url + part.token_path,
        **credentials[part.dialect],
        "scope": part.scope,
        "resource_url": base_url + part.resource_path.replace("{owner}", str(part.owner["id"])),
    }
