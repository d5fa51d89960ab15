"""What goes wrong with a list."""

from __future__ import annotations

from dragoman.core.errors import Fault


class PasswordListFault(Fault):
    """A list of refused passwords cannot be used; the message names it and the remedy, and no password."""
