"""What the store tells an operator: sentences that name the file or the row, and the remedy."""

from __future__ import annotations

from dragoman.core.errors import Fault


class StoreFault(Fault):
    """Why the database cannot be opened, as a sentence with a remedy. Nothing was changed."""


class StoreConflict(Fault):
    """Why an administrator's change was not made, as a sentence. Nothing was changed."""


class ConstraintViolated(Exception):
    """A key that is taken, or one that refers to nothing. The statement did nothing."""
