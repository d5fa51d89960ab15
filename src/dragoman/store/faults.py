"""What the store tells an operator: sentences that name the file or the row, and the remedy."""

from __future__ import annotations


class StoreFault(Exception):
    """Why the database cannot be opened, as a sentence with a remedy. Nothing was changed."""


class StoreConflict(Exception):
    """Why an administrator's change was not made, as a sentence. Nothing was changed."""
