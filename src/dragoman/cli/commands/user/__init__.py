"""`dragoman user`: people and their accounts."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from dragoman.cli.commands.user.state import COMMANDS
from dragoman.cli.operation.acts import recorded
from dragoman.cli.operation.announcing import warn_of_mirror
from dragoman.cli.operation.opening import in_store
from dragoman.cli.registry.accounts import (
    change_account,
    check_login_names,
    check_password_hash,
    describe_account,
    find_account,
    hash_password,
    state_of,
)
from dragoman.cli.registry.token_lengths import warn_of_long_tokens
from dragoman.cli.terminal.arguments import values_of
from dragoman.cli.terminal.asking import STANDARD_INPUT, ask_new_password, read_secret
from dragoman.cli.terminal.options import after_option, config_option, json_option, limit_option, tell_of_more
from dragoman.cli.terminal.showing import print_facts, print_json, print_table
from dragoman.config.reading import read_configuration
from dragoman.config.settings import Configuration
from dragoman.core.model import ResourceOwner
from dragoman.wiring.parts import epoch_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping


class CreateOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The command line of `create`, read."""

    path: Path
    username: str
    id: str | None
    email: str | None
    first_name: str
    last_name: str
    authorities: tuple[str, ...]
    belongs_to: str | None
    password_stdin: bool
    password_hash: str | None
    as_json: bool


class UpdateOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The command line of `update`, read."""

    path: Path
    who: str
    username: str | None
    email: str | None
    first_name: str | None
    last_name: str | None
    authorities: tuple[str, ...]
    belongs_to: str | None
    expired: bool | None
    password_expired: bool | None
    as_json: bool

    def members(self) -> Mapping[str, Any]:
        """The members of an account that something was said of; an empty text clears what may be empty."""
        names = ("username", "first_name", "last_name", "expired", "password_expired")
        said = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        cleared = {
            name: getattr(self, name) or None for name in ("email", "belongs_to") if getattr(self, name) is not None
        }
        lists = {"authorities": values_of(self.authorities)} if self.authorities else {}
        return {**said, **cleared, **lists}


@click.group("user", short_help="Create, show and change people's accounts.", no_args_is_help=True)
def command() -> None:
    """Create, show and change people's accounts.

    WHO is a user name, an e-mail or an id. Works beside a running server, which notices at once.
    """


@command.command(
    "create",
    short_help="Create an account.",
    epilog="""\b
Examples:
  dragoman user create ann --email ann@example.com --first-name Ann
  pass show ann | dragoman user create ann --password-stdin
  dragoman user create bob --id 1042 --password-hash - < bob.hash
  dragoman user create junhuh --authority ROLE_ADMIN --authority ROLE_AGENT
""",
)
@click.argument("username")
@click.option("--id", metavar="ID", help="What tokens call it; drawn unless given, and never changed.")
@click.option("--email", metavar="ADDRESS", help="A second login name.")
@click.option("--first-name", default="", metavar="TEXT", help="The given name.")
@click.option("--last-name", default="", metavar="TEXT", help="The family name.")
@click.option("--authority", "authorities", multiple=True, metavar="NAME", help="A role or authority; may be repeated.")
@click.option("--belongs-to", metavar="CLIENT", help="The client whose user this is: its tokens alone may act for it.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking twice.")
@click.option("--password-hash", metavar="HASH", help="Take over a hash that other software made; - reads it.")
@json_option
@config_option
def create(**parameters: object) -> None:
    """Create an account with the login name USERNAME. The password is asked for twice.

    An imported hash is replaced by a stronger one when its owner logs in.
    """
    options = msgspec.convert(parameters, CreateOptions)
    if options.password_stdin and options.password_hash is not None:
        raise click.UsageError("take --password-stdin or --password-hash out; an account has one password")
    configuration = read_configuration(options.path)
    owner = ResourceOwner(
        id=options.id or str(uuid.uuid4()),
        username=options.username,
        email=options.email,
        first_name=options.first_name,
        last_name=options.last_name,
        authorities=values_of(options.authorities),
        belongs_to=options.belongs_to,
        created_at=epoch_seconds(),
    )
    check_login_names(owner)
    created = replace(owner, password_hash=_first_hash(configuration, options, owner))
    with recorded(configuration, subject=owner.id):
        in_store(configuration, lambda store: store.administration.create_resource_owner(created))
    warn_of_long_tokens(configuration, created)
    _tell(created, as_json=options.as_json)


@command.command("update", short_help="Change an account.")
@click.argument("who")
@click.option("--username", metavar="NAME", help="Another user name.")
@click.option("--email", metavar="ADDRESS", help="Another e-mail.")
@click.option("--first-name", metavar="TEXT", help="Another given name.")
@click.option("--last-name", metavar="TEXT", help="Another family name.")
@click.option("--authority", "authorities", multiple=True, metavar="NAME", help="Its authorities from now on.")
@click.option("--belongs-to", metavar="CLIENT", help="The client whose user this is from now on.")
@click.option("--expired/--not-expired", default=None, help="Whether its time is over.")
@click.option("--password-expired/--password-not-expired", default=None, help="Whether its password no longer counts.")
@json_option
@config_option
def update(**parameters: object) -> None:
    """Change the account WHO: what is said replaces what was, and the rest stays.

    An empty text clears e-mail, authorities and the client.

    \b
    dragoman user update ann --email ann@example.org
    dragoman user update ann --authority "" --belongs-to ""
    dragoman user update bob --expired
    """
    options = msgspec.convert(parameters, UpdateOptions)
    said = options.members()
    if not said:
        raise click.UsageError("say what to change; --help lists all options")
    configuration = read_configuration(options.path)
    changed = change_account(configuration, options.who, lambda owner: replace(owner, **said))
    if "authorities" in said:
        warn_of_long_tokens(configuration, changed)
    if options.expired:
        warn_of_mirror(configuration, f"user {changed.username}", f"dragoman user sign-out {options.who}")
    _tell(changed, as_json=options.as_json)


@command.command("list", short_help="List accounts.")
@after_option
@limit_option
@json_option
@config_option
def list_(after: str, limit: int, path: Path, *, as_json: bool) -> None:
    """List accounts in the order of their ids.

    \b
    dragoman user list
    dragoman user list --json --limit 1000
    """
    configuration = read_configuration(path)
    found = in_store(configuration, lambda store: store.administration.list_resource_owners(after, limit))
    if as_json:
        print_json([describe_account(owner) for owner in found])
        return
    rows = ((one.id, one.username, one.email or "", state_of(one), one.belongs_to or "") for one in found)
    print_table(("id", "username", "e-mail", "state", "belongs to"), rows)
    tell_of_more(found, limit)


@command.command("show", short_help="Show all of an account but its password.")
@click.argument("who")
@json_option
@config_option
def show(who: str, path: Path, *, as_json: bool) -> None:
    """Show all of the account WHO but its password.

    \b
    dragoman user show ann
    dragoman user show ann@example.com --json
    """
    owner = in_store(read_configuration(path), lambda store: find_account(store, who))
    _tell(owner, as_json=as_json)


def _first_hash(configuration: Configuration, options: CreateOptions, owner: ResourceOwner) -> str:
    if options.password_hash is None:
        return hash_password(configuration, ask_new_password(from_standard_input=options.password_stdin), owner)
    given = options.password_hash
    stored = read_secret("hash").reveal() if given == STANDARD_INPUT else given
    return check_password_hash(configuration, stored)


def _tell(owner: ResourceOwner, *, as_json: bool) -> None:
    (print_json if as_json else print_facts)(describe_account(owner))


for _one in COMMANDS:
    command.add_command(_one)
