"""`dragoman import`: another server's clients and accounts."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from dragoman.cli.operation.acts import Act, recorded
from dragoman.cli.operation.announcing import tell_of_client
from dragoman.cli.operation.opening import client_secrets_of, in_store, passwords_of
from dragoman.cli.sources.registrar import ServerRegistrar, check_dialects
from dragoman.cli.sources.report import open_report, print_change, print_summary, take_in_shown
from dragoman.cli.sources.source import read_source, shown_source
from dragoman.cli.terminal.arguments import names_of, values_of
from dragoman.cli.terminal.options import config_option, json_option
from dragoman.cli.terminal.showing import print_json
from dragoman.config.reading import read_configuration
from dragoman.core.errors import Fault
from dragoman.importers.kind import SessionKind, list_kinds, load_kind, load_session_kind
from dragoman.importers.record import CLIENT
from dragoman.importing.outcome import Outcome, Result
from dragoman.importing.permissions import Permissions
from dragoman.importing.run import Run
from dragoman.importing.tally import Tally, facts_of
from dragoman.wiring.parts import epoch_seconds

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from dragoman.config.settings import Configuration
    from dragoman.importers.kind import Source
    from dragoman.importers.record import Record
    from dragoman.store.store import Store

_CHANGED = frozenset({Result.CREATED, Result.UPDATED})
_UNFINISHED_STATUS = 1


class ImportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The command line, read."""

    path: Path
    kind: str
    source: str
    mapping: Path | None
    dialects: tuple[str, ...]
    scope: tuple[str, ...]
    grants: tuple[str, ...]
    scopes: tuple[str, ...]
    authorities: tuple[str, ...]
    shared_ids: bool
    without_password: bool
    without_second_factor: bool
    without_email: bool
    update: bool
    sessions: bool
    dry_run: bool
    report: Path | None
    as_json: bool

    def permissions(self) -> Permissions:
        """What may come in."""
        return Permissions(
            dialects=names_of(self.dialects),
            scope=names_of(self.scope),
            grant_types=frozenset(names_of(self.grants)),
            scopes=frozenset(names_of(self.scopes)),
            authorities=frozenset(values_of(self.authorities)),
            without_password=self.without_password,
            without_second_factor=self.without_second_factor,
            without_email=self.without_email,
            shared_ids=self.shared_ids,
            update=self.update,
        )


def _several(name: str, member: str, text: str) -> Callable[[Callable[..., object]], Callable[..., object]]:
    return click.option(f"--{name}", member, multiple=True, metavar="NAME", help=f"{text} May be repeated.")


@click.command(
    "import",
    short_help="Take in another server's clients and accounts.",
    epilog="""\b
Kinds:
  {kinds}

\b
Examples:
  dragoman import passport old.sqlite --dialect jobspace --allow-grant password --dry-run
  dragoman import passport postgresql://reader@db/app --dialect jobspace --allow-grant password
  dragoman import spring - --dialect paymentiq --allow-grant password < address
  dragoman import passport dump.sql --dialect jobspace --allow-grant password --dry-run
  dragoman import passport postgresql://reader@db/app --sessions
  dragoman import csv people.csv --mapping people.toml --report people.report

\b
Status 0: all rows are here. 1: some are conflicting or refused. 2: it could not be done, or not to the end.
""".replace("{kinds}", "\n  ".join(f"{name:<16}  {load_kind(name).SUMMARY}" for name in list_kinds())),
)
@click.argument("kind", type=click.Choice(list_kinds()), metavar="KIND")
@click.argument("source", metavar="SOURCE")
@click.option("--mapping", type=click.Path(path_type=Path), help="What the columns of a text file mean: a TOML file.")
@_several("dialect", "dialects", "A dialect that the clients may speak; the first one's defaults hold for new ones.")
@_several("scope", "scope", "A scope that clients may ask for, where the source does not say.")
@_several("allow-grant", "grants", "Let this grant type come in, which RFC 9700 forbids: password.")
@_several("allow-scope", "scopes", "Let this wildcard scope come in.")
@_several("allow-authority", "authorities", "Let this role or authority come in; all others stay out.")
@click.option("--allow-shared-ids", "shared_ids", is_flag=True, help="Let a client and a person have the same id.")
@click.option(
    "--without-password", is_flag=True, help="Let accounts in, without the password, whose hash is of no use."
)
@click.option(
    "--without-second-factor", is_flag=True, help="Let accounts in that had a second factor, with the password alone."
)
@click.option("--without-email", is_flag=True, help="Leave e-mail addresses out: here they are login names.")
@click.option("--update", is_flag=True, help="Make what is here as the source has it; without, a difference is told.")
@click.option(
    "--sessions",
    is_flag=True,
    help="List its outstanding refresh tokens too, so that they go on being good (docs/sessions.md); tokens that were "
    "listed before and are not there any more are taken out.",
)
@click.option("--dry-run", is_flag=True, help="Change nothing, and print each change that would be made.")
@click.option("--report", type=click.Path(path_type=Path), help="Write what became of each row to this new file.")
@json_option
@config_option
def command(**parameters: object) -> int:
    """Take in the clients and accounts of SOURCE, which another server of this KIND has filled.

    SOURCE is a file or a dump, or the URL of a PostgreSQL, MySQL or MariaDB database; - reads the URL from standard
    input, as one with a password must be. It is only read. Once more is harmless: what is here already is told as
    equal. Nothing that differs here is overwritten without --update, and nothing privileged comes in that is not named.
    """
    options = msgspec.convert(parameters, ImportOptions)
    configuration = read_configuration(options.path)
    check_dialects(configuration, names_of(options.dialects))
    source = read_source(options.source, options.mapping, epoch_seconds())
    shown = shown_source(source)
    with _recorded(options, configuration, shown) as act:
        with (
            open_report(options.report) as write_row,
            client_secrets_of(configuration) as secrets,
            passwords_of(configuration) as passwords,
        ):
            registrar = ServerRegistrar(configuration, secrets, passwords)
            tally, changed, fault = _run(options, configuration, source, registrar, write_row)
            summary = tally.summary(f"{options.kind} {shown}", dry_run=options.dry_run, complete=fault is None)
            act.tell(**facts_of(summary))
            if not options.dry_run:
                for client_id in changed:
                    tell_of_client(configuration, client_id)
            if options.as_json:
                print_json(summary)
            else:
                print_summary(summary, tally.shown)
            write_row(summary)
        if fault is not None:
            raise fault
    return 0 if summary.finished else _UNFINISHED_STATUS


