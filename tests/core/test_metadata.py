"""Authorization server metadata (RFC 8414)."""

from dragoman.core.metadata import describe_server
from dragoman.core.rules import ServerRules

TOKEN = {"token_endpoint": "https://as.example/token"}


def test_only_what_exists_is_described():
    document = describe_server(ServerRules(issuer="https://as.example"), TOKEN, ["password"], ("client_secret_basic",))
    assert document == {
        "issuer": "https://as.example",
        "token_endpoint": "https://as.example/token",
        "response_types_supported": [],
        "grant_types_supported": ["password"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
    }


def test_scopes_and_further_endpoints_are_described_with_their_methods():
    rules = ServerRules(issuer="https://as.example", known_scopes=frozenset({"write", "read"}))
    endpoints = {**TOKEN, "introspection_endpoint": "https://as.example/introspect"}
    document = describe_server(rules, endpoints, ["password"], ("client_secret_basic",))
    assert document["scopes_supported"] == ["read", "write"]
    assert document["introspection_endpoint_auth_methods_supported"] == ["client_secret_basic"]
    assert "revocation_endpoint_auth_methods_supported" not in document


def test_a_public_client_may_revoke_and_is_not_invited_to_introspect():
    endpoints = {
        **TOKEN,
        "introspection_endpoint": "https://as.example/introspect",
        "revocation_endpoint": "https://as.example/revoke",
    }
    methods = ("client_secret_basic", "none")
    document = describe_server(ServerRules(issuer="https://as.example"), endpoints, ["password"], methods)
    assert document["token_endpoint_auth_methods_supported"] == list(methods)
    assert document["revocation_endpoint_auth_methods_supported"] == list(methods)
    assert document["introspection_endpoint_auth_methods_supported"] == ["client_secret_basic"]
