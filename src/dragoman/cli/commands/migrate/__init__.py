"""`dragoman migrate`: the way from another server to this one."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click
import msgspec

from dragoman.cli.commands.migrate.plan import Plan, plan_of, print_plan
from dragoman.cli.commands.migrate.steps import Move
from dragoman.cli.operation.opening import client_secrets_of, in_store, passwords_of
from dragoman.cli.sources.registrar import ServerRegistrar, check_dialects
from dragoman.cli.sources.report import take_in_shown
from dragoman.cli.sources.source import read_source, shown_source
from dragoman.cli.terminal.arguments import names_of
from dragoman.cli.terminal.options import config_option, configuration_if_any, json_option
from dragoman.cli.terminal.showing import print_json
from dragoman.config.settings import Configuration, MountTable
from dragoman.dialects.files import list_dialects, load_dialect
from dragoman.importers.kind import cutover_of, list_kinds, load_kind, load_session_kind
from dragoman.importing.permissions import Permissions
from dragoman.importing.run import Run
from dragoman.importing.survey import Survey
from dragoman.importing.tally import Tally
from dragoman.store.opening import prepare
from dragoman.verification.contract import known_dialects, load_contract
from dragoman.wiring.parts import create_keys, epoch_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.importers.kind import Source
    from dragoman.importing.survey import Found
    from dragoman.store.store import Store

_UNFINISHED_STATUS = 1
_SIMPLE = ("password", "wrong-password", "unknown-user", "wrong-secret", "refresh")
"""What exchanges are called in all contracts that have them."""


class PlanOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The command line of `plan`, read."""

    path: Path
    kind: str
    source: str
    mapping: Path | None
    dialects: tuple[str, ...]
    as_json: bool


@click.group("migrate", short_help="Plan the way from another server to this one.", no_args_is_help=True)
def command() -> None:
    """Plan the way from another server to this one.

    docs/migrating has a guide for each kind of server.
    """


@command.command(
    "plan",
    short_help="Inspect another server's data, and print the cut-over as a checklist.",
    epilog="""\b
Examples:
  dragoman migrate plan passport old.sqlite
  dragoman migrate plan spring - --dialect paymentiq < address
  dragoman migrate plan jsonl people.jsonl --mapping people.toml --dialect axosoft --json

\b
Status 0: all rows could come in. 1: some need a decision, or cannot. 2: the source could not be read to its end.
""",
)
@click.argument("kind", type=click.Choice(list_kinds()), metavar="KIND")
@click.argument("source", metavar="SOURCE")
@click.option("--mapping", type=click.Path(path_type=Path), help="What the columns of a text file mean: a TOML file.")
@click.option("--dialect", "dialects", multiple=True, metavar="NAME", help="The dialect that its clients speak.")
@json_option
@config_option
@click.pass_context
def plan(context: click.Context, /, **parameters: object) -> int:
    """Read SOURCE to its end, as `dragoman import` does, and print the cut-over as a checklist.

    Nothing is changed, neither there nor here. It tells how many clients and accounts there are and of what kind, what
    cannot come along and why, what somebody has to decide, and the commands of each step. Without a configuration it
    plans for a server that is not set up yet.
    """
    options = msgspec.convert(parameters, PlanOptions)
    source = read_source(options.source, options.mapping, epoch_seconds())
    existing = configuration_if_any(context, options.path)
    with _configured(existing) as configuration:
        made = _make_plan(options, configuration, source, is_set_up=existing is not None)
    if options.as_json:
        print_json(made)
    else:
        print_plan(made)
    return 0 if made.finished else _UNFINISHED_STATUS


@contextmanager
def _configured(existing: Configuration | None) -> Iterator[Configuration]:
    """The server's own configuration, or one of an empty server that is gone when the block ends."""
    if existing is not None:
        yield existing
        return
    with TemporaryDirectory(prefix="dragoman-") as folder:
        configuration = Configuration(folder=folder, mounts=(MountTable(dialect="standard"),))
        create_keys(configuration)
        prepare(configuration.location())
        yield configuration


def _make_plan(options: PlanOptions, configuration: Configuration, source: Source, *, is_set_up: bool) -> Plan:
    cutover = cutover_of(load_kind(options.kind))
    check_dialects(configuration, names_of(options.dialects))
    dialects = names_of(options.dialects) or cutover.dialects[:1]
    found, tally = _rehearsed(options, configuration, source, dialects)
    sessions = load_session_kind(options.kind)
    move = Move(
        kind=options.kind,
        source=options.source,
        mapping=options.mapping,
        dialects=dialects,
        paths=_token_paths(configuration, dialects),
        exchanges=_exchanges(dialects),
        session_format=None if sessions is None else sessions.SESSION_FORMAT,
        mounted=frozenset(one.dialect for one in configuration.mounts) if is_set_up else frozenset(),
        is_set_up=is_set_up,
    )
    summary = tally.summary(f"{options.kind} {shown_source(source)}", dry_run=True, complete=True)
    return plan_of(move, cutover, found, summary, tally.withheld)


def _rehearsed(
    options: PlanOptions, configuration: Configuration, source: Source, dialects: tuple[str, ...]
) -> tuple[Found, Tally]:
    """What the source holds, and what an import without further options would make of it."""
    tally = Tally()
    with client_secrets_of(configuration) as secrets, passwords_of(configuration) as passwords:
        survey = Survey(passwords.name_format)
        registrar = ServerRegistrar(configuration, secrets, passwords)
        permissions = Permissions(dialects=dialects)

        async def work(store: Store) -> None:
            run = Run(intake=store.intake, permissions=permissions, registrar=registrar, now=source.now, dry=True)
            await take_in_shown(run, survey.counted(load_kind(options.kind).read(source)), tally)

        in_store(configuration, work)
    return survey.found(), tally


def _token_paths(configuration: Configuration, dialects: tuple[str, ...]) -> tuple[str, ...]:
    files = list_dialects([configuration.path(folder) for folder in configuration.dialect_folders])
    words = (load_dialect(name, files).words for name in dialects)
    return tuple(path for one in words for path in one.token.paths)


def _exchanges(dialects: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the first dialect's contract that log in and refresh, where it ships with one."""
    if not dialects or dialects[0] not in known_dialects():
        return ()
    known = load_contract(dialects[0]).by_id()
    return tuple(name for name in _SIMPLE if name in known)
