"""After a change: running servers are told to look again, where there is a shared server to tell them by."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dragoman.cli.terminal.showing import warn
from dragoman.shared_server.address import read_address
from dragoman.shared_server.faults import Away
from dragoman.shared_server.hints import ClientChanged, Hint, KeysChanged

if TYPE_CHECKING:
    from dragoman.config.settings import Configuration


def tell_of_client(configuration: Configuration, client_id: str) -> None:
    """Tell running servers that a client was made, changed or deleted, once committed. A failure is a warning."""
    seconds = configuration.client_cache_seconds
    _tell(configuration, ClientChanged(client_id), f"they notice within {max(seconds, 1)} s")


def tell_of_keys(configuration: Configuration) -> None:
    """Keys have been added or retired. A failure is a warning."""
    _tell(configuration, KeysChanged(), "they notice within 1 s")


def warn_of_mirror(configuration: Configuration, whose: str, remedy: str) -> None:
    """Say so where what is refused here from now on has not ended: APIs that look rows up go on (docs/mirror.md)."""
    if configuration.mirror.url is not None:
        warn(f"in the mirror the access tokens of {whose} are good until they expire; `{remedy}` ends them there too")


def _tell(configuration: Configuration, hint: Hint, otherwise: str) -> None:
    url = configuration.shared_location()
    if url is None:
        return
    from dragoman.shared_server.announcing import announce  # noqa: PLC0415 (who has no shared server needs no such driver)

    address = read_address(url)
    try:
        asyncio.run(announce(address, configuration.shared_prefix, hint))
    except Away as away:
        warn(f"running servers could not be told by {address.shown} ({away}); {otherwise}")
