"""`dragoman backup`: the database saved into one file, beside a running server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from dragoman.cli.operation.acts import recorded
from dragoman.cli.operation.opening import in_store
from dragoman.cli.terminal.options import config_option, json_option
from dragoman.cli.terminal.showing import print_facts, print_json, warn
from dragoman.config.reading import read_configuration
from dragoman.core.errors import Fault
from dragoman.store.backup import back_up
from dragoman.store.draft import refuse_taken
from dragoman.store.opening import shown
from dragoman.store.version import is_due
from dragoman.tokens.key_copies import copy_keys, keys_beside
from dragoman.wiring.parts import epoch_seconds

if TYPE_CHECKING:
    from dragoman.config.settings import Configuration
    from dragoman.store.saving import Saved


class BackupOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The command line, read."""

    destination: Path
    with_keys: bool
    as_json: bool
    path: Path

    @property
    def keys(self) -> Path:
        """Where keys are saved, if they are."""
        return keys_beside(self.destination)


@click.command(
    "backup",
    short_help="Save the database into a file, beside a running server.",
    epilog="""\b
Examples:
  dragoman backup /backup/dragoman-2026-11-22
  dragoman backup /backup/before-the-upgrade --with-keys --config /srv/dragoman/dragoman.toml
""",
)
@click.argument("destination", type=click.Path(path_type=Path))
@click.option(
    "--with-keys", is_flag=True, help="Save the keys too, in the folder DESTINATION.keys. They can make tokens."
)
@json_option
@config_option
def command(**parameters: object) -> None:
    """Save the database into the new file DESTINATION, for its owner alone. The server may run meanwhile.

    An SQLite database becomes an SQLite file. A PostgreSQL database is saved by pg_dump, in its custom format; pg_dump
    and pg_restore must be there, and not older than the server. The file is examined before it gets its name, and
    never takes the place of another.

    Without the keys a database is of no use, and they are not in it: save their folder as well, where nobody else can
    read it, or have --with-keys do it.
    """
    options = msgspec.convert(parameters, BackupOptions)
    configuration = read_configuration(options.path)
    keys = configuration.path(configuration.keys)
    refuse_taken(options.keys)
    location = configuration.location()
    with recorded(configuration, to=str(options.destination.absolute()), with_keys=int(options.with_keys)):
        saved = back_up(location, options.destination)
        if options.with_keys:
            copy_keys(keys, options.keys)
    if not is_due(saved.version):  # else noting it would bring the database to this program's schema
        _note(configuration)
    _tell(options, saved, shown(location))
    if options.with_keys:
        warn(f"{options.keys} can make tokens for anybody: keep it where nobody else can read it")
    else:
        warn(f"the keys are not in it: save the folder {keys} too, or run this with --with-keys")


def _note(configuration: Configuration) -> None:
    """`dragoman doctor` tells when the last backup was made. A backup is good without that, too."""
    try:
        in_store(configuration, lambda store: store.installation.note_backup(epoch_seconds()))
    except Fault as fault:
        warn(f"that a backup was made could not be noted in the database: {fault}")


def _tell(options: BackupOptions, saved: Saved, database: str) -> None:
    facts = {"database": database, "backup": str(options.destination.absolute()), "schema": saved.version}
    if options.as_json:
        keys = str(options.keys.absolute()) if options.with_keys else None
        print_json({**facts, "bytes": saved.size, "rows": dict(saved.rows), "keys": keys})
        return
    print_facts({**facts, "bytes": saved.size, **{f"{name} rows": rows for name, rows in saved.rows.items()}})
