"""The shadows of a server, as the configuration has them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dragoman.outgoing.server import OtherServer
from dragoman.shadow.sessions import Sessions
from dragoman.shadow.shadowing import Shadowing, Theirs
from dragoman.shadow.standin import without_traces

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dragoman.config.old_servers import ShadowTable
    from dragoman.config.settings import Configuration
    from dragoman.http.endpoints import Desk
    from dragoman.http.log import Log


def open_shadows(configuration: Configuration, desks: Sequence[Desk], log: Log) -> tuple[Shadowing, ...]:
    """What answers in place of some of these desks, each to be closed at the end. Raises Fault."""
    tables = [mount.shadow for mount in configuration.mounts]
    return tuple(
        _open_shadow(configuration, table, table.old_server_url, desk, log)
        for table, desk in zip(tables, desks, strict=True)
        if table.old_server_url is not None
    )


def behind(shadows: Iterable[Shadowing], desks: Sequence[Desk]) -> Sequence[Desk]:
    """The same desks; some leave their answers to others."""
    others = {id(one.desk.mount): one.answer for one in shadows}
    return [replace(desk, elsewhere=others.get(id(desk.mount))) for desk in desks]


def sentence_of(shadow: Shadowing) -> str:
    """What whoever starts the server is told of a mount in the shadow."""
    paths = ", ".join(shadow.desk.mount.paths_of("token"))
    return f"another server answers at {paths}, nothing is issued there by this one (docs/shadow.md)"


def _open_shadow(configuration: Configuration, table: ShadowTable, url: str, desk: Desk, log: Log) -> Shadowing:
    sessions = Sessions()
    server = OtherServer(url, seconds=table.seconds, most_at_once=table.at_once)
    return Shadowing(
        replace(desk, services=without_traces(desk.services, sessions)),
        Theirs(server=server, address_header=table.address_header),
        sessions,
        configuration.path(table.record),
        log,
    )
