"""`dragoman restore`: a backup put in its place, and what it would bring back to life ended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from dragoman.cli.operation.acts import recorded
from dragoman.cli.terminal.asking import confirm
from dragoman.cli.terminal.options import config_option, json_option
from dragoman.cli.terminal.showing import print_facts, print_json, told_time, warn
from dragoman.config.reading import read_configuration
from dragoman.store.backup import renew, restore
from dragoman.store.opening import shown
from dragoman.store.saving import Restored, Terms
from dragoman.tokens.key_copies import copy_keys, keys_beside
from dragoman.wiring.parts import epoch_seconds, read_keyring

if TYPE_CHECKING:
    from dragoman.config.settings import Configuration


class RestoreOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The command line, read."""

    source: Path | None
    in_place: bool
    replace: bool
    nothing_lost: bool
    with_keys: bool
    yes: bool
    as_json: bool
    path: Path


@click.command(
    "restore",
    short_help="Restore a backup or an export, and end what it would bring back to life.",
    epilog="""\b
Examples:
  dragoman restore /backup/dragoman-2026-11-22
  dragoman restore /backup/dragoman-2026-11-22 --replace
  dragoman restore /backup/dragoman.jsonl --nothing-lost --with-keys
  dragoman restore --in-place --yes
""",
)
@click.argument("source", type=click.Path(path_type=Path), required=False)
@click.option(
    "--in-place",
    is_flag=True,
    help="The database was restored by other means, such as a snapshot or a copied file: end what it brought back.",
)
@click.option(
    "--replace", is_flag=True, help="Put an SQLite database that is there aside, under a new name beside the new one."
)
@click.option(
    "--nothing-lost",
    is_flag=True,
    help="Let sessions go on. Only to move a server: every server of this database was stopped before the backup was "
    "made, and none has run since. Anything else brings spent and revoked tokens back to life.",
)
@click.option(
    "--with-keys", is_flag=True, help="Put back the keys from SOURCE.keys, where the folder of keys is empty."
)
@click.option("--yes", is_flag=True, help="Do not ask whether everybody shall log in again. (--in-place)")
@json_option
@config_option
def command(**parameters: object) -> None:
    """Restore SOURCE, a backup or an export, while no server runs.

    A backup knows nothing of what happened after it: which refresh tokens were spent, what was revoked. So all of its
    sessions end, with the reason `restored`, and access tokens that were issued before are refused at this server:
    everybody logs in again. Passwords, accounts, clients and their secrets are those of the backup.

    An export goes into an SQLite file or an empty PostgreSQL database, wherever it was made. The same export once more
    changes nothing.

    A source that is damaged, newer, another program's or of other keys is refused. If anything goes wrong on the way,
    what was there is as it was, or no server starts on it.
    """
    options = msgspec.convert(parameters, RestoreOptions)
    if options.in_place is (options.source is not None):
        raise click.UsageError("give either SOURCE or --in-place")
    if options.in_place and (options.replace or options.with_keys or options.nothing_lost):
        raise click.UsageError("--in-place goes with no option but --yes")
    configuration = read_configuration(options.path)
    restored = _restore(options, configuration)
    _tell(options, restored, shown(configuration.location()))


def _restore(options: RestoreOptions, configuration: Configuration) -> Restored:
    location, keys = configuration.location(), configuration.path(configuration.keys)
    if options.source is not None and options.with_keys:
        copy_keys(keys_beside(options.source), keys)
    terms = Terms(
        fingerprint=read_keyring(keys).fingerprint(),
        now=epoch_seconds(),
        nothing_lost=options.nothing_lost,
        replace=options.replace,
    )
    if options.source is None:
        confirm(f"{shown(location)}: end all sessions, so that everybody logs in again?", already=options.yes)
    source = None if options.source is None else str(options.source.absolute())
    with recorded(configuration, source=source, nothing_lost=int(options.nothing_lost)) as act:
        restored = renew(location, terms) if options.source is None else restore(location, options.source, terms)
        act.tell(sessions_ended=restored.ended, state_of=restored.latest_time)
    return restored


def _tell(options: RestoreOptions, restored: Restored, database: str) -> None:
    facts = {
        "database": database,
        "schema": restored.version,
        "state_of": told_time(restored.latest_time or None),
        "sessions_ended": restored.ended,
        "not_before": told_time(restored.not_before or None),
        "old_database": restored.kept,
    }
    if options.as_json:
        print_json({**facts, "rows": dict(restored.rows)})
    else:
        print_facts({**facts, **{f"{name} rows": rows for name, rows in restored.rows.items()}})
    if restored.already:
        warn("this very export was restored here before: nothing was changed")
        return
    warn(
        "passwords, accounts, clients and their secrets are those of the backup: disable again whom you disabled since"
    )
    if restored.not_before:
        warn("an API that verifies access tokens by itself accepts those from before until they expire")
