"""Which parameters a request has, by its dialect's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.core.errors import OAuthError, Refusal
from dragoman.dialects.body import Given, Unreadable, read_form, read_json, read_multipart

if TYPE_CHECKING:
    from collections.abc import Mapping

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

_NAVIGATING = frozenset({"navigate", "no-cors", "websocket"})
_OF_BROWSERS = (b"origin", b"sec-purpose", b"purpose")
_FORM = "application/x-www-form-urlencoded"


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
        for one in given:
            name, values, listed = one
            plain = len(values) == 1 and values[0] and not listed and not words.trimmed
            value = values[0] if plain else _single(one, words)
            if value is not None and name not in found:
                found[name] = value
    return found


def _refuse_query(wire: WireRequest) -> None:
    try:
        names = {one.name for one in read_form(wire.query)}
    except Unreadable as error:
        raise OAuthError(Refusal.MALFORMED_REQUEST, str(error)) from None
    named = names & OAUTH_PARAMETERS
    if named:
        raise OAuthError(Refusal.PARAMETER_IN_QUERY, f"in the query: {', '.join(sorted(named))}")


def _read_query(wire: WireRequest, words: RequestWords) -> tuple[Given, ...]:
    try:
        given = read_form(wire.query)
    except Unreadable as error:
        return _unreadable(error, words)
    if any(one.name in OAUTH_PARAMETERS for one in given):
        _check_exposure(wire)
    return given


def _check_exposure(wire: WireRequest) -> None:
    """Secrets in a URL: only where nobody reads along, and never for a browser that follows a link.

    Refuses `transport_not_secure`, `browser_navigation`.
    """
    if not wire.secure:
        raise OAuthError(Refusal.TRANSPORT_NOT_SECURE, "secrets in a URL over plain HTTP")
    if wire.method == "GET" and (
        wire.header(b"sec-fetch-mode") in _NAVIGATING or any(wire.header(name) is not None for name in _OF_BROWSERS)
    ):
        raise OAuthError(Refusal.BROWSER_NAVIGATION, "a browser followed a URL that holds secrets")


def _read_body(wire: WireRequest, words: RequestWords) -> tuple[Given, ...]:
    content_type = wire.header(b"content-type")
    kind = _kind_of(content_type, words)
    if kind not in words.media_types:
        if wire.body and words.other_media_type == "refuse":
            raise OAuthError(Refusal.UNSUPPORTED_MEDIA_TYPE, "media type not read in this dialect")
        return ()
    try:
        match kind:
            case "form":
                return read_form(wire.body, drop_line_breaks=words.line_breaks == "drop")
            case "json":
                return read_json(wire.body)
            case _:
                return read_multipart(wire.body, content_type or "")
    except Unreadable as error:
        return _unreadable(error, words)


def _unreadable(error: Unreadable, words: RequestWords) -> tuple[Given, ...]:
    if words.malformed == "refuse":
        raise OAuthError(Refusal.MALFORMED_REQUEST, str(error))
    return ()


def _kind_of(content_type: str | None, words: RequestWords) -> str:
    if content_type is None:
        return words.default_media_type
    if content_type == _FORM:
        return "form"
    media_type, _, attributes = content_type.lower().partition(";")
    media_type = media_type.strip()
    if media_type == "multipart/form-data":
        return "multipart"
    charset = attributes.partition("charset=")[2].partition(";")[0].strip(' "')
    if charset not in ("", "utf-8", "utf8"):
        return "none"
    if media_type == _FORM:
        return "form"
    return "json" if media_type.endswith(("/json", "+json")) else "none"


def _single(one: Given, words: RequestWords) -> str | None:
    """The one value that counts; None if the parameter counts as absent."""
    if one.name not in OAUTH_PARAMETERS and words.duplicates != "refuse":
        return one.values[0] if one.values and not one.listed else None
    if one.listed:
        return _from_list(one, words)
    if len(one.values) > 1 and words.duplicates == "refuse":
        raise OAuthError(Refusal.DUPLICATE_PARAMETER, parameter=one.name)
    return _tidied(one.name, one.values[-1 if words.duplicates == "last" else 0], words)


def _from_list(one: Given, words: RequestWords) -> str | None:
    if one.name not in OAUTH_PARAMETERS or words.lists == "ignore":
        return None
    if words.lists == "refuse" or not one.values:
        raise OAuthError(Refusal.LIST_PARAMETER, parameter=one.name)
    return _tidied(one.name, one.values[0], words)


def _tidied(name: str, value: str, words: RequestWords) -> str | None:
    if words.trimmed and name not in words.untrimmed:
        value = value.strip()
    return None if value == "" and words.empty == "missing" else value
