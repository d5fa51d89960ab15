"""Why a directory gives no answer. Nothing of what was asked or answered is in the words."""

from __future__ import annotations

from dragoman.core.errors import Fault


class DirectoryFault(Fault):
    """What is configured cannot be used; a sentence with a remedy."""


class Away(Exception):
    """It cannot be reached, or not in time."""


class Useless(Exception):
    """It answers, and the answer means nothing: others may fare better."""
