"""The OpenAPI document of some mounts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from dragoman.openapi.json_schema import schema_of
from dragoman.openapi.refusals import refusal_responses
from dragoman.openapi.requests import in_body, in_headers, in_query, presented_parameters, token_parameters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.dialects.schema import DialectFile, EndpointWords, Ordered
    from dragoman.http.mount import Mount
    from dragoman.openapi.json_schema import Schema

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
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
_SCHEMES: Mapping[str, Schema] = {
    _BASIC: {"type": "http", "scheme": "basic", "description": "Client id and secret (RFC 6749 §2.3.1)."},
    _BEARER: {"type": "http", "scheme": "bearer", "description": "An access token (RFC 6750)."},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What is the same for all methods of an endpoint."""

    summary: str
    success: Schema
    parameters: Mapping[str, Schema]
    places: tuple[str, ...]
    required: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    """Those that may hold the token, beside Authorization."""
    security: tuple[Schema, ...] = ()


def describe(mounts: Sequence[Mount], server: str = "") -> Mapping[str, object]:
    """OpenAPI 3.1 of all endpoints but the demo resource, which stands for an API. `server`: where, if it is known."""
    paths: dict[str, object] = {}
    responses: dict[str, object] = {}
    for mount in mounts:
        for endpoint, tell in _ENDPOINTS.items():
            words, told = mount.dialect.words, tell(mount.dialect.words)
            if at := mount.paths_of(endpoint):
                answers = {"200": told.success, **refusal_responses(words, endpoint)}
                names = {status: f"{words.name}-{endpoint}-{status}" for status in answers}
                responses.update({names[status]: answer for status, answer in answers.items()})
                paths.update({path: _path_item(words, getattr(words, endpoint), told, path, names) for path in at})
    named = ", ".join(dict.fromkeys(mount.dialect.words.title for mount in mounts))
    document: dict[str, object] = {
        "openapi": "3.1.0",
        "info": {"title": named or "Nothing is mounted", "version": version("dragoman"), "description": _about(mounts)},
        "paths": paths,
        "components": {"responses": responses, "securitySchemes": dict(_SCHEMES)},
    }
    return {**document, "servers": [{"url": server.rstrip("/")}]} if server else document


def _about(mounts: Sequence[Mount]) -> str:
    words = {mount.dialect.name: mount.dialect.words for mount in mounts}
    told = [f"{one.title}. {one.document or 'No published document'}." for one in words.values()]
    return "\n\n".join([*told, "What is no HTTP request, or too large for one, is refused before a dialect is known."])


def _path_item(words: DialectFile, at: EndpointWords, told: _Told, path: str, responses: Mapping[str, str]) -> Schema:
    """All methods at one path; `responses` names those of the document by status."""
    answers = {status: {"$ref": f"#/components/responses/{name}"} for status, name in responses.items()}
    item: Schema = {}
    if names := _PLACEHOLDER.findall(path):
        item["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[^/]+$"}}
            for name in names
        ]
    for method in at.methods:
        operation: Schema = {
            "operationId": re.sub(r"\W+", "-", f"{method.lower()}{path}").strip("-"),
            "summary": told.summary,
            "tags": [words.name],
            "responses": answers,
        }
        if told.security:
            operation["security"] = list(told.security)
        queried = told.parameters if "query" in told.places else {}
        if queried or told.headers:
            operation["parameters"] = [*in_query(queried), *in_headers(told.headers)]
        if "body" in told.places and method == "POST" and told.parameters:
            operation["requestBody"] = in_body(words, told.parameters, told.required)
        item[method.lower()] = operation
    return item


def _token(words: DialectFile) -> _Told:
    places = words.request.parameters
    return _Told(
        summary="Tokens for a grant (RFC 6749 §3.2)",
        success=_success(words.response.headers, words.response.body),
        parameters=token_parameters(words),
        places=places,
        required=("grant_type",) if places == ("body",) else (),
        security=_by_client(words),
    )


def _introspection(words: DialectFile) -> _Told:
    at = words.introspection
    bodies = [at.body, at.body if at.refresh_body is None else at.refresh_body]
    if at.inactive == "answer":
        bodies.append(at.inactive_body)
    return _Told(
        summary="What a token stands for (RFC 7662)",
        success=_success(words.response.headers, *bodies),
        parameters=presented_parameters(words, "token"),
        places=at.parameters,
        required=("token",) if at.parameters == ("body",) else (),
        security=_by_client(words),
    )


def _revocation(words: DialectFile) -> _Told:
    at = words.revocation
    by_token = at.authentication == "token"
    return _Told(
        summary="The end of a token (RFC 7009)",
        success=_success(at.headers, *([] if at.body is None else [at.body])),
        parameters={at.token_parameter: {"type": "string"}}
        if by_token
        else presented_parameters(words, at.token_parameter),
        places=at.parameters,
        required=(at.token_parameter,) if at.parameters == ("body",) and not by_token else (),
        security=({_BEARER: []}, {}) if by_token else _by_client(words),
    )


def _key(words: DialectFile) -> _Told:
    return _Told(
        summary="The key that the dialect's tokens are signed with",
        success=_success(words.response.headers, words.key.body),
        parameters={},
        places=(),
        security=_by_client(words),
    )


def _jwks(_words: DialectFile) -> _Told:
    schema: Schema = {
        "type": "object",
        "properties": {"keys": {"type": "array", "items": {"type": "object"}}},
        "required": ["keys"],
    }
    return _document("The keys that access tokens are checked with (RFC 7517 §5)", schema)


def _metadata(_words: DialectFile) -> _Told:
    text: Schema = {"type": "string"}
    names: Schema = {"type": "array", "items": text}
    schema: Schema = {
        "type": "object",
        "properties": {**dict.fromkeys(_METADATA_ADDRESSES, text), **dict.fromkeys(_METADATA_NAMES, names)},
        "required": ["issuer", "grant_types_supported", "response_types_supported"],
    }
    return _document("What this server has, and where (RFC 8414)", schema)


def _document(summary: str, schema: Schema) -> _Told:
    success: Schema = {
        "description": "OK",
        "headers": {"Cache-Control": {"schema": {"type": "string"}}},
        "content": {"application/json": {"schema": schema}},
    }
    return _Told(summary=summary, success=success, parameters={}, places=())


_ENDPOINTS: Mapping[str, Callable[[DialectFile], _Told]] = {
    "token": _token,
    "introspection": _introspection,
    "revocation": _revocation,
    "key": _key,
    "jwks": _jwks,
    "metadata": _metadata,
}


def _success(headers: Ordered, *bodies: Ordered) -> Schema:
    response: Schema = {"description": "OK"}
    told = {name: {"schema": {"const": value}} for name, value in headers.items() if name != "Content-Type"}
    if told:
        response["headers"] = told
    if bodies:
        media_type = str(headers.get("Content-Type", "application/json"))
        schemas = list({repr(schema): schema for schema in map(schema_of, bodies)}.values())
        response["content"] = {media_type: {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}}}
    return response


def _by_client(words: DialectFile) -> tuple[Schema, ...]:
    """By Basic, or else by parameters or not at all."""
    return ({_BASIC: []}, {}) if "basic" in words.client_authentication.methods else ()
