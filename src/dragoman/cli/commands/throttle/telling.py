"""How counters stand, as people read it, and what it comes to for the next log-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.core.throttle import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.cli.commands.throttle.asking import Told
    from dragoman.core.throttle import Standing

_PASSWORDS = "wrong passwords in a row, the last"
_BOTH = "wrong passwords and client secrets, the first"


def sentences(told: Told) -> Iterator[str]:
    """A line for each counter, and one for what comes of them."""
    name = told.account or ""
    if told.account is not None and not told.exists:
        yield f"nobody is called {name}; such names are counted in the same way"
    if told.known is not None:
        yield f"{name}, from its known addresses ({told.known_addresses}): {_told(told.known, _PASSWORDS)}"
    if told.strangers is not None:
        yield f"{name}, from any other address: {_told(told.strangers, _PASSWORDS)}"
    if told.by_address is not None:
        known = f" (known for {name})" if told.address_known else ""
        yield f"{told.address}{known}: {_told(told.by_address, _BOTH)}"
    if told.by_client is not None:
        beyond = "; that is an alarm, and holds nobody" if told.by_client.verdict is Verdict.REFUSED else ""
        yield f"client {told.client}: {_number(told.by_client, _BOTH)}{beyond}"
    if told.strangers is not None:
        yield _conclusion(told, told.strangers)


def _told(standing: Standing, what: str) -> str:
    match standing.verdict:
        case Verdict.REFUSED:
            return f"held for {standing.closed_for} s more; {_number(standing, what)}"
        case Verdict.BUSY:
            return f"waits for {standing.checking} that are being checked; {_number(standing, what)}"
        case Verdict.ADMITTED:
            return f"free; {_number(standing, what)}"


def _number(standing: Standing, what: str) -> str:
    counted, _, when = what.rpartition(", ")
    return f"{standing.failures} {counted}" + (f", {when} {standing.since} s ago" if standing.failures else "")


def _conclusion(told: Told, strangers: Standing) -> str:
    """As `throttle.counters` would decide."""
    whose = f"a log-in of {told.account} from {told.address or 'an address that is not known'}"
    if told.address_known and told.known is not None and told.known.verdict is not Verdict.REFUSED:
        return f"{whose} is checked"
    if told.by_address is not None and told.by_address.verdict is Verdict.REFUSED:
        return (
            f"{whose} is refused as too many requests, whatever the password, for {told.by_address.closed_for} s more"
        )
    if strangers.verdict is Verdict.REFUSED:
        return f"{whose} is answered as a wrong password, whatever the password, for {strangers.closed_for} s more"
    return f"{whose} is checked"
