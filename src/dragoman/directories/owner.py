"""What a directory says of a person, read strictly: a value of its own choice never gets any farther."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from dragoman.core.login_name import fault_of
from dragoman.core.model import ResourceOwner
from dragoman.elsewhere.cells import CellFault, flag_of, list_of, text_of
from dragoman.elsewhere.faults import Useless

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_TEXT = 255
_MOST_AUTHORITIES = 500


def read_owner(cells: Mapping[str, object], separator: str | None = None) -> ResourceOwner:
    """The account, from what is said of it by the names of our members. Raises Useless.

    An e-mail with which nobody could log in is none.
    """
    try:
        email = text_of(cells.get("email"))
        enabled = flag_of(cells.get("enabled"))
        return ResourceOwner(
            id=_identifier(text_of(cells.get("id"))),
            username=_username(text_of(cells.get("username"))),
            email=None if not email or fault_of(email) is not None else email,
            first_name=_text("first_name", text_of(cells.get("first_name"))),
            last_name=_text("last_name", text_of(cells.get("last_name"))),
            authorities=_authorities(list_of(cells.get("authorities"), separator) or ()),
            enabled=True if enabled is None else enabled,
            locked=flag_of(cells.get("locked")) or False,
            expired=flag_of(cells.get("expired")) or False,
            password_expired=flag_of(cells.get("password_expired")) or False,
        )
    except CellFault as fault:
        raise Useless(f"an account cannot be read: {fault}") from None


def _identifier(text: str | None) -> str:
    if not text:
        raise Useless("an account has no id")
    return _text("id", text)


def _username(text: str | None) -> str:
    if not text or fault_of(text) is not None:
        raise Useless("an account has no user name that one could log in with")
    return text


def _authorities(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(names) > _MOST_AUTHORITIES:
        raise Useless(f"an account has more than {_MOST_AUTHORITIES} authorities")
    return tuple(dict.fromkeys(_text("authorities", name) for name in names))


def _text(member: str, text: str | None) -> str:
    if text is None:
        return ""
    if len(text) > _LONGEST_TEXT or any(unicodedata.category(one) in {"Cc", "Cs"} for one in text):
        raise Useless(f"{member} of an account is too long, or holds what is no text")
    return text
