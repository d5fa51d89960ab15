"""What each endpoint of a dialect takes and gives, its refusals apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.openapi.json_schema import any_of, schema_of
from dragoman.openapi.requests import presented_parameters, token_parameters

if TYPE_CHECKING:
    from dragoman.dialects.schema import DialectFile, Ordered, ResourceWords
    from dragoman.openapi.json_schema import Schema

_METADATA_ADDRESSES = ("issuer", "token_endpoint", "introspection_endpoint", "revocation_endpoint", "jwks_uri")
_METADATA_NAMES = (
    "scopes_supported",
    "response_types_supported",
    "grant_types_supported",
    "token_endpoint_auth_methods_supported",
    "introspection_endpoint_auth_methods_supported",
    "revocation_endpoint_auth_methods_supported",
)
_BASIC, _BEARER = "client", "token"
SCHEMES: Mapping[str, Schema] = {
    _BASIC: {"type": "http", "scheme": "basic", "description": "Client id and secret (RFC 6749 §2.3.1)."},
    _BEARER: {"type": "http", "scheme": "bearer", "description": "An access token (RFC 6750)."},
}
"""How who asks shows who he is, where that is no parameter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is the same for all methods of an endpoint."""

    summary: str
    success: Schema
    parameters: Mapping[str, Schema]
    places: tuple[str, ...]
    required: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    """Those that may hold the token, beside Authorization."""
    security: tuple[Schema, ...] = ()


def _token(words: DialectFile) -> Told:
    places = words.request.parameters
    return Told(
        summary="Tokens for a grant (RFC 6749 §3.2)",
        success=_success(words.response.headers, words.response.body),
        parameters=token_parameters(words),
        places=places,
        required=("grant_type",) if places == ("body",) else (),
        security=_by_client(words),
    )


def _introspection(words: DialectFile) -> Told:
    at = words.introspection
    bodies = [at.body, at.body if at.refresh_body is None else at.refresh_body]
    if at.inactive == "answer":
        bodies.append(at.inactive_body)
    return Told(
        summary="What a token stands for (RFC 7662)",
        success=_success(words.response.headers, *bodies),
        parameters=presented_parameters(words, "token"),
        places=at.parameters,
        required=("token",) if at.parameters == ("body",) else (),
        security=_by_client(words),
    )


def _revocation(words: DialectFile) -> Told:
    at = words.revocation
    success = _success(at.headers, *([] if at.body is None else [at.body]))
    if at.authentication == "token":
        return _sign_out(words.resource, success)
    return Told(
        summary="The end of a token (RFC 7009)",
        success=success,
        parameters=presented_parameters(words, at.token_parameter),
        places=at.parameters,
        required=(at.token_parameter,) if at.parameters == ("body",) else (),
        security=_by_client(words),
    )


def _sign_out(presented: ResourceWords, success: Schema) -> Told:
    """The token stands where an API would look for it."""
    return Told(
        summary="The end of the access token that the request carries (RFC 6750 §2)",
        success=success,
        parameters={} if presented.parameter is None else {presented.parameter: {"type": "string"}},
        places=presented.parameter_in,
        headers=tuple(name for name in presented.headers if name != "Authorization"),
        security=({_BEARER: []}, {}),
    )


def _key(words: DialectFile) -> Told:
    return Told(
        summary="The key that the dialect's tokens are signed with",
        success=_success(words.response.headers, words.key.body),
        parameters={},
        places=(),
        security=_by_client(words),
    )


def _jwks(_words: DialectFile) -> Told:
    schema: Schema = {
        "type": "object",
        "properties": {"keys": {"type": "array", "items": {"type": "object"}}},
        "required": ["keys"],
    }
    return _document("The keys that access tokens are checked with (RFC 7517 §5)", schema)


def _metadata(_words: DialectFile) -> Told:
    text: Schema = {"type": "string"}
    names: Schema = {"type": "array", "items": text}
    schema: Schema = {
        "type": "object",
        "properties": {**dict.fromkeys(_METADATA_ADDRESSES, text), **dict.fromkeys(_METADATA_NAMES, names)},
        "required": ["issuer", "grant_types_supported", "response_types_supported"],
    }
    return _document("What this server has, and where (RFC 8414)", schema)


def _document(summary: str, schema: Schema) -> Told:
    success: Schema = {
        "description": "OK",
        "headers": {"Cache-Control": {"schema": {"type": "string"}}},
        "content": {"application/json": {"schema": schema}},
    }
    return Told(summary=summary, success=success, parameters={}, places=())


def _success(headers: Ordered, *bodies: Ordered) -> Schema:
    response: Schema = {"description": "OK"}
    told = {name: {"schema": {"const": value}} for name, value in headers.items() if name != "Content-Type"}
    if told:
        response["headers"] = told
    if bodies:
        media_type = str(headers.get("Content-Type", "application/json"))
        response["content"] = {media_type: {"schema": any_of(map(schema_of, bodies))}}
    return response


def _by_client(words: DialectFile) -> tuple[Schema, ...]:
    """By Basic, or else by parameters or not at all."""
    return ({_BASIC: []}, {}) if "basic" in words.client_authentication.methods else ()


ENDPOINTS: Mapping[str, Callable[[DialectFile], Told]] = {
    "token": _token,
    "introspection": _introspection,
    "revocation": _revocation,
    "key": _key,
    "jwks": _jwks,
    "metadata": _metadata,
}
"""By name, in the order in which they are described."""
