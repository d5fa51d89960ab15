"""The OpenAPI document of some mounts."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import TYPE_CHECKING

from dragoman.openapi.endpoints import ENDPOINTS, SCHEMES
from dragoman.openapi.refusals import refusal_responses
from dragoman.openapi.requests import in_body, in_headers, in_query

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dragoman.dialects.schema import DialectFile, EndpointWords
    from dragoman.http.mount import Mount
    from dragoman.openapi.endpoints import Told
    from dragoman.openapi.json_schema import Schema

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def describe(mounts: Sequence[Mount], server: str = "") -> Mapping[str, object]:
    """OpenAPI 3.1 of all endpoints but the demo resource, which stands for an API. `server`: where, if it is known."""
    paths: dict[str, object] = {}
    responses: dict[str, object] = {}
    for mount in mounts:
        for endpoint, tell in ENDPOINTS.items():
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
        "components": {"responses": responses, "securitySchemes": dict(SCHEMES)},
    }
    return {**document, "servers": [{"url": server.rstrip("/")}]} if server else document


def _about(mounts: Sequence[Mount]) -> str:
    words = {mount.dialect.name: mount.dialect.words for mount in mounts}
    told = [f"{one.title}. {one.document or 'No published document'}." for one in words.values()]
    return "\n\n".join([*told, "What is no HTTP request, or too large for one, is refused before a dialect is known."])


def _path_item(words: DialectFile, at: EndpointWords, told: Told, path: str, responses: Mapping[str, str]) -> Schema:
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
