"""What tells two answers to the same request apart, less what is meant to."""

from __future__ import annotations

import binascii
import json
import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EXPECTED_DIFFERENCES: Mapping[str, str] = {
    # in any answer
    "never_stored": "upstream lets errors and the other endpoints' answers be stored; ours are never",
    "one_second": "upstream says 3600 when it answers in the millisecond it began in, else 3599",
    # of single requests
    "empty_is_missing": "a parameter without a value is omitted (RFC 6749 §3.2); upstream takes the value",
    "one_value": "a parameter twice or as a list is refused (RFC 6749 §3.2); upstream takes some",
    "unreadable_body": "a body that cannot be read is an error in JSON; upstream shows its parser's page",
    "json_by_name": "any media type that ends in json is read as JSON; upstream reads application/json alone",
    "reuse_ends_the_grant": "a refresh token that comes back ends its grant (RFC 9700 §4.14); upstream goes on",
    "scope_as_granted": "less scope at one refresh is not for ever (RFC 6749 §6); upstream narrows the grant itself",
    "names_once": "a scope name is told once; upstream tells an unknown one as often as it was asked for",
    "audience_is_ours": "clients do not choose the audience of their tokens; upstream copies it from the request",
    "hint_is_advisory": "a refresh token is known without token_type_hint (RFC 7662 §2.1), as upstream does from 5.0",
    "confidential_introspection": "only confidential clients may introspect (RFC 7662 §4), as upstream from 5.0",
    "own_grant_types": "introspection needs no grant type, as upstream from 5.0; 4.3.7 wants client_credentials",
    "failure_is_told": "a revocation that did not happen is not answered as done (RFC 7009 §2.1), as upstream from 5.0",
    "no_fault": "the request is refused; upstream's parser or repository fails on it",
}
"""Why answers may differ, by the name of the difference."""

COMPARED_HEADERS = ("content-type", "cache-control", "pragma", "www-authenticate")
IDENTIFIERS = frozenset({"jti", "access_token_id", "refresh_token_id"})
TIMES = frozenset({"exp", "nbf", "iat", "expire_time"})
TOKENS = frozenset({"access_token", "refresh_token"})
_JWT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is not the same."""

    field: str
    theirs: str
    ours: str
    expected: str = ""
    """Its name among EXPECTED_DIFFERENCES, where it is meant to be in any answer."""


def compare(theirs: Answer, ours: Answer) -> list[Difference]:
    """All differences: status, headers that matter, members of the body in order, tokens by what they say."""
    differences = []
    if theirs.status != ours.status:
        differences.append(Difference(field="status", theirs=str(theirs.status), ours=str(ours.status)))
    differences += _compare_headers(theirs.headers, ours.headers)
    differences += _compare_bodies(theirs, ours)
    return differences


def unexpected(differences: list[Difference], differs: str) -> list[Difference]:
    """Those that nothing explains. `differs` names the difference that the request is there to show, if it is.

    Nothing explains a fault of ours, and a difference that is expected must be there.
    """
    unexplained = [difference for difference in differences if not difference.expected]
    if not differs:
        return unexplained
    if differs not in EXPECTED_DIFFERENCES:
        raise KeyError(differs)
    if unexplained:
        return [one for one in unexplained if one.field == "status" and one.ours.startswith("5")]
    return [Difference(field=f"expected difference {differs}", theirs="the same", ours="the same")]


def _compare_headers(theirs: Mapping[str, str], ours: Mapping[str, str]) -> Iterator[Difference]:
    for name in COMPARED_HEADERS:
        their, our = theirs.get(name), ours.get(name)
        if their != our:
            added = their is None and (name, our) in (("cache-control", "no-store"), ("pragma", "no-cache"))
            expected = "never_stored" if added else ""
            yield Difference(field=f"header {name}", theirs=str(their), ours=str(our), expected=expected)


def _compare_bodies(theirs: Answer, ours: Answer) -> Iterator[Difference]:
    their, our = _members(theirs.body), _members(ours.body)
    if their is None or our is None:
        if theirs.body != ours.body:
            yield _difference("body", theirs.body.decode("utf-8", "replace"), ours.body.decode("utf-8", "replace"))
        return
    yield from _compare_members("", their, our)


def _compare_members(where: str, theirs: Mapping[str, object], ours: Mapping[str, object]) -> Iterator[Difference]:
    if list(theirs) != list(ours):
        yield _difference(f"{where}names", list(theirs), list(ours))
    for name in theirs:
        if name in ours:
            yield from _compare_values(f"{where}{name}", name, theirs[name], ours[name])


def _compare_values(where: str, name: str, their: object, our: object) -> Iterator[Difference]:
    if name in IDENTIFIERS:
        if _shape(their) != _shape(our):
            yield _difference(where, _shape(their), _shape(our))
    elif name in TIMES:
        if type(their) is not type(our):
            yield _difference(where, type(their), type(our))
    elif name in TOKENS and _is_jwt(their) and _is_jwt(our):
        yield from _compare_tokens(where, str(their), str(our))
    elif name == "expires_in" and isinstance(their, int) and isinstance(our, int) and abs(their - our) == 1:
        yield Difference(field=where, theirs=str(their), ours=str(our), expected="one_second")
    elif their != our or type(their) is not type(our):
        yield _difference(where, their, our)


def _compare_tokens(where: str, theirs: str, ours: str) -> Iterator[Difference]:
    their_header, their_claims = map(decode_segment, theirs.split(".")[:2])
    our_header, our_claims = map(decode_segment, ours.split(".")[:2])
    if their_header != our_header:
        yield _difference(f"{where} header", their_header, our_header)
    their_members, our_members = _members(their_claims), _members(our_claims)
    if their_members is None or our_members is None:
        yield _difference(f"{where} claims", their_claims, our_claims)
        return
    yield from _compare_members(f"{where} claim ", their_members, our_members)
    their_life, our_life = _life(their_members), _life(our_members)
    if abs(their_life - our_life) > 1:
        yield _difference(f"{where} lifetime", their_life, our_life)


def _life(claims: Mapping[str, object]) -> int:
    """Seconds from `iat` to `exp`; 0 where one is missing."""
    ends, begins = claims.get("exp"), claims.get("iat")
    return ends - begins if isinstance(ends, int) and isinstance(begins, int) else 0


def decode_segment(segment: str) -> bytes:
    """The bytes of a JWT's segment; none where it is not base64url."""
    try:
        return urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except (binascii.Error, ValueError):
        return b""


def _members(text: bytes) -> dict[str, object] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _is_jwt(value: object) -> bool:
    return isinstance(value, str) and _JWT.fullmatch(value) is not None


def _shape(identifier: object) -> str:
    """How an identifier is written, without saying which it is."""
    if not isinstance(identifier, str):
        return type(identifier).__name__
    digits = "hexadecimal" if re.fullmatch(r"[0-9a-f]+", identifier) else "other"
    return f"{len(identifier)} {digits} characters"


def _difference(field: str, theirs: object, ours: object) -> Difference:
    return Difference(field=field, theirs=str(theirs), ours=str(ours))
