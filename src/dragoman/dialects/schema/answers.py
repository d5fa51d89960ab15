"""How answers, tokens and errors are written."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from dragoman.dialects.schema.common import Names, Ordered, Status, Words


class ResponseWords(Words, frozen=True):
    """The successful answer of the token endpoint (RFC 6749 §5.1)."""

    headers: Ordered = {}
    """Headers in order, Content-Type included."""
    body: Ordered = {}
    """JSON members in order; a member whose value is absent is left out."""
    expires_in: Literal["lifetime", "rounded_down"] = "lifetime"
    """Whether the lifetime is told in full, or as what is left of it in whole seconds: one less."""
    json: Literal["plain", "escaped"] = "plain"
    """How JSON text is escaped."""


class TokenWords(Words, frozen=True):
    """How a token is spelled."""

    format: str = "jwt"
    """The token format: `jwt`, `sealed` or `reference` for access tokens, `handle` or `jwt` for refresh tokens."""
    algorithm: str | None = None
    """The JOSE algorithm, where the format is signed; without it the server's default."""
    header: Ordered = {}
    """The JOSE header's members in order."""
    claims: Ordered = {}
    """The claims in order."""
    json: Literal["plain", "escaped"] = "plain"
    """How JSON text inside the token is escaped."""
    prefix: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.~-]*$")] = ""
    """Text before a token that is not a JWT."""
    encoding: Literal["base64url", "hex", "guid"] = "base64url"
    """How the bytes of a token that is not a JWT are printed."""


class RefreshTokenWords(TokenWords, frozen=True):
    """How refresh tokens are spelled, and which answers hold one."""

    grant_types: Names = ("password", "refresh_token")
    """Grant types whose answer may hold a refresh token; a client needs `refresh_token` among its own, too."""


class ErrorWords(Words, frozen=True):
    """How one refusal, or all refusals with one error code, are told."""

    status: Status | None = None
    """The HTTP status."""
    error: str | None = None
    """The error code. A refusal that has its own is also told by what is said of that code."""
    description: str | None = None
    """The text, a template."""
    hint: str | None = None
    """A second text, a template, for dialects whose error body has one."""
    extra: Ordered = {}
    """Further JSON members after the body's own."""
    headers: Ordered = {}
    """Further headers; a header whose value is absent is left out."""
    body: Ordered | None = None
    """A body of its own in place of the dialect's error body."""
    content_type: str | None = None
    """A Content-Type of its own; where there is a `text`, of that."""
    text: str | None = None
    """A body that is not JSON, a template, in place of any JSON."""
    text_unless_json_accepted: bool = False
    """Whether `text` gives way to JSON when the request's Accept asks for JSON."""


class ErrorsWords(Words, frozen=True):
    """Error answers."""

    headers: Ordered = {}
    """Headers in order, Content-Type included."""
    body: Ordered = {}
    """JSON members in order."""
    json: Literal["plain", "escaped"] | None = None
    """How JSON text is escaped; without the word as at the token endpoint, and there plain."""
    escape: Literal["none", "html", "html-padded"] | None = None
    """Whether descriptions and hints are HTML-escaped in bodies; an apostrophe becomes `&#39;`, or padded `&#039;`.
    Without the word as at the token endpoint, and there not."""
    code: dict[str, ErrorWords] = {}
    """By error code: what all its refusals share."""
    refusal: dict[str, ErrorWords] = {}
    """By refusal: what this one says differently."""
