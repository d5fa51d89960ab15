"""`dragoman verify`: whether a server answers as the contract of a dialect says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click
import msgspec
from rich.console import Console

from dragoman.verification.cast import CastTables
from dragoman.verification.contract import Contract, ContractError, load_contract
from dragoman.verification.exchange import Exchange
from dragoman.verification.http_exchange import BadBaseUrlError, UnreachableError, parse_base_url
from dragoman.verification.report import draw_table, make_report, write_report
from dragoman.verification.runner import Conditions, Verdict, run_exchange


class VerifyError(click.ClickException):
    """Nothing could be judged; the message says why."""

    exit_code = 2


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """A client and a resource owner, as options and a demo's entry give them; a demo says more, for other commands."""

    client_id: str | None = None
    client_secret: str | None = None
    username: str | None = None
    password: str | None = None

    def members(self) -> Mapping[str, str]:
        """What was given, by `name.member` of the cast."""
        members = {
            "client.id": self.client_id,
            "client.secret": self.client_secret,
            "user.username": self.username,
            "user.password": self.password,
        }
        return {name: value for name, value in members.items() if value is not None}


class DemoFile(msgspec.Struct, frozen=True, kw_only=True):
    """What `dragoman demo` writes of itself."""

    dialects: dict[str, Credentials]


class VerifyOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The command line, read."""

    url: str
    dialect: str
    values_file: str | None
    demo_file: str | None
    client_id: str | None
    client_secret: str | None
    username: str | None
    password: str | None
    whole_cast: bool
    only: tuple[str, ...]
    settings: tuple[str, ...]
    as_json: bool
    timeout: float
    contracts: str | None


@click.command(
    "verify",
    short_help="Check that a server answers as a dialect says.",
    epilog="""\b
Examples:
  dragoman verify --dialect jobspace https://auth.example.com --client-id 4 --client-secret - \\
                  --username ann@example.com --password -
  dragoman verify --dialect paymentiq http://127.0.0.1:8080 --demo demo/demo.json --json
  dragoman verify --dialect jmondi http://127.0.0.1:8080 --cast --with account_state_shown
  dragoman verify --dialect axosoft https://auth.example.com --values staging.toml --only password

