"""One canonical form of a login name, so that one account has one throttle and one row."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dragoman.core.model import ResourceOwner

LONGEST_LOGIN_NAME = 320
"""Characters: 64 for the local part of an address, @, 255 for the domain (RFC 5321 §4.5.3.1)."""

_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
"""What Unicode has nobody see, besides what is for formatting (Cf): its Default_Ignorable_Code_Point."""
_NOT_IN_NAMES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_LATIN = re.compile(r"LATIN .*(?:LETTER|LIGATURE)(?: SMALL CAPITAL| INSULAR| DOTLESS)? ([A-Z]{1,2})\b")
"""How Unicode names what is a Latin letter, whatever is put through, around or above it."""
_KEPT = frozenset({"Ll", "Lo"})
_NO_LETTER = re.compile(" SIGN |FRAGMENT")
_IOTA = "\u03b9"
"""Also what becomes of the one that is written under another letter."""


def canonical(text: str) -> str:
    """Compatibility-normalized and case-folded (Unicode NFKC_Casefold in effect); what stores and throttles key on."""
    if text.isascii():  # then it is normalized, and has no invisible characters but controls, which stay
        return text.lower()
    folded = _UNSEEN.sub("", unicodedata.normalize("NFKC", text).casefold())
    visible = "".join(character for character in folded if unicodedata.category(character) != "Cf")
    return unicodedata.normalize("NFKC", visible)


def skeleton(login: str) -> str:
    """The same for names that a database elsewhere may take for one, which many do without regard to accents.

    Of a canonical name. Far too much becomes one for anything but counting what was guessed at names that nobody here
    has and that are asked for elsewhere: so whoever adds accents, strokes or signs that cannot be seen to a name has no
    more guesses than with the name alone. Where nobody is asked for elsewhere it would tell who lives here.
    """
    if login.isascii():
        return login.replace(" ", "")
    return "".join(map(_bare, unicodedata.normalize("NFKD", login)))


def _bare(character: str) -> str:
    if character.isascii():
        return character.strip()
    number, name = unicodedata.numeric(character, None), unicodedata.name(character, "")
    if number is not None:
        return str(int(number))
    latin = _LATIN.search(name)
    if latin is not None:
        return latin[1].lower()
    lost = character == _IOTA or _NO_LETTER.search(name) or unicodedata.category(character) not in _KEPT
    return "" if lost else character


def login_names_of(owner: ResourceOwner) -> frozenset[str]:
    """User name and e-mail, in their canonical form."""
    return frozenset(canonical(name) for name in (owner.username, owner.email) if name)


def fault_of(text: str) -> str | None:
    """Why this text cannot become a login name, as a sentence for the operator; None if it can."""
    if not text.strip() or text != text.strip():
        return "a login name must not be empty or begin or end with white space"
    if len(text) > LONGEST_LOGIN_NAME:
        return f"a login name has at most {LONGEST_LOGIN_NAME} characters"
    if _UNSEEN.search(text) or any(unicodedata.category(character) in _NOT_IN_NAMES for character in text):
        return "a login name must not hold control, invisible or unassigned characters"
    return None
