"""What `dragoman doctor` looks at in the lists of passwords that may not be set."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from dragoman.cli.commands.doctor.finding import Finding, ok, problem
from dragoman.core.password_rules import find_weakness
from dragoman.core.secret import Secret
from dragoman.password_lists.faults import PasswordListFault
from dragoman.password_lists.opening import open_lists

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.config.settings import Configuration


def check_password_lists(configuration: Configuration) -> Iterator[Finding]:
    """Whether each list can be read, by asking it for a password that is in none; nothing where none is named."""
    for path in map(configuration.path, configuration.passwords.refused):
        try:
            find_weakness(Secret(secrets.token_hex(16)), (), open_lists((path,)))
        except PasswordListFault as fault:
            yield problem("passwords", str(fault), "until then no password can be set; log-ins go on")
        else:
            yield ok("passwords", f"{path} can be asked")