Exit status: 0 when all exchanges that ran passed, 1 when some differ, 2 when none could be judged.
""",
)
@click.argument("url")
@click.option("--dialect", required=True, metavar="NAME", help="The dialect whose contract to run.")
@click.option(
    "--values",
    "values_file",
    metavar="FILE",
    help="Values of the cast that the server shares: TOML with the tables of a contract's cast.toml.",
)
@click.option(
    "--demo",
    "demo_file",
    metavar="FILE",
    help="A demo's demo.json, or the folder that holds it: take the dialect's client and user from there.",
)
@click.option("--client-id", metavar="ID", help="The client to use: client.id of the cast.")
@click.option(
    "--client-secret",
    envvar="DRAGOMAN_VERIFY_CLIENT_SECRET",
    show_envvar=True,
    metavar="SECRET",
    help="Its secret; - asks for it. An argument can be seen by others on this machine, the environment cannot.",
)
@click.option("--username", metavar="NAME", help="The resource owner to log in: user.username of the cast.")
@click.option(
    "--password",
    envvar="DRAGOMAN_VERIFY_PASSWORD",
    show_envvar=True,
    metavar="PASSWORD",
    help="Their password; - asks for it.",
)
@click.option(
    "--cast",
    "whole_cast",
    is_flag=True,
    help="The server was set up from the contract's own cast: all its values hold, unless others are given.",
)
@click.option("--only", multiple=True, metavar="ID", help="Run this exchange only; may be repeated.")
@click.option(
    "--with",
    "settings",
    multiple=True,
    metavar="SETTING",
    help="A setting that holds on the server; may be repeated. Exchanges that depend on others are skipped.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document instead of a table.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for each answer.",
)
@click.option(
    "--contracts",
    metavar="FOLDER",
    help="Contracts of your own: a folder for each dialect. Without it, those that come with Dragoman.",
)
@click.pass_context
def command(context: click.Context, /, **parameters: object) -> None:
    """Check that the server at URL answers as the contract of a dialect says, to the byte.

    The server can be ours or the one that is to be replaced. Exchanges that need a client, a person or a fact that
    was not given are skipped, and the report says why.

    Requests are real. They log the given user in, and some send a wrong password or a wrong secret on purpose: give
    accounts that are there for tests, which a server may lock.
    """
    options = msgspec.convert(parameters, VerifyOptions)
    try:
        contract = load_contract(options.dialect, Path(options.contracts) if options.contracts else None)
        chosen = _choose(contract, options.only)
        address = parse_base_url(options.url)
        conditions = Conditions(
            settings=frozenset(options.settings), values=_gather(contract, options), timeout=options.timeout
        )
        verdicts = tuple(run_exchange(contract, exchange, options.url, conditions) for exchange in chosen)
    except (ContractError, BadBaseUrlError, UnreachableError) as error:
        raise VerifyError(str(error)) from error
    _print(contract.dialect, address.url, verdicts, as_json=options.as_json)
    context.exit(_status(verdicts))


def _choose(contract: Contract, only: tuple[str, ...]) -> tuple[Exchange, ...]:
    known = contract.by_id()
    for identifier in only:
        if identifier not in known:
            raise VerifyError(f"there is no exchange {identifier!r}; there are: {', '.join(known)}")
    return tuple(exchange for exchange in contract.exchanges if not only or exchange.id in only)


def _gather(contract: Contract, options: VerifyOptions) -> Mapping[str, str]:
    """The members of the cast that are known, by `name.member`; what is given by itself wins over files."""
    cast = contract.cast.members() if options.whole_cast else {}
    demo = {} if options.demo_file is None else _read_demo(Path(options.demo_file), contract.dialect)
    values = {} if options.values_file is None else _read_values(Path(options.values_file), contract)
    credentials = Credentials(
        client_id=options.client_id,
        client_secret=_ask("Client secret", options.client_secret),
        username=options.username,
        password=_ask("Password", options.password),
    )
    return {**cast, **demo, **values, **credentials.members()}


def _ask(label: str, value: str | None) -> str | None:
    if value != "-":
        return value
    answer: str = click.prompt(label, hide_input=True, err=True)
    return answer


def _read_demo(path: Path, dialect: str) -> Mapping[str, str]:
    file = path / "demo.json" if path.is_dir() else path
    try:
        return msgspec.json.decode(file.read_bytes(), type=DemoFile).dialects[dialect].members()
    except KeyError as error:
        raise VerifyError(f"{file} has no entry for the dialect {dialect!r}") from error
    except (OSError, ValueError, msgspec.DecodeError) as error:
        raise VerifyError(f"{file} cannot be read as a demo: {error}") from error


def _read_values(file: Path, contract: Contract) -> Mapping[str, str]:
    try:
        tables = msgspec.toml.decode(file.read_bytes(), type=CastTables)
    except (OSError, ValueError, RecursionError, msgspec.DecodeError) as error:
        raise VerifyError(f"{file} cannot be read as values of a cast: {error}") from error
    known = {*contract.cast.clients, *contract.cast.people}
    for name in (*tables.clients, *tables.people):
        if name not in known:
            raise VerifyError(f"{file} speaks of {name!r}; the contract's cast has: {', '.join(sorted(known))}")
    return tables.members()


def _print(dialect: str, url: str, verdicts: tuple[Verdict, ...], *, as_json: bool) -> None:
    report = make_report(dialect, url, verdicts)
    if as_json:
        click.echo(write_report(report))
    else:
        Console().print(draw_table(report))


def _status(verdicts: tuple[Verdict, ...]) -> int:
    outcomes = {verdict.outcome.value for verdict in verdicts}
    if "failed" in outcomes:
        return 1
    if "passed" in outcomes:
        return 0
    raise VerifyError("every exchange was skipped, so nothing was judged; give values of the cast (see --help)")
