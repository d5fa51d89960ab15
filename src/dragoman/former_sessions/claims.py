"""What payloads and claims say, read strictly: whatever is of another type than its server writes is refused."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from dragoman.core.model import FormerSession
from dragoman.core.scope import Scope
from dragoman.former_sessions.format import FormerToken, Words

Claims = dict[str, object]
Name = Annotated[str, Meta(min_length=1)]

_LATEST = 253402300799  # 9999-12-31
_LONGEST = 512


class ClaimsWords(Words, frozen=True):
    """What the claims of a refresh token are called. Where one is missing or of another type, it is none."""

    identifier: Name
    """The text that names the session: the same in every token of it."""
    client: Name
    """The client's id, a text."""
    subject: Name
    """The resource owner's id, a text."""
    scope: Name
    """The scope."""
    scope_type: Literal["list", "text"]
    """Whether the scope is a list of names, or one text with blanks between them."""
    expires: Name
    """The end, in epoch seconds."""
    issued: Name | None = None
    """When it was made, in epoch seconds: the one claim that may be missing from any token."""
    required: tuple[Name, ...] = ()
    """Texts that a refresh token has, and nothing else that the same key made: one at least, here or in `fixed`."""
    fixed: dict[Name, str] = field(default_factory=dict)
    """Claims that say just this in a refresh token, and in nothing else that the same key made."""
    numbers: tuple[Literal["client", "subject"], ...] = ()
    """Which ids may also be whole numbers."""
    optional: tuple[Literal["scope", "expires"], ...] = ()
    """Which others may be missing: then it has no scope, or no end."""

    def __post_init__(self) -> None:
        """Raises ValueError where an access token could pass as a refresh token."""
        if not self.required and not self.fixed:
            raise ValueError("`required` or `fixed` has to tell refresh tokens from all else that the same key made")


class _Unclaimed(Exception):
    """A payload that is not what the server writes into its refresh tokens."""


def read_claims(claims: Claims, words: ClaimsWords) -> FormerToken | None:
    """What a refresh token says; None where these are the claims of anything else."""
    try:
        return _token_of(claims, words)
    except _Unclaimed:
        return None


def _token_of(claims: Claims, words: ClaimsWords) -> FormerToken:
    for name in words.required:
        _text_in(claims, name)
    if any(claims.get(name) != text for name, text in words.fixed.items()):
        raise _Unclaimed
    unending = "expires" in words.optional and words.expires not in claims
    session = FormerSession(
        client_id=_id_in(claims, words.client, number="client" in words.numbers),
        subject=_id_in(claims, words.subject, number="subject" in words.numbers),
        scope=_scope_in(claims, words),
        expires_at=None if unending else _time_in(claims, words.expires),
    )
    issued_at = None if words.issued is None or words.issued not in claims else _time_in(claims, words.issued)
    return FormerToken(identifier=_text_in(claims, words.identifier), says=session, issued_at=issued_at)


def _text_in(claims: Claims, name: str) -> str:
    """A text that is there and not empty."""
    found = claims.get(name)
    if not isinstance(found, str) or not 0 < len(found) <= _LONGEST:
        raise _Unclaimed(name)
    return found


def _id_in(claims: Claims, name: str, *, number: bool) -> str:
    """An identifier, which may be written as a number where its server does so."""
    found = claims.get(name)
    if number and isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 2**63:
        return str(found)
    return _text_in(claims, name)


def _time_in(claims: Claims, name: str) -> int:
    """Epoch seconds."""
    found = claims.get(name)
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found <= _LATEST:
        raise _Unclaimed(name)
    return found


def _scope_in(claims: Claims, words: ClaimsWords) -> Scope:
    """A list of names, which may be empty, or one text (RFC 6749 §3.3)."""
    if "scope" in words.optional and words.scope not in claims:
        return Scope()
    found = claims.get(words.scope)
    if words.scope_type == "text":
        if not isinstance(found, str):
            raise _Unclaimed(words.scope)
        return Scope.of(found.split())
    if not isinstance(found, list):
        raise _Unclaimed(words.scope)
    names = tuple(one for one in found if isinstance(one, str) and one and " " not in one)
    if len(names) < len(found):
        raise _Unclaimed(words.scope)
    return Scope.of(names)
