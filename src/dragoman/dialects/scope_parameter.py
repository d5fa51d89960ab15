"""The scope parameter as text, by the dialect's words (RFC 6749 §3.3)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.scope import Scope

if TYPE_CHECKING:
    from dragoman.dialects.schema import ScopeWords

LONGEST_SCOPE = 4096
_TOLD = 64
_SCOPE_TOKENS = re.compile(r"[\x21\x23-\x5b\x5d-\x7e ]*")


def read_scope(text: str | None, words: ScopeWords) -> Scope | None:
    """The names asked for; None when that is none. Refuses `malformed_scope`."""
    if text is None or words.requested == "ignore":
        return None
    if len(text) > LONGEST_SCOPE:
        raise OAuthError(Refusal.MALFORMED_SCOPE, "longer than any scope", scope=text[:_TOLD])
    return _read(text, words)


@lru_cache(maxsize=256)
def _read(text: str, words: ScopeWords) -> Scope | None:
    """Clients ask for the same all the time. What is asked for is no secret, and 256 of the longest are a megabyte."""
    if words.quotes == "strip" and len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    if words.grammar == "rfc6749" and not _SCOPE_TOKENS.fullmatch(text):
        raise OAuthError(Refusal.MALFORMED_SCOPE, "characters outside RFC 6749 §3.3", scope=text[:_TOLD])
    names = _split(text, words)
    return Scope.of(sorted(names) if words.sorted else names) if names else None


def can_be_asked_for(name: str, words: ScopeWords) -> bool:
    """Whether a request in this dialect can hold the name as one, and an answer may."""
    return _split(name, words) == [name] and (words.grammar == "any" or bool(_SCOPE_TOKENS.fullmatch(name)))


def _split(text: str, words: ScopeWords) -> list[str]:
    for separator in words.separators[1:]:
        text = text.replace(separator, words.separators[0])
    names = text.split(words.separators[0])
    if words.empty_names == "drop":
        return [name for name in names if name]
    return names if names[0] else []
