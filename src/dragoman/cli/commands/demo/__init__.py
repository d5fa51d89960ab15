"""`dragoman demo`: all six dialects on one port, with a client and a person each, in one command."""

from __future__ import annotations

from pathlib import Path

import click

from dragoman.cli.commands.demo.passwords import HashedApart, draw_passwords
from dragoman.config.reading import CONFIG_NAME
from dragoman.serving.listening import listen


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
    fresh = None if (data / CONFIG_NAME).exists() else HashedApart(draw_passwords())

    from dragoman.cli.commands.demo.server import serve_demo  # noqa: PLC0415 (half a second, in which passwords are hashed)

    serve_demo(host, listening, data, fresh)
