"""What a description says of an exchange, and whether the answer is so."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dragoman.verification.http_exchange import HttpRequest, Response


def defects(document: Mapping, request: HttpRequest, response: Response) -> Iterator[str]:
    """Whatever differs; nothing of a path that is not described."""
    path, _, _ = request.target.partition("?")
    described = operation_at(document, request.method, path)
    if described is None:
        return
    reference = described["responses"].get(str(response.status))
    if reference is None:
        yield f"status {response.status}"
        return
    answer = document["components"]["responses"][reference["$ref"].rpartition("/")[2]]
    yield from _of_body(answer.get("content", {}), response, request.method)
    yield from _of_headers(answer.get("headers", {}), response)


def operation_at(document: Mapping, method: str, path: str) -> Mapping | None:
    """What is said of this method, or of any other where nothing is: a refusal is the same for all."""
    for template, item in document["paths"].items():
        if re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)), path):
            return item.get(method.lower()) or next(item[name] for name in ("post", "get") if name in item)
    return None


def _of_body(content: Mapping, response: Response, method: str) -> Iterator[str]:
    media_type = next(iter(response.values_of("Content-Type")), None)
    if method == "HEAD" or not response.body:
        if content and method != "HEAD":
            yield f"no body, where there is one of {', '.join(content)}"
        return
    if media_type not in content:
        yield f"media type {media_type}"
        return
    schema = content[media_type]["schema"]
    if "json" not in media_type:
        return
    for error in Draft202012Validator(strict(schema)).iter_errors(json.loads(response.body)):
        yield f"body: {error.message}"


def strict(schema: object) -> object:
    """The same, where members that are not named are none."""
    match schema:
        case {"properties": properties, **rest}:
            named = {name: strict(one) for name, one in properties.items()}
            return {**rest, "properties": named, "additionalProperties": False}
        case {"anyOf": schemas}:
            return {"anyOf": [strict(one) for one in schemas]}
        case _:
            return schema


def _of_headers(headers: Mapping, response: Response) -> Iterator[str]:
    told = {name.lower() for name in headers}
    plain = {"content-type", "content-length", "date", "server", "connection", "x-request-id"}
    yield from (f"header {name}" for name, _ in response.headers if name.lower() not in told | plain)
    for name, described in headers.items():
        for value in response.values_of(name):
            kinds = described["schema"].get("anyOf", [described["schema"]])
            constants = [one["const"] for one in kinds if "const" in one]
            if len(constants) == len(kinds) and value not in map(str, constants):
                yield f"header {name}: {value}"
