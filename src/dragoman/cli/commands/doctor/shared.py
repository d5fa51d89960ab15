"""What `dragoman doctor` looks at in the shared server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dragoman.cli.commands.doctor.finding import Finding, ok, problem, warning
from dragoman.shared_server.address import read_address, tls_context
from dragoman.shared_server.faults import Away, SharedFault
from dragoman.wiring.throttle import find_why_alone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.config.settings import Configuration

_ALONE = "mend it or take `shared` out; servers go on, and notice changes of clients a second later"
_COUNTING = "let its user run the throttle's script (docs/shared-state.md); until then each machine counts by itself"


def check_shared(configuration: Configuration) -> Iterator[Finding]:
    """Whether hints arrive, and what could be better; nothing where no server is named."""
    url = configuration.shared_location()
    if url is None:
        return
    from dragoman.shared_server.examination import examine  # noqa: PLC0415 (who has no shared server needs no such driver)

    address = read_address(url)
    try:
        if address.tls is not None:
            tls_context(address.tls)
        found = asyncio.run(examine(address, configuration.shared_prefix))
        alone = asyncio.run(find_why_alone(configuration, address)) if configuration.throttle.enabled else None
    except SharedFault as fault:
        yield problem("shared", str(fault), "a server refuses to start like this")
        return
    except Away as away:
        yield problem("shared", f"{address.shown} is of no use: {away}", _ALONE)
        return
    for text, remedy in found.warnings:
        yield warning("shared", f"{address.shown}: {text}", remedy)
    if alone is not None:
        yield problem("throttle", f"guesses are not counted in {address.shown}: {alone}", _COUNTING)
    yield ok("shared", f"{address.shown}: {found.version}, hints arrive")
