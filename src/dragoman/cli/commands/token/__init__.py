"""`dragoman token`: what a token is, what sessions there are, and their end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
import msgspec

from dragoman.cli.commands.token.inspection import inspect_token, revoke_session, revoke_token
from dragoman.cli.commands.token.report import count_revoked, list_revoked, print_counted, print_revoked
from dragoman.cli.commands.token.sessions import list_sessions
from dragoman.cli.operation.opening import in_store, token_desk
from dragoman.cli.terminal.arguments import read_age
from dragoman.cli.terminal.asking import STANDARD_INPUT, read_secret
from dragoman.cli.terminal.options import config_option, json_option, limit_option
from dragoman.cli.terminal.showing import print_facts, print_json, print_table, told_time
from dragoman.config.reading import read_configuration
from dragoman.config.settings import Configuration
from dragoman.core.errors import Fault, OAuthError, Refusal
from dragoman.core.model import GrantId
from dragoman.core.secret import Secret
from dragoman.wiring.parts import epoch_seconds, load_dialects

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dragoman.cli.operation.opening import TokenDesk
    from dragoman.store.store import Store

Result = TypeVar("Result")


class ListOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The command line of `list`, read."""

    path: Path
    who: str | None
    client_id: str | None
    live_only: bool
    limit: int
    as_json: bool


class ReportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The command line of `report`, read."""

    path: Path
    since: str
    client_id: str | None
    each: bool
    limit: int
    as_json: bool


@click.group("token", short_help="Inspect and revoke tokens, list sessions.", no_args_is_help=True)
def command() -> None:
    """Inspect and revoke tokens, and list sessions.

    A token is read from standard input, or asked for; it is never an argument, and never printed.
    """


@command.command("inspect", short_help="Tell what a token is, and whether it counts.")
@click.argument("source", default=STANDARD_INPUT, metavar="-")
@json_option
@config_option
def inspect(source: str, path: Path, *, as_json: bool) -> None:
    """Tell what a token is, whether this server made it, what it stands for, and whether it counts or why not.

    \b
    dragoman token inspect
    wl-paste | dragoman token inspect -
    dragoman token inspect --json - < token
    """
    token = _read_token(source)
    inspection = _at_desk(read_configuration(path), lambda desk: inspect_token(desk, token))
    (print_json if as_json else _print_facts)(inspection)


@command.command("revoke", short_help="End a token, or a whole session.")
@click.argument("source", default=STANDARD_INPUT, metavar="-")
@click.option("--session", metavar="ID", help="End the session of this id, as `token list` shows it.")
@config_option
def revoke(source: str, session: str | None, path: Path) -> None:
    """End a token: an access token by itself, a refresh token with its whole session.

    \b
    wl-paste | dragoman token revoke -
    dragoman token revoke --session 4f1d2c3b5a69788796a5b4c3
    """
    configuration = read_configuration(path)
    if session is not None:
        grant_id = _grant_id(session)
        click.echo(_at_desk(configuration, lambda desk: revoke_session(desk, grant_id)))
        return
    token = _read_token(source)
    click.echo(_at_desk(configuration, lambda desk: _revoke(desk, token)))


@command.command("list", short_help="List the sessions of a user or a client.")
@click.option("--user", "who", metavar="WHO", help="Sessions of this user: user name, e-mail or id.")
@click.option("--client", "client_id", metavar="ID", help="Sessions of this client.")
@click.option("--live", "live_only", is_flag=True, help="Leave out those that have ended.")
@limit_option
@json_option
@config_option
def list_(**parameters: object) -> None:
    """List the sessions of a user or a client, the latest first, those that have ended included.

    \b
    dragoman token list --user ann
    dragoman token list --client shop-app --live --json
    """
    options = msgspec.convert(parameters, ListOptions)
    if (options.who is None) is (options.client_id is None):
        raise click.UsageError("give either --user or --client")
    sessions = in_store(
        read_configuration(options.path),
        lambda store: list_sessions(store, options.who, options.client_id, options.limit, live_only=options.live_only),
    )
    if options.as_json:
        print_json(sessions)
        return
    rows = (
        (
            one.id, one.client, one.subject or "-", one.dialect or "-", told_time(one.created_at),
            told_time(one.rotated_at), str(one.generation), one.revoked_because or one.state,
        )
        for one in sessions
    )  # fmt: skip
    print_table(("session", "client", "subject", "dialect", "created", "last rotated", "generation", "state"), rows)


@command.command("report", short_help="Count the sessions that ended before their time, and why.")
@click.option("--since", default="7d", show_default=True, metavar="AGE", help="From so long ago on: 30m, 12h, 7d.")
@click.option("--client", "client_id", metavar="ID", help="Of this client alone.")
@click.option("--each", is_flag=True, help="Tell each session instead of counting, the latest first.")
@limit_option
@json_option
@config_option
def report(**parameters: object) -> None:
    """Count the sessions that were ended, by client and reason.

    A spent refresh token that comes back ends its session: it may be stolen. It may also be a client that lost an
    answer and asked again after its grace period. Those are counted as "looked like a retry": the immediate
    predecessor of the live token, from the address and software that got the live one. If a client has many, raise
    its grace period, or mend it.

    \b
    dragoman token report
    dragoman token report --since 24h --client shop-app
    dragoman token report --each --json
    """
    options = msgspec.convert(parameters, ReportOptions)
    since = epoch_seconds() - read_age(options.since)
    configuration = read_configuration(options.path)
    if options.each:
        told = in_store(configuration, lambda store: list_revoked(store, since, options.client_id, options.limit))
        (print_json if options.as_json else print_revoked)(told)
        return
    counted = in_store(configuration, lambda store: count_revoked(store, since, options.client_id))
    (print_json if options.as_json else print_counted)(counted)


def _read_token(source: str) -> Secret:
    if source != STANDARD_INPUT:
        raise Fault("a token in an argument can be read by others on this machine; pipe it in, and write - or nothing")
    return Secret(read_secret("token").reveal().strip())


def _grant_id(text: str) -> GrantId:
    try:
        return GrantId(bytes.fromhex(text))
    except ValueError:
        raise Fault(f"{text!r} is no id of a session; `dragoman token list` shows them") from None


def _at_desk(configuration: Configuration, work: Callable[[TokenDesk], Awaitable[Result]]) -> Result:
    """What the work comes to, with the tokens of all mounted dialects. Raises Fault."""
    dialects = load_dialects(configuration)

    async def opened(store: Store) -> Result:
        async with token_desk(configuration, dialects, store) as desk:
            return await work(desk)

    return in_store(configuration, opened)


async def _revoke(desk: TokenDesk, token: Secret) -> str:
    try:
        return await revoke_token(desk, token)
    except OAuthError as refused:
        if refused.refusal is Refusal.TEMPORARILY_UNAVAILABLE:
            raise
        raise Fault(f"this is no token of this server ({refused.detail}); nothing was revoked") from None


def _print_facts(inspection: msgspec.Struct) -> None:
    print_facts(msgspec.structs.asdict(inspection))
