"""Clients in the store, found and changed, and what is told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dragoman.cli.operation.acts import names_of_changes, recorded
from dragoman.cli.operation.announcing import tell_of_client
from dragoman.cli.operation.opening import client_secrets_of, in_store
from dragoman.cli.registry.registration import describe_client, warnings_about
from dragoman.cli.terminal.asking import read_named_secret
from dragoman.cli.terminal.showing import print_facts, print_json, warn
from dragoman.core.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.config.settings import Configuration
    from dragoman.core.model import Client
    from dragoman.core.secret import Secret
    from dragoman.hashing.client_secrets import ClientSecretHasher
    from dragoman.store.store import Store

_SHORTEST_SECRET = 22
"""Characters that 128 random bits need in base64url (RFC 6749 §10.10)."""


async def find_client(store: Store, client_id: str) -> Client:
    """The client of this id. Raises Fault."""
    client = await store.find_client(client_id)
    if client is None:
        raise unknown_client(client_id)
    return client


def unknown_client(client_id: str) -> Fault:
    """What to say of an id that no client has."""
    return Fault(f"there is no client {client_id!r}; `dragoman client list` shows all")


def change_stored(configuration: Configuration, client_id: str, change: Callable[[Client], Client]) -> Client:
    """The client as it is after the change. Raises Fault."""

    async def work(store: Store) -> Client:
        client = await find_client(store, client_id)
        changed = change(client)
        with recorded(configuration, client_id=client_id, changed=names_of_changes(client, changed)):
            if not await store.administration.update_client(changed):
                raise unknown_client(client_id)
        return changed

    client = in_store(configuration, work)
    tell_of_client(configuration, client_id)
    return client


def first_secret(configuration: Configuration, given: str | None) -> tuple[Secret | None, tuple[str, ...]]:
    """The secret to print, if it is drawn, and what to store. `given` is `-` or nothing. Raises Fault."""
    with client_secrets_of(configuration) as hasher:
        if given is None:
            new = hasher.new_secret()
            return new.secret, (new.stored,)
        return None, (_store_given(hasher, read_named_secret("secret", given)),)


def _store_given(hasher: ClientSecretHasher, secret: Secret) -> str:
    if len(secret.reveal()) < _SHORTEST_SECRET:
        warn(
            f"a secret of fewer than {_SHORTEST_SECRET} characters may be guessed; `client rotate-secret` draws another"
        )
    return hasher.store(secret)


def tell_client(configuration: Configuration, client: Client, secret: Secret | None, *, as_json: bool) -> None:
    """Print all of a client, with warnings on standard error, and its secret this once."""
    for sentence in warnings_about(configuration, client):
        warn(sentence)
    described = describe_client(client)
    if as_json:
        print_json(described if secret is None else {**described, "secret": secret.reveal()})
        return
    print_facts(described)
    if secret is not None:
        click.echo(f"\nIts secret, shown this once: {secret.reveal()}")


def noticed(configuration: Configuration) -> str:
    """When a running server knows, as the end of a sentence."""
    seconds = configuration.client_cache_seconds
    if configuration.shared is not None:
        return f"; running servers are told, and notice within {max(seconds, 1)} s otherwise"
    return f"; a running server notices within {seconds} s" if seconds else ""
