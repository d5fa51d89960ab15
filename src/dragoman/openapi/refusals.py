"""Which refusals an endpoint may answer with, and what their answers look like."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dragoman.core.errors import Refusal
from dragoman.core.template import names_in
from dragoman.dialects.refusal_words import join_errors, words_of
from dragoman.dialects.wire import PHRASES
from dragoman.openapi.json_schema import any_of, member_of, schema_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from dragoman.dialects.refusal_words import RefusalWords
    from dragoman.dialects.schema import DialectFile, ErrorsWords
    from dragoman.openapi.json_schema import Schema

_ANYWHERE = frozenset(
    {
        Refusal.MALFORMED_REQUEST, Refusal.UNSUPPORTED_MEDIA_TYPE, Refusal.BODY_TOO_LARGE, Refusal.METHOD_NOT_ALLOWED,
        Refusal.TOO_MANY_REQUESTS, Refusal.TEMPORARILY_UNAVAILABLE, Refusal.SERVER_ERROR,
    }
)  # fmt: skip
_WITH_PARAMETERS = _ANYWHERE | {
    Refusal.DUPLICATE_PARAMETER, Refusal.LIST_PARAMETER, Refusal.PARAMETER_IN_QUERY, Refusal.TRANSPORT_NOT_SECURE,
    Refusal.BROWSER_NAVIGATION,
}  # fmt: skip
_FROM_CLIENTS = _WITH_PARAMETERS | {
    Refusal.MISSING_CLIENT_ID, Refusal.MALFORMED_CLIENT_AUTHENTICATION, Refusal.MULTIPLE_CLIENT_AUTHENTICATION,
    Refusal.CLIENT_ID_MISMATCH, Refusal.UNKNOWN_CLIENT, Refusal.MISSING_CLIENT_SECRET, Refusal.WRONG_CLIENT_SECRET,
    Refusal.UNEXPECTED_CLIENT_SECRET, Refusal.CLIENT_DISABLED, Refusal.DIALECT_NOT_ALLOWED,
    Refusal.CLIENT_NOT_CONFIDENTIAL,
}  # fmt: skip
_OF_BEARERS = frozenset(
    {
        Refusal.MISSING_TOKEN, Refusal.MALFORMED_TOKEN, Refusal.EXPIRED_TOKEN, Refusal.REVOKED_TOKEN,
        Refusal.REFRESH_TOKEN_AS_ACCESS_TOKEN,
    }
)  # fmt: skip
ONLY_AT_RESOURCES = frozenset({Refusal.WRONG_AUDIENCE, Refusal.INSUFFICIENT_SCOPE, Refusal.NOT_ON_BEHALF_OF})
"""Those that none of a token server's own endpoints has."""
_HINTED = frozenset({Refusal.MISSING_TOKEN_PARAMETER, Refusal.UNSUPPORTED_TOKEN_TYPE_HINT})
_OTHERS_OWN = _OF_BEARERS | _HINTED | ONLY_AT_RESOURCES | {Refusal.FOREIGN_TOKEN, Refusal.SHARED_KEY_NOT_SHOWN}

BY_ENDPOINT: Mapping[str, AbstractSet[Refusal]] = {
    "token": frozenset(Refusal) - _OTHERS_OWN,
    "introspection": _FROM_CLIENTS | _HINTED | _OF_BEARERS,
    "revocation": _FROM_CLIENTS | _HINTED | _OF_BEARERS | {Refusal.FOREIGN_TOKEN},
    "key": _FROM_CLIENTS | {Refusal.SHARED_KEY_NOT_SHOWN},
    "jwks": _ANYWHERE,
    "metadata": _ANYWHERE,
}
"""As far as any dialect may go; most need fewer."""


def refusal_responses(words: DialectFile, endpoint: str) -> dict[str, Schema]:
    """The OpenAPI responses of an endpoint's refusals, by status."""
    merged = _errors_of(words, endpoint)
    by_status: dict[int, list[RefusalWords]] = defaultdict(list)
    for refusal in Refusal:
        if refusal in BY_ENDPOINT[endpoint]:
            told = words_of(refusal, merged)
            by_status[told.status].append(told)
    return {str(status): _response(status, by_status[status]) for status in sorted(by_status)}


def _errors_of(words: DialectFile, endpoint: str) -> ErrorsWords:
    return join_errors(words.introspection.errors, words.errors) if endpoint == "introspection" else words.errors


def _response(status: int, refusals: Sequence[RefusalWords]) -> Schema:
    """All refusals with one status."""
    in_json = [one for one in refusals if one.text is None or one.text_unless_json_accepted]
    codes = ", ".join(sorted({one.error for one in in_json}))
    response: Schema = {"description": f"{PHRASES.get(status, 'Refused')}: {codes}".removesuffix(": ")}
    if headers := _headers(refusals):
        response["headers"] = headers
    content: dict[str, list[Schema]] = defaultdict(list)
    for one in refusals:
        if one.text is not None:
            content[one.text_type].append({"type": "string"})
    for media_type, bodies in _bodies(in_json).items():
        content[media_type].extend(bodies)
    if content:
        response["content"] = {media_type: {"schema": any_of(found)} for media_type, found in sorted(content.items())}
    return response


def _bodies(refusals: Iterable[RefusalWords]) -> Mapping[str, Sequence[Schema]]:
    """By media type, those that have all but the error code in common as one."""
    alike: dict[tuple[str, str], dict[str, RefusalWords]] = defaultdict(dict)
    for one in refusals:
        if one.body:
            media_type = str(one.headers.get("Content-Type", "application/json"))
            alike[media_type, repr(_body(one, "any"))][one.error] = one
    found: dict[str, list[Schema]] = defaultdict(list)
    for (media_type, _), by_code in alike.items():
        found[media_type].append(_body(next(iter(by_code.values())), *sorted(by_code)))
    return found


def _body(told: RefusalWords, *codes: str) -> Schema:
    """With one of these error codes. The description is there where nothing that was sent decides what it says."""
    texts = {"description": told.description, "hint": told.hint}
    there = {name for name, text in texts.items() if text is not None and not set(names_in(text))}
    body = {name: entry for name, entry in told.body.items() if entry != "{hint}" or told.hint is not None}
    return schema_of(body, there, {"error": codes})


def _headers(refusals: Iterable[RefusalWords]) -> dict[str, Schema]:
    """Those that are the same for all are constants; of the rest it is said that they may be there."""
    found: dict[str, list[Schema]] = defaultdict(list)
    for one in refusals:
        for name, entry in one.headers.items():
            if name != "Content-Type":
                found[name].append(member_of(entry, frozenset(), {"error": (one.error,)}).schema)
    return {name: {"schema": any_of(schemas)} for name, schemas in found.items()}
