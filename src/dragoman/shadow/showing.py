"""What is kept of a difference: words of closed sets and shapes, never a value that could be a secret or a person's.

Of the other server only what is on the lists below is kept as it is: it may answer anything. Of ours, what the
dialect and the configuration say, unless the request has it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from dragoman.shadow.comparison import shape_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from dragoman.shadow.comparison import Difference

_LONGEST = 160
_BEYOND = 10**9
_NAME = re.compile(r"[A-Za-z_.:]{1,32}", re.ASCII)
"""Names of members and claims; a token or a generated password would have digits."""
_MOST_NAMES = 24
_MEDIA_TYPE = re.compile(
    r"(?:application|text)/(?:json|html|plain|xml|jwt|problem\+json|x-www-form-urlencoded)"
    r"(?: ?; ?charset=(?:utf-8|iso-8859-1|us-ascii))?",
    re.IGNORECASE,
)
_DIRECTIVE = r"(?:no-store|no-cache|private|public|must-revalidate|no-transform|(?:s-)?max-age=[0-9]{1,9})"
_DIRECTIVES = re.compile(rf"{_DIRECTIVE}(?:, ?{_DIRECTIVE})*", re.IGNORECASE)
_CODE = re.compile(r"(?=.{1,40}$)[a-z]+(?:_[a-z]+)+")
_ALGORITHM = re.compile(r"(?:none|[HRPE]S(?:256|384|512)|EdDSA|JWT|at\+jwt)", re.IGNORECASE)
_OF_THEIRS = {
    "header content-type": _MEDIA_TYPE,
    "header cache-control": _DIRECTIVES,
    "header pragma": _DIRECTIVES,
    "error": _CODE,
    "token_type": re.compile(r"bearer|basic|mac|dpop", re.IGNORECASE),
    "access_token header alg": _ALGORITHM,
    "access_token header typ": _ALGORITHM,
}
"""Fields whose values are words of the protocol, and how those are written."""
_OF_OURS = frozenset({*_OF_THEIRS, "error_description", "error_uri", "message", "hint", "access_token claim iss"})
_NUMBERS = frozenset({"status", "expires_in", "access_token lifetime", "refresh_token lifetime"})
_SCOPES = frozenset({"scope", "access_token claim scope", "access_token claim scopes", "refresh_token claim scope"})
_NAMES = ("names", "claim names", "header names")


class Shown(NamedTuple):
    """A difference as it is kept and told."""

    field: str
    theirs: str
    ours: str
    expected: str


def show(difference: Difference, sent: Collection[str]) -> Shown:
    """The difference without anybody's values; `sent` are the request's own, which may come back in any text."""
    field = " ".join(_name(word) for word in difference.field.split(" "))
    theirs, ours = difference.theirs, difference.ours
    if field.endswith(_NAMES) and isinstance(theirs, list) and isinstance(ours, list):
        return Shown(field, _show_names(theirs, sent), _show_names(ours, sent), difference.expected)
    if field in _NUMBERS:
        return Shown(field, _show_number(theirs), _show_number(ours), difference.expected)
    if field in _SCOPES:
        return Shown(field, *_show_scopes(theirs, ours, sent), difference.expected)
    if field == "body":
        return Shown(field, _show_body(theirs), _show_body(ours), difference.expected)
    return Shown(field, *_show_values(field, theirs, ours, sent), difference.expected)


def _show_number(value: object) -> str:
    return str(value if type(value) is int and abs(value) < _BEYOND else shape_of(value))


def _show_values(field: str, theirs: object, ours: object, sent: Collection[str]) -> tuple[str, str]:
    known = _OF_THEIRS.get(field)
    is_word = known is not None and isinstance(theirs, str) and known.fullmatch(theirs) and not _holds(theirs, sent)
    their = str(theirs if is_word else shape_of(theirs))
    is_own = field in _OF_OURS and isinstance(ours, str) and len(ours) <= _LONGEST and not _holds(ours, sent)
    our = str(ours if is_own else shape_of(ours))
    return (f"another: {their}", our) if their == our else (their, our)


def _show_names(names: Sequence[object], sent: Collection[str]) -> str:
    """Names, too: an old server could call its members anything."""
    shown = [_name(str(name)) if str(name) not in sent else "(another)" for name in names[:_MOST_NAMES]]
    return " ".join(shown) + (f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else "")


def _show_scopes(theirs: object, ours: object, sent: Collection[str]) -> tuple[str, str]:
    """Ours are names that were configured; of theirs those are told that are among ours, and how many are not."""
    their, our = _scope_names(theirs), _scope_names(ours)
    if their is None or our is None or type(theirs) is not type(ours):
        return str(shape_of(theirs)), str(shape_of(ours))
    common = [name for name in their if name in our and name not in sent]
    more = len(their) - len(common)
    return " ".join(common) + (f" and {more} more" if more else ""), _show_names(our, sent)


def _scope_names(value: object) -> list[str] | None:
    if isinstance(value, str):
        return value.split()
    return [str(one) for one in value] if isinstance(value, list) else None


def _show_body(body: object) -> str:
    if not isinstance(body, bytes) or not body:
        return "an empty body"
    return "an object" if body.lstrip()[:1] == b"{" else "another body"


def _name(text: str) -> str:
    return text if _NAME.fullmatch(text) else "(another)"


def _holds(text: str, sent: Collection[str]) -> bool:
    return any(value in text for value in sent)
