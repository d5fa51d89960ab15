"""What the two peers from Maven Central share: a Java that the machine has to have, and a PostgreSQL by JDBC."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

PEERS = Path(__file__).parents[1] / "peers"
WARM_UP_SECONDS = 20
"""What runs often is compiled while it runs: by then the figures of a second no longer grow."""
HEAP = "-Xms64m -Xmx512m"
"""What Keycloak's distribution has, for both: unlimited, a JVM takes memory because there is some."""


def missing(installed: Path) -> str | None:
    """Why the peer that has this file cannot be started, if it cannot."""
    if shutil.which("java") is None:
        return "java is not installed"
    if installed.is_file():
        return None
    return "mvn is not installed" if shutil.which("mvn") is None else "not installed: make bench-peers tells why"


def database(url: str, names: tuple[str, str, str]) -> Mapping[str, str]:
    """JDBC's address, user and password for this URL, under the names that a peer has for them."""
    parts = urlsplit(url)
    address = f"jdbc:postgresql://{parts.hostname}:{parts.port}{parts.path}"
    return dict(zip(names, (address, unquote(parts.username or ""), unquote(parts.password or "")), strict=True))
