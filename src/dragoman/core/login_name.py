"""One canonical form of a login name, so that one account has one throttle and one row."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dragoman.core.model import ResourceOwner

LONGEST_LOGIN_NAME = 320
"""Characters: 64 for the local part of an address, @, 255 for the domain (RFC 5321 §4.5.3.1)."""


def canonical(text: str) -> str:
    """Compatibility-normalized and case-folded (Unicode NFKC_Casefold in effect); what stores and throttles key on."""
    if text.isascii():  # then it is normalized, and has no invisible characters but controls, which stay
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).casefold()
    visible = "".join(character for character in folded if unicodedata.category(character) != "Cf")
    return unicodedata.normalize("NFKC", visible)


def login_names_of(owner: ResourceOwner) -> frozenset[str]:
    """User name and e-mail, in their canonical form."""
    return frozenset(canonical(name) for name in (owner.username, owner.email) if name)


def fault_of(text: str) -> str | None:
    """Why this text cannot become a login name, as a sentence for the operator; None if it can."""
    if not text.strip() or text != text.strip():
        return "a login name must not be empty or begin or end with white space"
    if len(text) > LONGEST_LOGIN_NAME:
        return f"a login name has at most {LONGEST_LOGIN_NAME} characters"
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn") for character in text):
        return "a login name must not hold control, invisible or unassigned characters"
    return None
