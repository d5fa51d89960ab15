"""`dragoman init`: a folder with configuration, keys and database, complete or not at all."""

from __future__ import annotations

import asyncio
import os
import secrets
import shlex
import stat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click
import msgspec

from dragoman.cli.commands.init.configuration_text import Chosen, write_configuration
from dragoman.cli.operation.acts import recorded
from dragoman.cli.terminal.options import json_option
from dragoman.cli.terminal.showing import print_json, warn
from dragoman.config.reading import CONFIG_NAME, ConfigurationFault, read_configuration
from dragoman.config.settings import Configuration
from dragoman.core.errors import Fault
from dragoman.store.opening import open_tool
from dragoman.wiring.parts import create_keys, load_dialects, read_keyring

if TYPE_CHECKING:
    from collections.abc import Sequence

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 (told apart, not listened on)


class InitOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The command line, read."""

    folder: Path
    issuer: str | None
    dialects: tuple[str, ...]
    host: str | None
    port: int | None
    as_json: bool

    @property
    def chosen(self) -> Chosen:
        """What to write into the configuration besides defaults."""
        server = {name: value for name, value in (("host", self.host), ("port", self.port)) if value is not None}
        mounts = [{"dialect": name} for name in self.dialects or ("standard",)]
        return {"issuer": self.issuer or self._own_address, "server": server, "mounts": mounts}

    @property
    def _own_address(self) -> str:
        host = self.host or "127.0.0.1"
        named = _EVERYWHERE.get(host, f"[{host}]" if ":" in host else host)
        return f"http://{named}:{8000 if self.port is None else self.port}"

    @property
    def given(self) -> Sequence[str]:
        """The options that speak of the configuration and were given."""
        values = {"--issuer": self.issuer, "--dialect": self.dialects, "--host": self.host, "--port": self.port}
        return [name for name, value in values.items() if value not in (None, ())]


@click.command(
    "init",
    short_help="Make a folder with configuration, keys and database.",
    epilog="""\b
Examples:
  dragoman init /srv/dragoman
  dragoman init /srv/dragoman --issuer https://login.example.com --dialect standard --dialect jobspace
  dragoman init . --host 0.0.0.0 --port 9000
""",
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--issuer", metavar="URL", help="The address by which clients know this server.")
@click.option("--dialect", "dialects", multiple=True, metavar="NAME", help="A dialect to mount; may be repeated.")
@click.option("--host", metavar="ADDRESS", help="The address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), help="The port to listen on.")
@json_option
def command(**parameters: object) -> None:
    """Make FOLDER with a configuration, the keys of the mounted dialects, and a database.

    All of it is for the account that runs this, and for no other. The configuration is written last: while it is
    missing nothing is set up, and running this again finishes what was begun. One that is there is never changed.
    """
    options = msgspec.convert(parameters, InitOptions)
    file = options.folder / CONFIG_NAME
    there = file.exists()
    text = "" if there else write_configuration(options.chosen)
    configuration = read_configuration(file) if there else _read_draft(text, options.folder)
    load_dialects(configuration)
    _make_folder(options.folder)
    new_keys = create_keys(configuration)
    keyring = read_keyring(configuration.path(configuration.keys))
    with recorded(configuration, new_keys=len(new_keys)):
        asyncio.run(_make_database(configuration, keyring.fingerprint()))
    if not there:
        _publish(file, text)
    elif options.given:
        warn(f"{file} was there already and is as it was; {', '.join(options.given)} changed nothing")
    _tell(options, configuration, new_keys, made=not there)


def _read_draft(text: str, folder: Path) -> Configuration:
    """The configuration as it will be read from this folder, the environment included."""
    with TemporaryDirectory() as elsewhere:
        draft = Path(elsewhere) / CONFIG_NAME
        draft.write_text(text, encoding="utf-8")
        try:
            configuration = read_configuration(draft)
        except ConfigurationFault as fault:
            raise ConfigurationFault(str(fault).replace(str(draft), str(folder / CONFIG_NAME))) from None
    return msgspec.structs.replace(configuration, folder=str(folder))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = stat.S_IMODE(folder.stat().st_mode)
    except OSError as error:
        raise Fault(f"the folder {folder} cannot be made: {error.strerror}; name another, or mend its rights") from None
    if mode & 0o077:
        warn(f"{folder} was there already and is open to other accounts; run `chmod 700 {folder}`")


async def _make_database(configuration: Configuration, fingerprint: str) -> None:
    """The database, bound to these keys. Raises StoreFault if it is bound to others."""
    async with open_tool(configuration.location()) as store:
        await store.administration.bind_keys(fingerprint)


def _publish(file: Path, text: str) -> None:
    """Put the file in place, whole and on the disk, unless there is one by now. Raises Fault."""
    unfinished = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            opened.write(text.encode())
            opened.flush()
            os.fsync(opened.fileno())
        file.hardlink_to(unfinished)
    except FileExistsError:
        raise Fault(f"{file} was made by another program meanwhile; nothing in it was changed") from None
    except OSError as error:
        raise Fault(f"{file} cannot be written: {error.strerror}; mend that, and run this again") from None
    finally:
        unfinished.unlink(missing_ok=True)


def _tell(options: InitOptions, configuration: Configuration, new_keys: Sequence[str], *, made: bool) -> None:
    file = options.folder / CONFIG_NAME
    dialects = [mount.dialect for mount in configuration.mounts]
    if options.as_json:
        print_json(
            {
                "configuration": str(file.absolute()),
                "made": made,
                "new_keys": list(new_keys),
                "issuer": configuration.issuer,
                "dialects": dialects,
            }
        )
        return
    click.echo(f"{file}: {'made' if made else 'was there already, and is as it was'}")
    click.echo(f"issuer {configuration.issuer}, dialects {', '.join(dialects)}, new keys {len(new_keys)}")
    quoted = shlex.quote(str(file))
    click.echo("Then:")
    click.echo(f"  dragoman client create my-app --grant-type client_credentials --config {quoted}")
    click.echo(f"  dragoman serve --config {quoted}")
