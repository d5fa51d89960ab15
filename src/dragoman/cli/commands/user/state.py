"""The commands of `dragoman user` that let an account in or keep it out, end its sessions, and delete it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dragoman.cli.operation.acts import SIGNED_OUT, recorded
from dragoman.cli.operation.opening import in_store
from dragoman.cli.registry.accounts import change_account, find_account, hash_password
from dragoman.cli.terminal.asking import ask_new_password, confirm
from dragoman.cli.terminal.options import config_option
from dragoman.config.reading import read_configuration
from dragoman.wiring.parts import epoch_seconds

if TYPE_CHECKING:
    from dragoman.core.model import ResourceOwner
    from dragoman.store.store import Store

_NEW_PASSWORD = "password_changed"


@click.command("set-password", short_help="Set another password and end all sessions.")
@click.argument("who")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking twice.")
@click.option("--keep-sessions", is_flag=True, help="Let the sessions that began with the old password go on.")
@config_option
def set_password(who: str, path: Path, *, password_stdin: bool, keep_sessions: bool) -> None:
    """Set another password for the account WHO and end its sessions: somebody may know the old one.

    \b
    dragoman user set-password ann
    pass show ann | dragoman user set-password ann --password-stdin
    dragoman user set-password ann --keep-sessions
    """
    configuration = read_configuration(path)
    named = in_store(configuration, lambda store: find_account(store, who))
    stored = hash_password(configuration, ask_new_password(from_standard_input=password_stdin), named)

    async def work(store: Store) -> tuple[ResourceOwner, int]:
        owner = await find_account(store, who)
        with recorded(configuration, subject=owner.id) as act:
            await store.administration.set_password_hash(owner.id, stored)
            if owner.password_expired:
                changed = replace(owner, password_expired=False)
                await store.administration.update_resource_owner(changed, epoch_seconds())
            if keep_sessions:
                return owner, 0
            # after the password, so that no session can begin with the old one in between
            ended = await store.administration.revoke_grants_of_subject(owner.id, epoch_seconds(), _NEW_PASSWORD)
            act.tell(sessions_ended=ended)
        return owner, ended

    owner, ended = in_store(configuration, work)
    told = f"sessions go on, `dragoman user sign-out {who}` ends them" if keep_sessions else f"sessions ended: {ended}"
    click.echo(f"user {owner.username} has another password; {told}")


@click.command("disable", short_help="Close an account and end its sessions.")
@click.argument("who")
@config_option
def disable(who: str, path: Path) -> None:
    """Close the account WHO and end its sessions, until it is enabled again.

    \b
    dragoman user disable ann
    """
    owner = change_account(read_configuration(path), who, lambda owner: replace(owner, enabled=False))
    click.echo(f"user {owner.username} is disabled and its sessions have ended")


@click.command("enable", short_help="Open a disabled account again.")
@click.argument("who")
@config_option
def enable(who: str, path: Path) -> None:
    """Open the disabled account WHO again.

    \b
    dragoman user enable ann
    """
    owner = change_account(read_configuration(path), who, lambda owner: replace(owner, enabled=True))
    click.echo(f"user {owner.username} is enabled")


@click.command("lock", short_help="Let nobody log in to an account.")
@click.argument("who")
@config_option
def lock(who: str, path: Path) -> None:
    """Let nobody log in to the account WHO. Its sessions go on: a lock is often an attacker's doing.

    \b
    dragoman user lock ann
    """
    owner = change_account(read_configuration(path), who, lambda owner: replace(owner, locked=True))
    click.echo(f"user {owner.username} is locked; sessions go on, `dragoman user sign-out {who}` ends them")


@click.command("unlock", short_help="Let its owner log in again.")
@click.argument("who")
@config_option
def unlock(who: str, path: Path) -> None:
    """Let the owner of the account WHO log in again, where it is locked or has had too many wrong passwords.

    Running servers forget the wrong passwords at its next log-in.

    \b
    dragoman user unlock ann
    """
    configuration = read_configuration(path)
    owner = change_account(configuration, who, lambda owner: replace(owner, locked=False))
    in_store(configuration, lambda store: store.administration.reset_throttle(owner.id))
    click.echo(f"user {owner.username} is unlocked, and its wrong passwords are forgotten")


@click.command("sign-out", short_help="End all sessions of an account.")
@click.argument("who")
@config_option
def sign_out(who: str, path: Path) -> None:
    """End all sessions of the account WHO. It may log in again.

    Whoever asks this server hears that none of its tokens is good. Who checks signatures alone does not.

    \b
    dragoman user sign-out ann
    """
    configuration = read_configuration(path)

    async def work(store: Store) -> tuple[ResourceOwner, int]:
        owner = await find_account(store, who)
        with recorded(configuration, subject=owner.id) as act:
            ended = await store.administration.revoke_grants_of_subject(owner.id, epoch_seconds(), SIGNED_OUT)
            act.tell(sessions_ended=ended)
        return owner, ended

    owner, ended = in_store(configuration, work)
    click.echo(f"user {owner.username} is signed out; sessions that ended: {ended}")


@click.command("delete", short_help="Remove an account and end its sessions.")
@click.argument("who")
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option
def delete(who: str, path: Path, *, yes: bool) -> None:
    """Remove the account WHO and end its sessions. This cannot be undone.

    \b
    dragoman user delete ann --yes
    """
    configuration = read_configuration(path)
    owner = in_store(configuration, lambda store: find_account(store, who))
    confirm(f"Delete the user {owner.username} (id {owner.id}) and end all its sessions?", already=yes)
    with recorded(configuration, subject=owner.id):
        in_store(configuration, lambda store: store.administration.delete_resource_owner(owner.id, epoch_seconds()))
    click.echo(f"user {owner.username} is deleted and its sessions have ended")


COMMANDS = (set_password, disable, enable, lock, unlock, sign_out, delete)