def _recorded(options: ImportOptions, configuration: Configuration, shown: str) -> AbstractContextManager[Act]:
    """One act in the audit; a dry run does nothing that could be told there."""
    if options.dry_run:
        return nullcontext(Act())
    permissions = options.permissions()
    return recorded(
        configuration,
        kind=options.kind,
        source=shown,
        dialects=" ".join(permissions.dialects),
        allowed_grants=" ".join(sorted(permissions.grant_types)),
        allowed_scopes=" ".join(sorted(permissions.scopes)),
        allowed_authorities=", ".join(sorted(permissions.authorities)),
        shared_ids="yes" if permissions.shared_ids else "no",
        without_second_factor="yes" if permissions.without_second_factor else "no",
        update="yes" if permissions.update else "no",
        sessions="yes" if options.sessions else "no",
    )


def _run(
    options: ImportOptions,
    configuration: Configuration,
    source: Source,
    registrar: ServerRegistrar,
    write_row: Callable[[Outcome], None],
) -> tuple[Tally, Sequence[str], Fault | None]:
    """What it came to, the clients that changed, and what cut it short."""
    tally = Tally()
    changed: list[str] = []
    printing = options.dry_run and not options.as_json
    sessions = _sessions_of(options)

    def hear(outcomes: Sequence[Outcome]) -> None:
        changed.extend(one.id for one in outcomes if one.result in _CHANGED and one.kind == CLIENT)
        for one in outcomes:
            write_row(one)
            if printing and one.result in _CHANGED:
                print_change(one)

    async def work(store: Store) -> None:
        permissions = options.permissions()
        run = Run(
            intake=store.intake, permissions=permissions, registrar=registrar, now=source.now, dry=options.dry_run
        )
        await take_in_shown(run, _records(options, source, sessions), tally, hear)
        if sessions is not None and not options.dry_run:
            tally.dropped = await store.former_sessions.drop_unseen(sessions.SESSION_FORMAT, run.now)

    try:
        in_store(configuration, work)
    except Fault as fault:
        return tally, changed, fault
    return tally, changed, None


def _sessions_of(options: ImportOptions) -> SessionKind | None:
    """What reads them, if they are wanted. Raises Fault where nothing does."""
    if not options.sessions:
        return None
    kind = load_session_kind(options.kind)
    if kind is None:
        raise Fault(f"sources of the kind {options.kind} tell of no refresh tokens; leave --sessions away")
    return kind


async def _records(options: ImportOptions, source: Source, sessions: SessionKind | None) -> AsyncIterator[Record]:
    """Sessions last: clients and resource owners have to be here before them."""
    async for record in load_kind(options.kind).read(source):
        yield record
    if sessions is not None:
        async for record in sessions.read_sessions(source):
            yield record
