"""What `dragoman doctor` looks at in the directory: whether it answers, and as it should."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from dragoman.cli.commands.doctor.finding import Finding, fault_found, ok, problem
from dragoman.cli.operation.opening import passwords_of
from dragoman.core.errors import Fault, OAuthError
from dragoman.core.ports import Attempt
from dragoman.core.ports.directory import NotVerified
from dragoman.core.secret import Secret
from dragoman.http.log import Log
from dragoman.wiring.directory import opened_directory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.config.settings import Configuration

_AWAY = "whoever lives there gets 503 until it is mended; accounts that live here log in all the same"
_SAYS_YES = "mend it before anybody logs in: it lets in whoever asks"


def check_directory(configuration: Configuration) -> Iterator[Finding]:
    """Ask it for somebody whom nobody can be; nothing where no directory is named."""
    if not configuration.directory.configured:
        return
    name = configuration.directory.name
    try:
        believed = asyncio.run(_ask(configuration))
    except OAuthError as refused:
        yield problem("directory", f"{name} gives no answer that could be used: {refused.detail}", _AWAY)
    except Fault as fault:
        yield fault_found("directory", fault)
    else:
        yield (
            problem("directory", f"{name} knows a person that was made up", _SAYS_YES)
            if believed
            else ok("directory", f"{name} answers")
        )


async def _ask(configuration: Configuration) -> bool:
    """Whether it knows somebody by a name, a password or an id that were drawn just now. Refuses as a directory."""
    drawn = secrets.token_hex(16)
    with passwords_of(configuration) as passwords:
        async with opened_directory(configuration, passwords, drawn.encode(), Log("error")) as opened:
            if opened is None:
                return False
            attempt = Attempt(client_id="", address="", login=drawn)
            verified = await opened.directory.verify(drawn, Secret(drawn), attempt)
            return not isinstance(verified, NotVerified) or await opened.directory.find(drawn) is not None
