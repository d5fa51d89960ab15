"""The commands of `dragoman client` that switch a client on and off, change its secrets, and delete it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from dragoman.cli.operation.acts import SIGNED_OUT, recorded
from dragoman.cli.operation.announcing import tell_of_client, warn_of_mirror
from dragoman.cli.operation.opening import in_store
from dragoman.cli.registry.clients import (
    change_stored,
    find_client,
    first_secret,
    noticed,
    unknown_client,
)
from dragoman.cli.terminal.asking import confirm
from dragoman.cli.terminal.options import config_option, json_option
from dragoman.cli.terminal.showing import print_json, told_time
from dragoman.config.reading import read_configuration
from dragoman.config.settings import Configuration
from dragoman.core.errors import Fault
from dragoman.hashing.client_secrets import ending, without_end
from dragoman.wiring.parts import epoch_seconds

if TYPE_CHECKING:
    from pathlib import Path

    from dragoman.core.model import Client

_LONGEST = 10 * 365 * 86400


@click.command("disable", short_help="Refuse all of a client's requests and tokens.")
@click.argument("client_id", metavar="ID")
@config_option
def disable(client_id: str, path: Path) -> None:
    """Refuse all requests and tokens of the client ID until it is enabled again. Its sessions are kept.

    \b
    dragoman client disable shop-app
    """
    _switch(read_configuration(path), client_id, enabled=False)


@click.command("enable", short_help="Take a disabled client back.")
@click.argument("client_id", metavar="ID")
@config_option
def enable(client_id: str, path: Path) -> None:
    """Take the disabled client ID back, with the sessions it had.

    \b
    dragoman client enable shop-app
    """
    _switch(read_configuration(path), client_id, enabled=True)


@click.command("sign-out", short_help="End all sessions of a client.")
@click.argument("client_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option
def sign_out(client_id: str, path: Path, *, yes: bool) -> None:
    """End all sessions of the client ID, as when its tokens were stolen: everybody has to log in to it again.

    Whoever asks this server hears that none of their tokens is good. Who checks signatures alone does not.

    \b
    dragoman client sign-out shop-app --yes
    """
    configuration = read_configuration(path)
    in_store(configuration, lambda store: find_client(store, client_id))
    confirm(f"End all sessions of the client {client_id}? Everybody has to log in to it again.", already=yes)
    with recorded(configuration, client_id=client_id) as act:
        ended = in_store(
            configuration,
            lambda store: store.administration.revoke_grants_of_client(client_id, epoch_seconds(), SIGNED_OUT),
        )
        act.tell(sessions_ended=ended)
    click.echo(f"sessions of the client {client_id} that ended: {ended}")


@click.command("delete", short_help="Remove a client and end its sessions.")
@click.argument("client_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option
def delete(client_id: str, path: Path, *, yes: bool) -> None:
    """Remove the client ID and end its sessions. This cannot be undone.

    \b
    dragoman client delete shop-app --yes
    """
    configuration = read_configuration(path)
    in_store(configuration, lambda store: find_client(store, client_id))
    confirm(f"Delete the client {client_id} and end all its sessions?", already=yes)
    with recorded(configuration, client_id=client_id):
        if not in_store(configuration, lambda store: store.administration.delete_client(client_id, epoch_seconds())):
            raise unknown_client(client_id)
    tell_of_client(configuration, client_id)
    click.echo(f"client {client_id} is deleted and its sessions have ended{noticed(configuration)}")


@click.command("rotate-secret", short_help="Draw a new secret for a client.")
@click.argument("client_id", metavar="ID")
@click.option("--keep-old", is_flag=True, help="Let the secrets it has stay good beside the new one.")
@json_option
@config_option
def rotate_secret(client_id: str, path: Path, *, keep_old: bool, as_json: bool) -> None:
    """Draw a new secret for the client ID and print it, once. The old one is refused from then on.

    To change it without a gap, keep the old one at first, give the app the new one, then drop the old one, or have it
    end by itself.

    \b
    dragoman client rotate-secret shop-app --keep-old
    dragoman client drop-old-secrets shop-app --in 604800
    """
    configuration = read_configuration(path)
    secret, stored = first_secret(configuration, None)
    now = epoch_seconds()

    def change(client: Client) -> Client:
        _need_secret(client)
        kept = [one for one in client.secrets if keep_old and not _has_ended(one, now)]
        return replace(client, secrets=(*kept, *stored))

    client = change_stored(configuration, client_id, change)
    shown = "" if secret is None else secret.reveal()
    if as_json:
        print_json({"id": client_id, "secrets": len(client.secrets), "secret": shown})
        return
    click.echo(f"client {client_id} has {len(client.secrets)} secrets{noticed(configuration)}")
    click.echo(f"The new one, shown this once: {shown}")


@click.command("drop-old-secrets", short_help="Keep a client's newest secret only.")
@click.argument("client_id", metavar="ID")
@click.option(
    "--in", "seconds", type=click.IntRange(0, _LONGEST), default=0, show_default=True, metavar="SECONDS",
    help="From when on the old ones are refused.",
)  # fmt: skip
@config_option
def drop_old_secrets(client_id: str, seconds: int, path: Path) -> None:
    """Refuse all secrets of the client ID but the newest, at once or from some time on.

    With --in, all servers refuse them from the same second on, and nobody has to come back for it.

    \b
    dragoman client drop-old-secrets shop-app
    dragoman client drop-old-secrets shop-app --in 604800
    """
    configuration = read_configuration(path)
    now = epoch_seconds()
    end = now + seconds

    def change(client: Client) -> Client:
        _need_secret(client)
        old = [ending(one, end) for one in client.secrets[:-1] if seconds and not _has_ended(one, now)]
        return replace(client, secrets=(*old, *client.secrets[-1:]))

    client = change_stored(configuration, client_id, change)
    ends = [told_time(without_end(one)[1]) for one in client.secrets[:-1]]
    old = f", and {len(ends)} older that end at {', '.join(sorted(set(ends)))}" if ends else ", the newest"
    click.echo(f"client {client_id} has one secret{old}{noticed(configuration)}")


def _has_ended(stored: str, now: int) -> bool:
    until = without_end(stored)[1]
    return until is not None and until <= now


def _switch(configuration: Configuration, client_id: str, *, enabled: bool) -> None:
    change_stored(configuration, client_id, lambda client: replace(client, enabled=enabled))
    click.echo(f"client {client_id} is {'enabled' if enabled else 'disabled'}{noticed(configuration)}")
    if not enabled:
        warn_of_mirror(configuration, f"client {client_id}", f"dragoman client sign-out {client_id}")


def _need_secret(client: Client) -> None:
    if not client.confidential:
        raise Fault(f"client {client.id} is public and has no secret; delete it and create it anew without --public")


COMMANDS = (disable, enable, sign_out, delete, rotate_secret, drop_old_secrets)
