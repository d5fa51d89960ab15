"""`dragoman client`: the apps that ask for tokens."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from dragoman.cli.commands.client.options import ClientOptions, client_options
from dragoman.cli.commands.client.state import COMMANDS
from dragoman.cli.operation.acts import recorded
from dragoman.cli.operation.announcing import tell_of_client
from dragoman.cli.operation.opening import in_store
from dragoman.cli.registry.clients import change_stored, find_client, first_secret, tell_client
from dragoman.cli.registry.registration import (
    change_client,
    check_client_id,
    describe_client,
    dialects_of,
    make_client,
    new_client_id,
)
from dragoman.cli.terminal.options import after_option, config_option, json_option, limit_option, tell_of_more
from dragoman.cli.terminal.showing import print_facts, print_json, print_table
from dragoman.config.reading import read_configuration
from dragoman.core.model import Client
from dragoman.wiring.parts import epoch_seconds


class CreateOptions(ClientOptions, frozen=True):
    """The command line of `create`, read."""

    path: Path
    client_id: str | None
    generate: bool
    public: bool
    secret: str | None
    as_json: bool


class UpdateOptions(ClientOptions, frozen=True):
    """The command line of `update`, read."""

    path: Path
    client_id: str
    as_json: bool


@click.group("client", short_help="Create, show and change the apps that ask for tokens.", no_args_is_help=True)
def command() -> None:
    """Create, show and change clients: the apps that ask for tokens.

    Works beside a running server, which notices within the seconds that `client_cache_seconds` says.
    """


@command.command(
    "create",
    short_help="Register a client.",
    epilog="""\b
Examples:
  dragoman client create shop-app --grant-type "password refresh_token" --scope "read write"
  dragoman client create --generate --name "Nightly job" --grant-type client_credentials
  dragoman client create 2 --dialect jobspace --grant-type password --secret - < old-secret
  dragoman client create spa --public --grant-type password --grant-type refresh_token --grace 0
""",
)
@click.argument("client_id", metavar="[ID]", required=False)
@click.option("--generate", is_flag=True, help="Draw an id instead of naming one.")
@click.option("--public", is_flag=True, help="It can keep no secret, and gets none (RFC 6749 §2.1).")
@click.option("--secret", metavar="-", help="Write -, and pipe in the secret it has already. Without, one is drawn.")
@client_options
@json_option
@config_option
def create(**parameters: object) -> None:
    """Register the client ID. A secret that is drawn is printed once, and never again.

    What is not said comes from its first dialect.
    """
    options = msgspec.convert(parameters, CreateOptions)
    if (options.client_id is None) is not options.generate:
        raise click.UsageError("name an ID, or let one be drawn with --generate")
    if options.public and options.secret is not None:
        raise click.UsageError("a public client has no secret; take --public or --secret out")
    client_id = new_client_id() if options.client_id is None else options.client_id
    check_client_id(client_id)
    configuration = read_configuration(options.path)
    secret, stored = (None, ()) if options.public else first_secret(configuration, options.secret)
    said = {**options.members(), "id": client_id, "secrets": stored, "created_at": epoch_seconds()}
    client = make_client(dialects_of(configuration), said)
    with recorded(configuration, client_id=client_id):
        in_store(configuration, lambda store: store.administration.create_client(client))
    tell_of_client(configuration, client_id)
    tell_client(configuration, client, secret, as_json=options.as_json)


@command.command("update", short_help="Change a client.")
@click.argument("client_id", metavar="ID")
@client_options
@json_option
@config_option
def update(**parameters: object) -> None:
    """Change the client ID: what is said replaces what was, and the rest stays. An empty text clears a list.

    \b
    dragoman client update shop-app --access-token-lifetime 600
    dragoman client update shop-app --grant-type client_credentials --grant-type refresh_token
    dragoman client update shop-app --audience ""
    """
    options = msgspec.convert(parameters, UpdateOptions)
    said = options.members()
    if not said:
        raise click.UsageError("say what to change; --help lists all options")
    configuration = read_configuration(options.path)
    words_of = dialects_of(configuration)
    client = change_stored(configuration, options.client_id, lambda client: change_client(words_of, client, said))
    tell_client(configuration, client, None, as_json=options.as_json)


@command.command("list", short_help="List clients.")
@after_option
@limit_option
@json_option
@config_option
def list_(after: str, limit: int, path: Path, *, as_json: bool) -> None:
    """List clients in the order of their ids.

    \b
    dragoman client list
    dragoman client list --json --limit 1000
    """
    configuration = read_configuration(path)
    found = in_store(configuration, lambda store: store.administration.list_clients(after, limit))
    if as_json:
        print_json([describe_client(client) for client in found])
        return
    rows = (
        (one.id, one.name, _state(one), " ".join(sorted(one.dialects)), " ".join(sorted(one.grant_types)))
        for one in found
    )
    print_table(("id", "name", "state", "dialects", "grant types"), rows)
    tell_of_more(found, limit)


@command.command("show", short_help="Show all of a client but its secrets.")
@click.argument("client_id", metavar="ID")
@json_option
@config_option
def show(client_id: str, path: Path, *, as_json: bool) -> None:
    """Show all of the client ID but its secrets.

    \b
    dragoman client show shop-app
    dragoman client show shop-app --json
    """
    client = in_store(read_configuration(path), lambda store: find_client(store, client_id))
    (print_json if as_json else print_facts)(describe_client(client))


def _state(client: Client) -> str:
    return ("public" if not client.confidential else "confidential") if client.enabled else "disabled"


for _one in COMMANDS:
    command.add_command(_one)
