"""What `dragoman doctor` looks at in old servers: whether that of a bridge or a shadow answers, and a bridge's end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dragoman.cli.commands.doctor.finding import Finding, fault_found, ok, problem, warning
from dragoman.outgoing.server import NoAnswer, NotInstalled, OtherServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.config.settings import Configuration, MountTable

_MEND = "start it, or mend old_server_url, the name service or the network; until then 503 is what"
_SHADOW_AWAY = f"{_MEND} all clients of this mount get"
_BRIDGE_AWAY = f"{_MEND} whoever is unknown here gets"


def check_old_servers(configuration: Configuration, now: int) -> Iterator[Finding]:
    """Ask each of them for a page, whatever it says; nothing where none is named."""
    for mount in configuration.mounts:
        shadow, bridge = mount.shadow, mount.bridge
        if shadow.old_server_url is not None:
            yield _look("shadow", mount, shadow.old_server_url, shadow.seconds, _SHADOW_AWAY)
        if bridge.old_server_url is None or bridge.until is None:
            continue
        if bridge.until.timestamp() <= now:
            told = f"{mount.dialect}: it ended at {bridge.until.isoformat()}, and nobody is asked for there any more"
            yield warning("bridge", told, "take mounts.bridge out")
        else:
            yield _look("bridge", mount, bridge.old_server_url, bridge.seconds, _BRIDGE_AWAY)


def _look(check: str, mount: MountTable, url: str, seconds: float, remedy: str) -> Finding:
    try:
        asyncio.run(_ask(url, seconds))
    except NotInstalled as fault:
        return fault_found(check, fault)
    except NoAnswer as reason:
        return problem(check, f"{mount.dialect}: {url} does not answer: {reason}", remedy)
    return ok(check, f"{mount.dialect}: {url} answers")


async def _ask(url: str, seconds: float) -> None:
    """Raises NoAnswer, NotInstalled."""
    server = OtherServer(url, seconds=seconds, most_at_once=1)
    try:
        await server.ask("GET", b"/", (), b"")
    finally:
        await server.close()
