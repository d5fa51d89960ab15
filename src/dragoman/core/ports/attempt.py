"""What a check of a password is told of whoever asks for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from dragoman.core.value import value


@value
class Attempt:
    """Somebody's attempt to log in, as far as it matters whose turn it is and what an unknown name has to cost."""

    client_id: str
    address: str
    login: str
    """As `login_name.canonical` writes it."""
    hung_up: Callable[[], Awaitable[bool]] | None = None
    """As in `TokenRequest`; the next one as in `Sender`."""
    request_id: str = ""
