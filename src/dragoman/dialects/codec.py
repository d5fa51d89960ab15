"""Decode and encode: the doors between the wire and the core, the same for every dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.model import Sender, TokenRequest
from dragoman.core.secret import Secret
from dragoman.dialects.credentials import read_credentials
from dragoman.dialects.parameters import read_parameters
from dragoman.dialects.schema import RequestWords
from dragoman.dialects.scope_parameter import read_scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.core.introspection import Introspection
    from dragoman.core.model import ClientCredentials, TokenResponse
    from dragoman.dialects.dialect import Dialect
    from dragoman.dialects.schema import EndpointWords, ResourceWords
    from dragoman.dialects.wire import WireRequest, WireResponse

_LAX = RequestWords(query="ignore", other_media_type="ignore", malformed="ignore", duplicates="first")
"""How a resource looks for a token parameter: anything it does not know is its own business."""
_LONGEST_AGENT = 200
_NOT_GRANT_PARAMETERS = frozenset({"grant_type", "client_id", "client_secret", "scope"})


def decode(dialect: Dialect, wire: WireRequest) -> TokenRequest:
    """The token request in the RFC's terms (RFC 6749 §4.3.2, §4.4.2, §6). Raises OAuthError."""
    words = dialect.words
    check_method(words.token, wire)
    parameters = read_parameters(wire, words.request)
    return TokenRequest(
        grant_type=parameters.get("grant_type"),
        client=read_credentials(wire, parameters, words.client_authentication),
        parameters={name: Secret(parameters[name]) for name in parameters.keys() - _NOT_GRANT_PARAMETERS},
        scope=read_scope(parameters.get("scope"), words.scope),
        sender=read_sender(wire),
        hung_up=wire.hung_up,
        header=wire.joined_header,
    )


def encode_answer(dialect: Dialect, response: TokenResponse) -> WireResponse:
    """The tokens as this dialect writes them (RFC 6749 §5.1)."""
    return dialect.answer.spell(response)


def decode_token_parameter(
    dialect: Dialect, wire: WireRequest, endpoint: EndpointWords, places: tuple[str, ...], name: str
) -> tuple[ClientCredentials, Secret, str | None]:
    """Who asks, the token asked about, and the hint (RFC 7009 §2.1, RFC 7662 §2.1). Raises OAuthError."""
    check_method(endpoint, wire)
    parameters = read_parameters(wire, dialect.words.request, places)
    token = parameters.get(name)
    credentials = read_credentials(wire, parameters, dialect.words.client_authentication)
    return credentials, Secret(token or ""), parameters.get("token_type_hint")


def encode_introspection(dialect: Dialect, found: Introspection | None) -> WireResponse:
    """What a token stands for, or that it is not good."""
    if found is None:
        return dialect.inactive.spell(None)
    spelling = dialect.active_refresh if found.token_type == "refresh_token" else dialect.active
    return spelling.spell(found)


def decode_bearer(words: ResourceWords, wire: WireRequest) -> Secret:
    """The access token that a request carries (RFC 6750 §2). Refuses `missing_token`, `malformed_token`.

    Of two lines of one header (RFC 9110 §5.3 allows one) nobody else may have read the same one.
    """
    for name in words.headers:
        line = name.lower().encode()
        if wire.repeats(line):
            raise OAuthError(Refusal.MALFORMED_TOKEN, f"more than one line of {name}")
        header = wire.header(line)
        token = None if header is None else _bearer_of(header, words)
        if token:
            return Secret(token.partition(",")[0] if words.cut_at_comma else token)
    token = _bearer_parameter(words, wire)
    if not token:
        raise OAuthError(Refusal.MISSING_TOKEN, "no access token")
    return Secret(token)


def check_method(endpoint: EndpointWords, wire: WireRequest) -> None:
    """Refuses `method_not_allowed`."""
    if wire.method not in endpoint.methods:
        raise OAuthError(Refusal.METHOD_NOT_ALLOWED, method=wire.method)


def read_sender(wire: WireRequest) -> Sender:
    """Where the request came from, for the audit."""
    agent = (wire.header(b"user-agent") or "")[:_LONGEST_AGENT]
    return Sender(address=wire.address, agent=agent, request_id=wire.request_id)


def _bearer_of(header: str, words: ResourceWords) -> str | None:
    scheme, _, token = header.partition(" ")
    for known in words.schemes:
        if scheme == known or (words.scheme_case == "any" and scheme.lower() == known.lower()):
            return token.strip()
    return None


def _bearer_parameter(words: ResourceWords, wire: WireRequest) -> str | None:
    if words.parameter is None:
        return None
    parameters: Mapping[str, str] = read_parameters(wire, _LAX, words.parameter_in)
    return parameters.get(words.parameter)
