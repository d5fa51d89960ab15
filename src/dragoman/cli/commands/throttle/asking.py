"""Whose counters are meant, and how they stand: asked of the running server, or of the one that machines share.

Neither is sent a name: counters are called by digests under a key of the installation, which a command can read.
"""

from __future__ import annotations

import asyncio
import http.client
import ipaddress
from contextlib import closing
from typing import TYPE_CHECKING

import msgspec

from dragoman.cli.operation.opening import in_store
from dragoman.core.errors import Fault
from dragoman.core.ip_address import read_ip_address
from dragoman.core.login_name import LONGEST_LOGIN_NAME, canonical, skeleton
from dragoman.core.throttle import Attempt, Standing, Standings, account_of
from dragoman.http.scrape import THROTTLE_PATH
from dragoman.shared_server.address import read_address
from dragoman.throttle.keys import write_keys
from dragoman.wiring.parts import read_keyring
from dragoman.wiring.throttle import look_together, namer_of

if TYPE_CHECKING:
    from dragoman.config.settings import Configuration
    from dragoman.core.model import ResourceOwner
    from dragoman.store.store import Store
    from dragoman.throttle.keys import Keys, Namer

_SECONDS = 5.0
_WITHOUT = (
    "`dragoman audit search --event account_closed_to_strangers` tells who was held back, "
    "and `dragoman user unlock WHO` lets an account in"
)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The command line, read."""

    who: str | None
    address: str | None
    client: str | None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the throttle knows of an account, as `throttle show` prints it."""

    account: str | None
    """As it was asked for."""
    exists: bool
    """Whether somebody has this name; else it is counted by itself, as a name that nobody has."""
    address: str | None
    """In its one spelling."""
    address_known: bool
    """Whether the account's owner has logged in from there."""
    known_addresses: int
    """From how many places its owner has."""
    client: str | None
    known: Standing | None
    strangers: Standing | None
    by_address: Standing | None
    by_client: Standing | None


def ask(configuration: Configuration, asked: Asked) -> Told:
    """How the counters stand. Raises Fault, also where nobody can be asked."""
    if not configuration.throttle.enabled:
        raise Fault("throttle.enabled is false: nobody is held back, and nothing is counted")
    address = None if asked.address is None else _read(asked.address)
    owner = None if asked.who is None else _find(configuration, asked.who)
    namer = namer_of(configuration, read_keyring(configuration.path(configuration.keys)).throttle_key())
    login = canonical(asked.who or "") if len(asked.who or "") <= LONGEST_LOGIN_NAME else ""  # as at a log-in
    if any(mount.bridge.old_server_url is not None for mount in configuration.mounts):
        login = skeleton(login)  # as where nobody here has the name and the old server is asked
    account = account_of(None, 0, login) if owner is None else account_of(owner.id, owner.throttle_resets, "")
    known = owner is not None and address is not None and namer.place(owner.id, address) in owner.known_places
    attempt = Attempt(account=account, known=known, address=address or "", client_id=asked.client or "")
    standings = _look(configuration, namer, attempt)
    return Told(
        account=asked.who,
        exists=owner is not None,
        address=address,
        address_known=known,
        known_addresses=0 if owner is None else len(owner.known_places),
        client=asked.client,
        known=None if owner is None else standings.known,
        strangers=None if asked.who is None else standings.strangers,
        by_address=None if address is None else standings.address,
        by_client=None if asked.client is None else standings.client,
    )


def _read(text: str) -> str:
    address = read_ip_address(text)
    if address is None:
        raise Fault(f"{text!r} is no IP address; write one like 192.0.2.7 or 2001:db8::7")
    return str(address)


def _find(configuration: Configuration, who: str) -> ResourceOwner | None:
    """The account with this user name, e-mail or id, if there is one."""

    async def work(store: Store) -> ResourceOwner | None:
        return await store.find_resource_owner_by_login(canonical(who)) or await store.find_resource_owner(who)

    return in_store(configuration, work)


def _look(configuration: Configuration, namer: Namer, attempt: Attempt) -> Standings:
    keys = namer.keys(attempt)
    url = configuration.shared_location()
    if url is not None:
        return asyncio.run(look_together(configuration, read_address(url), keys))
    return _look_at_server(configuration, keys)


def _look_at_server(configuration: Configuration, keys: Keys) -> Standings:
    port, host = configuration.metrics.port, _reachable(configuration.metrics.host)
    if port is None:
        raise Fault(
            "a server without `shared` counts in its own memory, where nobody else can look; so that it can be asked, "
            "write `port = 9464` under [metrics] in the configuration (or set DRAGOMAN_METRICS__PORT) and restart it. "
            f"Until then {_WITHOUT}"
        )
    if port == 0:
        raise Fault(
            "metrics.port is 0: the server took a free port, and only its start says which; write one that is always "
            f"the same, and restart it. Until then {_WITHOUT}"
        )
    try:
        with closing(http.client.HTTPConnection(host, port, timeout=_SECONDS)) as connection:
            connection.request("GET", THROTTLE_PATH + write_keys(keys))
            answer = connection.getresponse()
            body = answer.read(65536)
    except (OSError, http.client.HTTPException) as error:
        told = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        raise Fault(f"no server answers at {host} port {port} (metrics.port): {told}") from None
    try:
        return msgspec.json.decode(body if answer.status == http.client.OK else b"", type=Standings)
    except msgspec.MsgspecError:
        raise Fault(
            f"what answers at {host} port {port} (metrics.port) does not tell; it is no server of this installation, "
            "or one of before an update: restart it"
        ) from None


def _reachable(host: str) -> str:
    """Where a server that listens there can be spoken to from this machine."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    return "127.0.0.1" if isinstance(address, ipaddress.IPv4Address) else "::1"
