"""`dragoman export`: the whole state as lines of JSON, to be restored into any database."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from dragoman.cli.operation.acts import recorded
from dragoman.cli.terminal.asking import STANDARD_INPUT as STANDARD_OUTPUT
from dragoman.cli.terminal.options import config_option, json_option
from dragoman.cli.terminal.showing import print_facts, print_json, warn
from dragoman.config.reading import read_configuration
from dragoman.core.errors import Fault
from dragoman.store.backup import export
from dragoman.store.draft import drafted, refuse_taken
from dragoman.store.opening import shown
from dragoman.tokens.key_copies import copy_keys, keys_beside
from dragoman.wiring.parts import epoch_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dragoman.store.saving import Saved


class ExportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The command line, read."""

    destination: str
    with_keys: bool
    as_json: bool
    path: Path

    @property
    def file(self) -> Path | None:
        """None: standard output."""
        return None if self.destination == STANDARD_OUTPUT else Path(self.destination)


@click.command(
    "export",
    short_help="Write the whole state as lines of JSON, beside a running server.",
    epilog="""\b
Examples:
  dragoman export /backup/dragoman.jsonl --with-keys
  dragoman export - | age --recipient age1… > /backup/dragoman.jsonl.age
  dragoman restore /backup/dragoman.jsonl --nothing-lost --config /srv/new/dragoman.toml
""",
)
@click.argument("destination")
@click.option(
    "--with-keys", is_flag=True, help="Save the keys too, in the folder DESTINATION.keys. They can make tokens."
)
@json_option
@config_option
def command(**parameters: object) -> None:
    """Write clients, accounts, sessions and what was revoked into the new file DESTINATION; - is standard output.

    The format is the same for all databases, and documented: docs/export-format.md. `dragoman restore` puts it into an
    SQLite file or an empty PostgreSQL database, on the same terms as a backup: this is how a server goes from the one
    to the other. Password hashes and digests of secrets are in it, so the file is for its owner alone, and never takes
    the place of another. The keys are not in it, and without them it is of no use.
    """
    options = msgspec.convert(parameters, ExportOptions)
    configuration = read_configuration(options.path)
    if options.file is None and options.with_keys:
        raise click.UsageError("--with-keys needs a file to put the keys beside")
    keys, copied = configuration.path(configuration.keys), None
    if options.file is not None:
        refuse_taken(keys_beside(options.file))
    location = configuration.location()
    with recorded(configuration, to=_told(options), with_keys=int(options.with_keys)) as act:
        with _opened(options.file) as write:
            saved = export(location, write, epoch_seconds())
        if options.file is not None and options.with_keys:
            copied = keys_beside(options.file)
            copy_keys(keys, copied)
        act.tell(**{f"{name}s": count for name, count in saved.rows.items()})
    if options.file is not None:
        _tell(options, saved, shown(location), copied)
    warn("password hashes and digests of secrets are in it: keep it as you keep a backup, and remove it after use")
    if copied is None:
        warn(f"the keys are not in it: save the folder {keys} too, or run this with --with-keys")
    else:
        warn(f"{copied} can make tokens for anybody: keep it where nobody else can read it")


@contextmanager
def _opened(file: Path | None) -> Iterator[Callable[[bytes], object]]:
    """What to write with. The file is there whole when the block ends, or not at all. Raises Fault."""
    if file is not None:
        with drafted(file) as (_, descriptor), os.fdopen(descriptor, "wb", closefd=False) as opened:
            yield opened.write
            opened.flush()
        return
    if sys.stdout.isatty():
        raise Fault("password hashes are not for a terminal: name a file, or pipe this into another program")
    try:
        yield sys.stdout.buffer.write
        sys.stdout.buffer.flush()
    except OSError as error:
        raise Fault(f"standard output cannot be written: {error.strerror}") from None


def _told(options: ExportOptions) -> str:
    return "standard output" if options.file is None else str(options.file.absolute())


def _tell(options: ExportOptions, saved: Saved, database: str, keys: Path | None) -> None:
    facts = {"database": database, "export": _told(options), "bytes": saved.size}
    if options.as_json:
        copied = None if keys is None else str(keys.absolute())
        print_json({**facts, "lines": dict(saved.rows), "keys": copied})
        return
    print_facts({**facts, **{f"{name} lines": lines for name, lines in saved.rows.items()}})
