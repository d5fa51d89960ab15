"""Addresses of servers, as settings write them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_WHOLE = re.compile(r"https?://[^?#\s]+")


def why_no_issuer(text: str) -> str | None:
    """Why this cannot be shown to everyone, as tokens and metadata show the issuer; None if it can.

    The text itself may hold a password and is not repeated.
    """
    try:
        address = urlsplit(text)
        host, _ = address.hostname, address.port
    except ValueError:
        return "not an address"
    if "@" in address.netloc:
        return "there is a user name in it"
    return None if host else "there is no host in it"


def why_no_server(text: str) -> str | None:
    """Why no server of another's can be asked there; None if one can. Nor is this text repeated."""
    return why_no_issuer(text) if _WHOLE.fullmatch(text) else "not an http or https address without a query"
