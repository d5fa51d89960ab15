"""The endpoints beside the token endpoint."""

from __future__ import annotations

from typing import Literal

from msgspec import field

from dragoman.dialects.schema.answers import ErrorsWords
from dragoman.dialects.schema.common import EndpointWords, Names, Ordered


class IntrospectionWords(EndpointWords, frozen=True):
    """Token introspection (RFC 7662), or what a dialect has in its place."""

    parameters: tuple[Literal["query", "body"], ...] = ("body",)
    """Where the token may stand."""
    refresh_tokens: bool = True
    """Whether refresh tokens may be introspected too."""
    clients: Literal["confidential", "any"] = "confidential"
    """Who may ask."""
    unsupported_hint: Literal["ignore", "refuse"] = "ignore"
    """What an unknown `token_type_hint` comes to."""
    inactive: Literal["answer", "refuse"] = "answer"
    """Whether a token that is not good is an answer (`active` false) or a refusal."""
    body: Ordered = {}
    """Members for an active access token, in order."""
    refresh_body: Ordered | None = None
    """Members for an active refresh token, where they differ."""
    inactive_body: Ordered = field(default_factory=lambda: {"active": False})
    """Members for a token that is not good."""
    errors: ErrorsWords = ErrorsWords()
    """Errors of this endpoint, where they differ from the token endpoint's."""


class RevocationWords(EndpointWords, frozen=True):
    """Token revocation (RFC 7009), or what a dialect has in its place."""

    parameters: tuple[Literal["query", "body"], ...] = ("body",)
    """Where the token may stand."""
    token_parameter: str = "token"
    """The name of the parameter that holds the token."""
    authentication: Literal["client", "token"] = "client"
    """Whether the client authenticates, or the bearer token itself is what is revoked."""
    headers: Ordered = {}
    """Headers of the answer."""
    body: Ordered | None = None
    """Members of the answer; without it the answer is empty."""
    unsupported_hint: Literal["ignore", "refuse"] = "ignore"
    """What an unknown `token_type_hint` comes to."""
    access_token_ends: Literal["itself", "grant"] = "itself"
    """Whether revoking an access token ends its grant, and so its refresh token, too."""
    foreign_token: Literal["refuse", "ignore"] = "refuse"
    """How another client's token is answered; it stays good either way."""


class KeyWords(EndpointWords, frozen=True):
    """An endpoint that shows the one key with which a dialect's tokens are signed."""

    body: Ordered = {}
    """Members in order."""


class ResourceWords(EndpointWords, frozen=True):
    """How an API takes this dialect's tokens (RFC 6750); the demo mounts one such resource."""

    headers: Names = ("Authorization",)
    """Request headers that may hold the token, in this order."""
    schemes: Names = ("Bearer",)
    """Authentication schemes that introduce it."""
    scheme_case: Literal["exact", "any"] = "any"
    """Whether the scheme must be written as above."""
    cut_at_comma: bool = False
    """Whether the token ends at a comma."""
    parameter: str | None = None
    """A parameter that may hold the token, in place of a header."""
    parameter_in: tuple[Literal["query", "body"], ...] = ()
    """Where that parameter may stand."""
    required_scope: dict[str, str] = {}
    """The scope that each method needs."""
    audience: str | None = None
    """The audience that a token must be for, where `issuer` stands for this server; a token for none in particular
    passes."""
    resource_owner: Literal["required", "optional"] = "optional"
    """Whether a token that speaks for its client alone is refused as no good."""
    on_behalf_of: str | None = None
    """The path segment that names the resource owner on whose behalf the call is made."""
    response_headers: Ordered = {}
    """Headers of the demo resource's answer."""
    body: Ordered = {}
    """Members of the demo resource's answer."""
    errors: ErrorsWords = ErrorsWords()
    """How the resource refuses."""
