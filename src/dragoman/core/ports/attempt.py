"""What a check of a password is told of whoever asks for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from dragoman.core.value import value

HungUp = Callable[[], Awaitable[bool]] | None
"""Returns once nobody waits for the answer any more; False, as None, if that cannot be known."""


@value
class Attempt:
    """Somebody's attempt to log in, as far as it matters whose turn it is and what an unknown name has to cost."""

    client_id: str
    address: str
    login: str
    """As `login_name.canonical` writes it."""
    hung_up: HungUp = None
    request_id: str = ""
    """As in `Sender`."""
