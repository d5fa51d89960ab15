"""A dialect file as a whole."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from dragoman.dialects.schema.answers import ErrorsWords, RefreshTokenWords, ResponseWords, TokenWords
from dragoman.dialects.schema.common import EndpointWords, Names, Words
from dragoman.dialects.schema.endpoints import IntrospectionWords, KeyWords, ResourceWords, RevocationWords
from dragoman.dialects.schema.requests import ClientAuthenticationWords, OrderWords, RequestWords, ScopeWords

LONGEST_LIFETIME = 2**31 - 1
"""Seconds: 68 years."""


class ClientDefaults(Words, frozen=True):
    """What a client gets when it is registered for this dialect and nothing else is said."""

    access_token_lifetime: Annotated[int, Meta(ge=1, le=LONGEST_LIFETIME)] | None = None
    """Seconds."""
    refresh_token_lifetime: Annotated[int, Meta(ge=1, le=LONGEST_LIFETIME)] | Literal["endless"] | None = None
    """Seconds; "endless": no end but the idle one."""
    refresh_token_idle_lifetime: Annotated[int, Meta(ge=1, le=LONGEST_LIFETIME)] | Literal["endless"] | None = None
    """Seconds from the last refresh; "endless": no idle end."""
    refresh: Literal["rotate", "reuse"] | None = None
    """What a refresh does to the refresh token."""
    refresh_ends_access_token: bool | None = None
    """Whether a refresh revokes the access token before it."""
    scope: Names | None = None
    """Scope names."""
    audience: Names | None = None
    """Audience of its access tokens."""


class DialectFile(Words, frozen=True):
    """One dialect."""

    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9.-]*$")]
    """What configuration, clients and paths call it; the same as the file's name."""
    title: str
    """One line for people."""
    extends: str | None = None
    """The dialect whose words hold where this file is silent."""
    document: str = ""
    """The published document that its clients were written from."""
    upstream: str = ""
    """The software, with its version, that decides what the document does not say."""
    needs: tuple[Literal["query_credentials", "get_credentials"], ...] = ()
    """What RFC 9700 forbids and this dialect cannot do without; shown when the server starts."""
    grant_types: Names = ("password", "client_credentials", "refresh_token")
    """Grant types that exist in this dialect."""
    token: EndpointWords = EndpointWords()
    """The token endpoint."""
    request: RequestWords = RequestWords()
    client_authentication: ClientAuthenticationWords = ClientAuthenticationWords()
    order: OrderWords = OrderWords()
    scope: ScopeWords = ScopeWords()
    response: ResponseWords = ResponseWords()
    access_token: TokenWords = TokenWords()
    refresh_token: RefreshTokenWords = RefreshTokenWords()
    errors: ErrorsWords = ErrorsWords()
    introspection: IntrospectionWords = IntrospectionWords()
    revocation: RevocationWords = RevocationWords()
    key: KeyWords = KeyWords()
    jwks: EndpointWords = EndpointWords(methods=("GET",))
    metadata: EndpointWords = EndpointWords(methods=("GET",))
    resource: ResourceWords = ResourceWords()
    client_defaults: ClientDefaults = ClientDefaults()
