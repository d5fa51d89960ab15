"""The ASGI application: every mount's endpoints on one router."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dragoman.core.errors import ErrorCode, OAuthError
from dragoman.core.metadata import describe_server
from dragoman.dialects import codec
from dragoman.dialects.wire import WireRequest, WireResponse
from dragoman.http.exchange import Edge, Endpoint, send_response
from dragoman.http.paths import Paths, Route

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from dragoman.http.endpoints import Desk
    from dragoman.http.paths import Application, Receive, Scope, Send

_METADATA_MEMBERS = {
    "token": "token_endpoint",
    "introspection": "introspection_endpoint",
    "revocation": "revocation_endpoint",
    "jwks": "jwks_uri",
}


def build_application(
    desks: Sequence[Desk],
    edge: Edge,
    jwks: Callable[[], Mapping[str, object]],
    ready: Callable[[], Awaitable[bool]],
) -> Application:
    """All routes. `jwks` is asked at each request, so that a rotated key is seen at once; so is `ready`."""
    routes = [Route("/health/live", _live), Route("/health/ready", _readiness(ready))]
    for desk in desks:
        routes.extend(_routes_of(desk, edge))
        routes.extend(_public_routes_of(desk, edge, jwks))
    return Paths(routes)


def _routes_of(desk: Desk, edge: Edge) -> list[Route]:
    dialect = desk.mount.dialect
    endpoints = {
        "token": (desk.token, _refuse_with(dialect.errors.spell, dialect.words.token.methods)),
        "introspection": (
            desk.introspection,
            _refuse_with(dialect.introspection_errors.spell, dialect.words.introspection.methods),
        ),
        "revocation": (desk.revocation, _refuse_with(dialect.errors.spell, dialect.words.revocation.methods)),
        "key": (desk.key, _refuse_with(dialect.errors.spell, dialect.words.key.methods)),
    }
    if desk.mount.demo_resource:
        resource = dialect.words.resource
        endpoints["resource"] = (desk.resource, _refuse_with(dialect.resource_errors.spell, resource.methods))
    return [
        Route(path, Endpoint(edge=edge, name=name, dialect=dialect.name, answer=answer, refuse=refuse))
        for name, (answer, refuse) in endpoints.items()
        for path in desk.mount.paths_of(name)
    ]


def _refuse_with(
    spell: Callable[..., WireResponse], methods: tuple[str, ...]
) -> Callable[[OAuthError, WireRequest, int | None], WireResponse]:
    allow = ", ".join(methods)

    def refuse(refused: OAuthError, wire: WireRequest, retry_after: int | None) -> WireResponse:
        return spell(refused, wire, allow=allow, retry_after=retry_after)

    return refuse


def _public_routes_of(desk: Desk, edge: Edge, jwks: Callable[[], Mapping[str, object]]) -> list[Route]:
    """Documents that anyone may read."""
    dialect = desk.mount.dialect

    async def answer_jwks(wire: WireRequest) -> WireResponse:
        codec.check_method(dialect.words.jwks, wire)
        return _document(jwks())

    async def answer_metadata(wire: WireRequest) -> WireResponse:
        codec.check_method(dialect.words.metadata, wire)
        return _document(_metadata(desk))

    def route(path: str, name: str, answer: Any, methods: tuple[str, ...]) -> Route:  # noqa: ANN401 (two closures)
        refuse = _refuse_with(dialect.errors.spell, methods)
        return Route(path, Endpoint(edge=edge, name=name, dialect=dialect.name, answer=answer, refuse=refuse))

    words = dialect.words
    return [
        *(route(path, "jwks", answer_jwks, words.jwks.methods) for path in desk.mount.paths_of("jwks")),
        *(route(path, "metadata", answer_metadata, words.metadata.methods) for path in desk.mount.paths_of("metadata")),
    ]


def _metadata(desk: Desk) -> Mapping[str, object]:
    mount = desk.mount
    base = desk.server.issuer.rstrip("/")
    addresses = {
        member: base + mount.paths_of(endpoint)[0]
        for endpoint, member in _METADATA_MEMBERS.items()
        if mount.paths_of(endpoint)
    }
    methods = ("client_secret_basic", "client_secret_post", "none")
    return describe_server(desk.server, addresses, mount.rules.grant_types & desk.services.grant_types.keys(), methods)


def _document(document: Mapping[str, object], *, cached: bool = True, status: int = 200) -> WireResponse:
    kept = b"public, max-age=300" if cached else b"no-store"
    headers = ((b"Content-Type", b"application/json"), (b"Cache-Control", kept))
    return WireResponse(status=status, headers=headers, body=json.dumps(document).encode())


async def _live(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send_response(_document({"status": "live"}, cached=False), send)


def _readiness(ready: Callable[[], Awaitable[bool]]) -> Application:
    async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
        if await ready():
            response = _document({"status": "ready"}, cached=False)
        else:
            response = _document({"status": ErrorCode.TEMPORARILY_UNAVAILABLE.value}, cached=False, status=503)
        await send_response(response, send)

    return answer
