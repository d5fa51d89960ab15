"""What every table of the configuration file is."""

from __future__ import annotations

from msgspec import Struct


class Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the configuration file."""
