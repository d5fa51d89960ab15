"""What can be wrong with the shared server, or with the setting that names it."""

from __future__ import annotations

from dragoman.core.errors import Fault


class SharedFault(Fault):
    """The setting `shared` cannot be used; the message has a remedy and no secret."""


class Away(Exception):
    """The shared server is of no use now. The message says why, in our own words: its own might repeat a password."""
