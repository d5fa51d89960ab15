"""Why somebody else gives no answer. Nothing of what was asked or answered is in the words."""

from __future__ import annotations

from dragoman.core.errors import Fault


class ElsewhereFault(Fault):
    """What is configured cannot be used; a sentence with a remedy."""


class Away(Exception):
    """It cannot be reached, or not in time."""


class Useless(Exception):
    """It answered, and the answer cannot be used. Other questions may be answered well."""
