"""Authorization server metadata (RFC 8414)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dragoman.core.rules import ServerRules


def describe_server(
    server: ServerRules, endpoints: Mapping[str, str], grant_types: Iterable[str], methods: tuple[str, ...]
) -> dict[str, object]:
    """The metadata document. `endpoints` are absolute addresses by member name; no other dialect is named.

    `methods` are how clients authenticate. Without any (`none`) nobody introspects: who may ask must be known
    (RFC 7662 §2.1).
    """
    document: dict[str, object] = {"issuer": server.issuer, **endpoints}
    if server.known_scopes:
        document["scopes_supported"] = sorted(server.known_scopes)
    document["response_types_supported"] = []
    document["grant_types_supported"] = sorted(grant_types)
    document["token_endpoint_auth_methods_supported"] = list(methods)
    if "introspection_endpoint" in endpoints:
        authenticated = [method for method in methods if method != "none"]
        document["introspection_endpoint_auth_methods_supported"] = authenticated
    if "revocation_endpoint" in endpoints:
        document["revocation_endpoint_auth_methods_supported"] = list(methods)
    return document
