"""What `dragoman doctor` says of passwords: lists of those that may not be set, guesses, and what a hash costs."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from dragoman.cli.commands.doctor.finding import Finding, ok, problem, warning
from dragoman.core.password_rules import find_weakness
from dragoman.core.secret import Secret
from dragoman.password_lists.faults import PasswordListFault
from dragoman.password_lists.opening import open_lists

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.config.settings import Configuration

_HUGE_PAGE_KIB = 2048
_MOST_GUESSES = 100
"""Wrong passwords in a row (NIST SP 800-63B-4 §3.2.2)."""


def check_password_lists(configuration: Configuration) -> Iterator[Finding]:
    """Whether each list can be read, by asking it for a password that is in none; nothing where none is named."""
    for path in map(configuration.path, configuration.passwords.refused):
        try:
            find_weakness(Secret(secrets.token_hex(16)), (), open_lists((path,)))
        except PasswordListFault as fault:
            yield problem("passwords", str(fault), "until then no password can be set; log-ins go on")
        else:
            yield ok("passwords", f"{path} can be asked")


def check_hash_memory(configuration: Configuration, setting: str | None) -> Iterator[Finding]:
    """Whether each hash pays for small pages; nothing where its memory would not fill a huge one.

    `setting`: the system's, where it gives none.
    """
    if setting is not None and configuration.passwords.memory_kib >= _HUGE_PAGE_KIB:
        yield warning(
            "passwords",
            f"the memory of each hash comes in pages of 4 KiB (transparent_hugepage/enabled says {setting}), "
            "which is a third to a half of what a log-in costs",
            "see huge pages in docs/hash-guard.md: `always` is a setting of the whole machine",
        )


def check_guesses(configuration: Configuration) -> Iterator[Finding]:
    """Whether anybody may guess at a password oftener than a hundred times."""
    throttle = configuration.throttle
    if not throttle.enabled:
        yield warning("guesses", "guesses at passwords are not counted", "take `enabled = false` out of [throttle]")
    elif throttle.account_limit > _MOST_GUESSES:
        yield warning(
            "guesses",
            f"{throttle.account_limit} wrong passwords in a row are let through, where NIST SP 800-63B-4 has 100",
            f"set throttle.account_limit to {_MOST_GUESSES} or less",
        )
