"""Which parameters a request has, by its dialect's words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeGuard

from dragoman.core.errors import OAuthError, Refusal
from dragoman.dialects.body import Several, Unreadable, read_form, read_json
from dragoman.dialects.exposure import check_exposure
from dragoman.dialects.multipart_form import read_multipart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.dialects.body import Given
    from dragoman.dialects.schema import RequestWords
    from dragoman.dialects.wire import WireRequest

OAUTH_PARAMETERS = frozenset(
    {
        "grant_type",
        "client_id",
        "client_secret",
        "username",
        "password",
        "scope",
        "refresh_token",
        "token",
        "token_type_hint",
        "access_token",
        "code",
        "code_verifier",
        "redirect_uri",
        "device_code",
        "assertion",
        "client_assertion",
        "client_assertion_type",
        "subject_token",
        "actor_token",
    }
)
"""Parameters with a meaning at an OAuth endpoint; other names are never looked at (RFC 6749 §3.2)."""

_FORM = "application/x-www-form-urlencoded"
_UTF8 = "utf-8"
_CHARSETS: Mapping[str, str] = {_UTF8: _UTF8, "utf8": _UTF8, "iso-8859-1": "latin-1", "us-ascii": "ascii"}
"""Of forms, with Python's names: widespread clients say ISO-8859-1 of each form, and mean it."""
_NAME = re.compile(r"[-._0-9A-Za-z]{1,64}")


def read_parameters(wire: WireRequest, words: RequestWords, places: tuple[str, ...] | None = None) -> Mapping[str, str]:
    """Single values by name. `places` overrides where they may stand.

    Refuses `parameter_in_query`, `unsupported_media_type`, `malformed_request`, `duplicate_parameter`,
    `list_parameter`, `transport_not_secure`, `browser_navigation`.
    """
    found: dict[str, str] = {}
    chosen = places or words.parameters
    if "query" not in chosen and words.query == "refuse" and wire.query:
        _refuse_query(wire)
    for place in chosen:
        given = _read_query(wire, words) if place == "query" else _read_body(wire, words)
        if not found and len(named := dict(given)) == len(given) and _stand_as_written(named, words):
            found = named
            continue
        for name, value in given:
            single = _single(name, value, words)
            if single is not None and name not in found:
                found[name] = single
    return found


def _stand_as_written(given: dict[str, str | Several], words: RequestWords) -> TypeGuard[dict[str, str]]:
    """Whether there is nothing to choose or to trim, and nothing that may count as absent: as most requests are."""
    values = [*given.values()]
    if set(map(type, values)) != {str} or "" in values:
        return False
    return not words.trimmed or [*map(str.strip, values)] == values  # type: ignore[arg-type]  # text, all of it


def _refuse_query(wire: WireRequest) -> None:
    try:
        names = {name for name, _ in read_form(wire.query)}
    except Unreadable as error:
        raise OAuthError(Refusal.MALFORMED_REQUEST, str(error)) from None
    named = names & OAUTH_PARAMETERS
    if named:
        raise OAuthError(Refusal.PARAMETER_IN_QUERY, f"in the query: {', '.join(sorted(named))}")


def _read_query(wire: WireRequest, words: RequestWords) -> Given:
    try:
        given = read_form(wire.query)
    except Unreadable as error:
        return _unreadable(error, words)
    if any(name in OAUTH_PARAMETERS for name, _ in given):
        check_exposure(wire)
    return given


def _read_body(wire: WireRequest, words: RequestWords) -> Given:
    content_type = wire.header(b"content-type")
    kind, charset = _format_of(content_type, words)
    is_read = kind in words.media_types
    if wire.body and words.other_media_type == "refuse" and not (is_read and not wire.repeats(b"content-type")):
        raise OAuthError(Refusal.UNSUPPORTED_MEDIA_TYPE, "media type not read in this dialect, or more than one")
    if not is_read:
        return ()
    try:
        match kind:
            case "form":
                return read_form(wire.body, charset=charset, drop_line_breaks=words.line_breaks == "drop")
            case "json":
                return read_json(wire.body)
            case _:
                return _single_parts(read_multipart(wire.body, content_type or ""))
    except Unreadable as error:
        return _unreadable(error, words)


def _single_parts(given: Given) -> Given:
    """RFC 6749 §3.2. No client means to send one part twice, whichever value of a form counts in the dialect."""
    for name, value in given:
        if name in OAUTH_PARAMETERS and isinstance(value, Several) and not value.listed:
            raise OAuthError(Refusal.DUPLICATE_PARAMETER, parameter=name)
    return given


def _unreadable(error: Unreadable, words: RequestWords) -> Given:
    if words.malformed == "refuse":
        raise OAuthError(Refusal.MALFORMED_REQUEST, str(error))
    return ()


def _format_of(content_type: str | None, words: RequestWords) -> tuple[str, str]:
    """What the body is by its Content-Type, and in which charset."""
    if content_type is None:
        return words.default_media_type, _UTF8
    if content_type == _FORM:
        return "form", _UTF8
    media_type, _, attributes = content_type.lower().partition(";")
    media_type = media_type.strip()
    if media_type == "multipart/form-data":
        return "multipart", _UTF8
    charset = _charset_of(attributes)
    if media_type == _FORM and charset is not None:
        return "form", charset
    if media_type == "text/plain" and charset == _UTF8:
        return words.default_media_type, _UTF8
    return "json" if media_type.endswith(("/json", "+json")) and charset == _UTF8 else "none", _UTF8


def _charset_of(attributes: str) -> str | None:
    """The one that is named, UTF-8 where none is; None for several, and for one that is not read."""
    named = {_charset_in(attribute) for attribute in attributes.split(";")} - {""}
    charsets = {_CHARSETS.get(charset) for charset in named or {_UTF8}}
    return charsets.pop() if len(charsets) == 1 else None


def _charset_in(attribute: str) -> str:
    """Which charset is named here, however badly written; nothing where none is. Who else reads it may read any."""
    name, _, charset = attribute.partition("=")
    return charset.strip(' "') if "charset" in name else ""


def _single(name: str, given: str | Several, words: RequestWords) -> str | None:
    """The one value that counts; None if the parameter counts as absent."""
    values, listed = given if isinstance(given, Several) else ((given,), False)
    if name not in OAUTH_PARAMETERS and words.duplicates != "refuse":
        return values[0] if values and not listed else None
    if listed:
        return _from_list(name, values, words)
    if len(values) > 1 and words.duplicates == "refuse":
        raise OAuthError(Refusal.DUPLICATE_PARAMETER, parameter=_told(name))
    return _tidied(name, values[-1 if words.duplicates == "last" else 0], words)


def _told(name: str) -> str:
    """The name, if it is one by RFC 6749 §8.2: anything else may not stand in a description (§5.2)."""
    return name if _NAME.fullmatch(name) else "?"


def _from_list(name: str, values: tuple[str, ...], words: RequestWords) -> str | None:
    if name not in OAUTH_PARAMETERS or (words.lists == "ignore" and name not in words.lists_joined):
        return None
    if name in words.lists_joined and values and all(value and " " not in value for value in values):
        return " ".join(values)
    if words.lists == "refuse" or not values:
        raise OAuthError(Refusal.LIST_PARAMETER, parameter=name)
    return _tidied(name, values[0], words)


def _tidied(name: str, value: str, words: RequestWords) -> str | None:
    if words.trimmed and name not in words.untrimmed:
        value = value.strip()
    return None if value == "" and words.empty == "missing" else value
