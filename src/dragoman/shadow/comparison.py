"""What tells two answers to the same token request apart, less what must: random values and times."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.outgoing.answers import UnreadableJwt, claims_of, header_of, is_jwt, members_of

if TYPE_CHECKING:
    from collections.abc import Iterator

COMPARED_HEADERS = ("content-type", "cache-control", "pragma", "www-authenticate", "location")
IDENTIFIERS = frozenset({"jti", "access_token_id", "refresh_token_id", "ati"})
TIMES = frozenset({"exp", "nbf", "iat", "auth_time", "expire_time", ".issued", ".expires", "timestamp"})
TOKENS = frozenset({"access_token", "refresh_token", "id_token"})
NEVER_STORED = "never_stored"
"""They let an answer be stored that ours forbids to store (RFC 6749 §5.1)."""
ONE_SECOND = "one_second"
"""A lifetime is told one second shorter: by whom depends on the millisecond."""
_OPAQUE = re.compile(r"[\w.~+/=-]{16,4096}", re.ASCII)
_KINDS: Mapping[type, str] = {
    type(None): "nothing",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
}
_HEXADECIMAL = re.compile(r"[0-9a-f-]+")


class Shape(str):
    """How a value is written; says nothing of which it is."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is not the same. The values may be secrets: whoever shows them looks to that."""

    field: str
    """`status`, `header NAME`, `body`, a member's name, `names` for the members, or `MEMBER header`, `MEMBER claim …`,
    `MEMBER lifetime` for what a JWT says."""
    theirs: object
    ours: object
    expected: str = ""
    """Why it is meant to be, if it is."""


def compare(theirs: Answer, ours: Answer) -> list[Difference]:
    """All differences: status, headers that matter, members of the body in order, tokens by what they say."""
    differences = []
    if theirs.status != ours.status:
        differences.append(Difference(field="status", theirs=theirs.status, ours=ours.status))
    differences += _compare_headers(theirs.headers, ours.headers)
    differences += _compare_bodies(theirs.body, ours.body)
    return differences


def _compare_headers(theirs: Mapping[str, str], ours: Mapping[str, str]) -> Iterator[Difference]:
    for name in COMPARED_HEADERS:
        their, our = theirs.get(name), ours.get(name)
        if their != our:
            added = their is None and (name, our) in (("cache-control", "no-store"), ("pragma", "no-cache"))
            expected = NEVER_STORED if added else ""
            yield Difference(field=f"header {name}", theirs=their, ours=our, expected=expected)


def _compare_bodies(theirs: bytes, ours: bytes) -> Iterator[Difference]:
    their, our = members_of(theirs), members_of(ours)
    if their is None or our is None:
        if theirs != ours:
            yield Difference(field="body", theirs=theirs, ours=ours)
        return
    yield from _compare_members("", their, our)


def _compare_members(where: str, theirs: Mapping[str, object], ours: Mapping[str, object]) -> Iterator[Difference]:
    if list(theirs) != list(ours):
        yield Difference(field=f"{where}names", theirs=list(theirs), ours=list(ours))
    for name in theirs:
        if name in ours:
            yield from _compare_values(f"{where}{name}", name, theirs[name], ours[name])


def _compare_values(where: str, name: str, their: object, our: object) -> Iterator[Difference]:
    if name in TOKENS and is_jwt(their) and is_jwt(our):
        yield from _compare_tokens(where, str(their), str(our))
    elif name in IDENTIFIERS or name in TOKENS:
        if shape_of(their) != shape_of(our):
            yield Difference(field=where, theirs=shape_of(their), ours=shape_of(our))
    elif name in TIMES:
        if type(their) is not type(our):
            yield Difference(field=where, theirs=shape_of(their), ours=shape_of(our))
    elif name == "expires_in" and type(their) is type(our) is int and abs(their - our) == 1:
        yield Difference(field=where, theirs=their, ours=our, expected=ONE_SECOND)
    elif their != our or type(their) is not type(our):
        yield Difference(field=where, theirs=their, ours=our)


def _compare_tokens(where: str, theirs: str, ours: str) -> Iterator[Difference]:
    """JWTs by their headers and claims; which key signed them is no difference."""
    try:
        headers = [{**header, "kid": ""} if "kid" in header else header for header in map(header_of, (theirs, ours))]
        claims = [claims_of(theirs), claims_of(ours)]
    except UnreadableJwt:
        yield Difference(field=f"{where} claims", theirs=shape_of(theirs), ours=shape_of(ours))
        return
    yield from _compare_members(f"{where} header ", *headers)
    yield from _compare_members(f"{where} claim ", *claims)
    their_life, our_life = map(_life, claims)
    if abs(their_life - our_life) > 1:
        yield Difference(field=f"{where} lifetime", theirs=their_life, ours=our_life)


def _life(claims: Mapping[str, object]) -> int:
    """Seconds from `iat` to `exp`; 0 where one is missing, or no time at all, as JSON's `1e999` and `NaN` are not."""
    ends, begins = claims.get("exp"), claims.get("iat")
    if not isinstance(ends, int | float) or not isinstance(begins, int | float):
        return 0
    try:
        return int(ends - begins)
    except (OverflowError, ValueError):
        return 0


def shape_of(value: object) -> Shape:
    """How a value is written, without saying which it is."""
    if isinstance(value, Shape):
        return value
    if isinstance(value, str):
        return Shape(_shape_of_text(value))
    return Shape(_KINDS.get(type(value), "something else"))


def _shape_of_text(text: str) -> str:
    if is_jwt(text):
        return "a JWT"
    if _OPAQUE.fullmatch(text):
        digits = "hexadecimal" if _HEXADECIMAL.fullmatch(text) else "other"
        return f"{len(text)} {digits} characters"
    return "a text" if text else "an empty text"
