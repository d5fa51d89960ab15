"""Who somebody else has to be, behind TLS."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from dragoman.elsewhere.faults import ElsewhereFault

if TYPE_CHECKING:
    from pathlib import Path


def trusting(roots: Path | str | None, named: str) -> ssl.SSLContext:
    """TLS that believes whoever this PEM file names; without one, whom the system trusts. Names are checked.

    Reading the system's file takes milliseconds: once at the start, not at each question. Raises ElsewhereFault, which
    calls the file what `named` says.
    """
    try:
        return ssl.create_default_context(cafile=None if roots is None else str(roots))
    except (OSError, ValueError):
        raise ElsewhereFault(f"{named} is no PEM file that can be read; name another") from None
