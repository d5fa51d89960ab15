"""The application: every mount's endpoints on one router."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dragoman.core.errors import ErrorCode
from dragoman.core.metadata import describe_server
from dragoman.dialects import codec
from dragoman.dialects.wire import WireResponse
from dragoman.http.exchange import Edge, Endpoint
from dragoman.http.origins import SHARED_ENDPOINTS, Sharing
from dragoman.http.paths import Paths, Route

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from dragoman.core.errors import OAuthError
    from dragoman.dialects.schema import EndpointWords
    from dragoman.dialects.wire import WireRequest
    from dragoman.http.endpoints import Desk
    from dragoman.http.origins import Answer, Refuse
    from dragoman.http.paths import Answering, Application
    from dragoman.http.request import Request

_RECORDED = {"token": "token_refused", "revocation": "revocation_refused"}
"""Endpoints where each request leaves an audit event, and what the event of a refusal is called."""
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
        route for name, (answer, refuse) in endpoints.items() for route in _routes(desk, edge, name, answer, refuse)
    ]


def _routes(desk: Desk, edge: Edge, name: str, answer: Answer, refuse: Refuse) -> list[Route]:
    """One endpoint at all of its paths, shared with the origins that the mount registers, unless another answers."""
    mount = desk.mount
    if desk.elsewhere is not None and name != "resource":
        answer = partial(desk.elsewhere, name)
    elif mount.origins and name in SHARED_ENDPOINTS:
        words: EndpointWords = getattr(mount.dialect.words, name)
        sharing = Sharing(origins=mount.origins, methods=words.methods)
        answer, refuse = sharing.around_answer(answer), sharing.around_refusal(refuse)
    record = None
    if desk.elsewhere is None and name in _RECORDED:
        record = partial(desk.record_refusal, _RECORDED[name])
    endpoint = partial(
        Endpoint, edge=edge, name=name, dialect=mount.dialect.name, answer=answer, refuse=refuse, record=record
    )
    return [Route(path, endpoint(path=path)) for path in (*mount.paths_of(name), *_inserted(desk, name))]


def _inserted(desk: Desk, name: str) -> Sequence[str]:
    """Where the metadata of an issuer with a path is looked for: the path stands behind theirs (RFC 8414 §3.1)."""
    path = urlsplit(desk.server.issuer).path.rstrip("/")
    if name != "metadata" or not path or desk.mount.prefix:
        return ()
    return [place + path for place in desk.mount.paths_of(name)]


def _refuse_with(spell: Callable[..., WireResponse], methods: tuple[str, ...]) -> Refuse:
    allow = ", ".join(methods)

    def refuse(refused: OAuthError, wire: WireRequest, retry_after: int | None) -> WireResponse:
        return spell(refused, wire, allow=allow, retry_after=retry_after)

    return refuse


def _public_routes_of(desk: Desk, edge: Edge, jwks: Callable[[], Mapping[str, object]]) -> list[Route]:
    """Documents that anyone may read."""
    dialect = desk.mount.dialect

    keys, metadata = _Told(jwks), _document(_metadata(desk))

    async def answer_jwks(wire: WireRequest) -> WireResponse:
        _check_reading(dialect.words.jwks, wire)
        return keys.tell()

    async def answer_metadata(wire: WireRequest) -> WireResponse:
        _check_reading(dialect.words.metadata, wire)
        return metadata

    spell, words = dialect.errors.spell, dialect.words
    return [
        *_routes(desk, edge, "jwks", answer_jwks, _refuse_with(spell, (*words.jwks.methods, "HEAD"))),
        *_routes(desk, edge, "metadata", answer_metadata, _refuse_with(spell, (*words.metadata.methods, "HEAD"))),
    ]


class _Told:
    """A document that changes now and then: written anew only where it is another than the last."""

    def __init__(self, read: Callable[[], Mapping[str, object]]) -> None:
        self._read = read
        self._last: tuple[Mapping[str, object], WireResponse] | None = None

    def tell(self) -> WireResponse:
        document = self._read()
        if self._last is None or self._last[0] is not document:
            self._last = (document, _document(document))
        return self._last[1]


def _check_reading(words: EndpointWords, wire: WireRequest) -> None:
    """Of what changes nothing the head alone may be asked for, too (RFC 9110 §9.1)."""
    if wire.method != "HEAD":
        codec.check_method(words, wire)


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


async def _live(_request: Request, _path_parameters: Mapping[str, str]) -> WireResponse:
    return _document({"status": "live"}, cached=False)


def _readiness(ready: Callable[[], Awaitable[bool]]) -> Answering:
    async def answer(_request: Request, _path_parameters: Mapping[str, str]) -> WireResponse:
        if await ready():
            return _document({"status": "ready"}, cached=False)
        return _document({"status": ErrorCode.TEMPORARILY_UNAVAILABLE.value}, cached=False, status=503)

    return answer
