"""What a dialect file's words must not be, beyond what their types say: a misspelt name would be silence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dragoman.core.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dragoman.dialects.schema import DialectFile

_REFUSALS = frozenset(Refusal)
_OF_RFC_6749 = frozenset({"password", "client_credentials", "refresh_token"})


def check_words(words: DialectFile) -> None:
    """Raises ValueError with a sentence that names the word."""
    for table, errors in (
        ("errors", words.errors),
        ("introspection.errors", words.introspection.errors),
        ("resource.errors", words.resource.errors),
    ):
        _only(f"{table}.refusal", errors.refusal, _REFUSALS)
    _only("resource.required_scope", words.resource.required_scope, words.resource.methods)
    segment = words.resource.on_behalf_of
    if segment is not None and not any(f"{{{segment}}}" in path for path in words.resource.paths):
        raise ValueError(f"resource.on_behalf_of: no path of the resource has the segment {{{segment}}}")
    _only("order.default", words.order.default, ("client", "grant_type", "scope", "grant"))
    for where, grant_types in (
        ("refresh_token.grant_types", words.refresh_token.grant_types),
        ("scope.wildcard_for", words.scope.wildcard_for),
    ):
        _only(where, grant_types, {*words.grant_types, *_OF_RFC_6749})
    _check_grant_type_names(words.grant_types)


def _only(where: str, names: Iterable[str], known: Iterable[str]) -> None:
    strange = sorted(set(names) - set(known))
    if strange:
        raise ValueError(f"{where}: there is no {strange[0]!r}; there are: {', '.join(sorted(known))}")


def _check_grant_type_names(names: Iterable[str]) -> None:
    for name in names:
        if not re.fullmatch(r"[!-~]+", name):
            raise ValueError(f"grant_types: {name!r} is no grant type; write it as clients do")
