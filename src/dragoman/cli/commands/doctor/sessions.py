"""What `dragoman doctor` looks at in the sessions of a server that stood here before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.cli.commands.doctor.finding import Finding, fault_found, ok, warning
from dragoman.cli.operation.opening import in_store
from dragoman.cli.terminal.showing import told_time
from dragoman.core.errors import Fault
from dragoman.wiring.parts import open_former_servers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.config.settings import Configuration, FormerTable
    from dragoman.former_sessions.adoption import FormerServer


def check_sessions(configuration: Configuration, now: int) -> Iterator[Finding]:
    """Whether they can be adopted, how many there are, and what an operator took upon himself; nothing without any."""
    if not configuration.former:
        return
    try:
        servers = open_former_servers(configuration)
        counts = {one.format: one for one in in_store(configuration, lambda store: store.former_sessions.count())}
    except Fault as fault:
        yield fault_found("sessions", fault)
        return
    for table, server in zip(configuration.former, servers, strict=True):
        count = counts.get(server.format)
        known = "none listed" if count is None else f"{count.known} known, {count.adopted} adopted"
        yield from _warnings(table, server, now)
        if now < server.until:
            yield ok("sessions", f"{server.format}: {known}; more are adopted until {told_time(server.until)}")


def _warnings(table: FormerTable, server: FormerServer, now: int) -> Iterator[Finding]:
    if server.until <= now:
        text = f"{server.format}: nothing is adopted any more since {told_time(server.until)}"
        yield warning("sessions", text, "take its [[former]] out of the configuration, and destroy the old key")
        return
    if table.unlisted:
        text = f"{server.format}: sessions that were ended at the old server are adopted, if no import knows better"
        yield warning("sessions", text, "keep `until` near")
    if table.weak_key:
        text = f"{server.format}: the shared key may be so short that whoever has a token can find it out"
        yield warning("sessions", text, "keep `until` near: until then the key opens every account")
