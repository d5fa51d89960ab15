"""What `dragoman doctor` looks at in the mirror: whether its database takes the statements."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dragoman.cli.commands.doctor.finding import Finding, fault_found, ok, problem
from dragoman.core.errors import Fault
from dragoman.wiring.mirror import examine_mirror

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.config.settings import Configuration

_REMEDY = "mend the statement or the table (docs/mirror.md): until then no token is issued where tokens are mirrored"


def check_mirror(configuration: Configuration) -> Iterator[Finding]:
    """Have its statements prepared, and run none; nothing where no mirror is named."""
    if configuration.mirror.url is None:
        return
    try:
        why_not = asyncio.run(examine_mirror(configuration))
    except Fault as fault:
        yield fault_found("mirror", fault)
    else:
        yield ok("mirror", "it takes the statements") if why_not is None else problem("mirror", why_not, _REMEDY)
