"""What an endpoint takes: parameters in the query, and bodies by media type."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dragoman.dialects.schema import DialectFile
    from dragoman.openapi.json_schema import Schema

_MEDIA_TYPES: Mapping[str, str] = {
    "form": "application/x-www-form-urlencoded",
    "multipart": "multipart/form-data",
    "json": "application/json",
}
_GRANT_PARAMETERS: Mapping[str, Mapping[str, Schema]] = {
    "password": {
        "username": {"type": "string", "description": "Whose password it is (RFC 6749 §4.3.2)."},
        "password": {"type": "string", "format": "password"},
    },
    "refresh_token": {"refresh_token": {"type": "string", "description": "For that grant type (RFC 6749 §6)."}},
}
_CLIENT: Mapping[str, Schema] = {
    "client_id": {"type": "string"},
    "client_secret": {"type": "string", "format": "password", "description": "Of a confidential client."},
}


def token_parameters(words: DialectFile) -> Mapping[str, Schema]:
    """Those of the token endpoint."""
    parameters: dict[str, Schema] = {"grant_type": {"enum": list(words.grant_types)}}
    for grant_type in words.grant_types:
        parameters.update(_GRANT_PARAMETERS.get(grant_type, {}))
    parameters["scope"] = {"type": "string", "description": "Names with a blank between each (RFC 6749 §3.3)."}
    return {**parameters, **_of_clients(words)}


def presented_parameters(words: DialectFile, token_parameter: str) -> Mapping[str, Schema]:
    """Those of an endpoint that is asked about a token."""
    return {
        token_parameter: {"type": "string"},
        "token_type_hint": {"type": "string", "description": "`access_token` or `refresh_token` (RFC 7009 §2.1)."},
        **_of_clients(words),
    }


def in_query(parameters: Mapping[str, Schema]) -> list[Schema]:
    """As OpenAPI names parameters of a URL; none is required, as each may stand elsewhere."""
    return [{"name": name, "in": "query", "schema": schema} for name, schema in parameters.items()]


def in_headers(names: Iterable[str]) -> list[Schema]:
    """As OpenAPI names headers."""
    return [{"name": name, "in": "header", "schema": {"type": "string"}} for name in names]


def in_body(words: DialectFile, parameters: Mapping[str, Schema], required: Sequence[str]) -> Schema:
    """As OpenAPI names a body, in each format that the dialect reads."""
    schema: Schema = {"type": "object", "properties": dict(parameters)}
    if required:
        schema["required"] = list(required)
    content = {_MEDIA_TYPES[one]: {"schema": schema} for one in words.request.media_types}
    return {"required": bool(required), "content": content}


def _of_clients(words: DialectFile) -> Mapping[str, Schema]:
    return _CLIENT if "parameters" in words.client_authentication.methods else {}
