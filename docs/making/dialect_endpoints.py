"""The endpoints of a dialect besides the token endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from making.dialect_refusals import Usual, refusal_part
from making.dialect_words import header_table, words_table
from making.markdown import members
from making.texts import read_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.dialects.dialect import Dialect
    from dragoman.dialects.schema import ErrorsWords

INTROSPECTION_REFUSALS = ("missing_token_parameter", "unsupported_token_type_hint")
REVOCATION_REFUSALS = ("missing_token_parameter", "unsupported_token_type_hint", "foreign_token")
KEY_REFUSALS = ("shared_key_not_shown",)
_BESIDES = "Refusals, besides those of the token endpoint:"


def introspection_part(dialect: Dialect) -> Iterator[str]:
    """How it is asked, what it answers, how it refuses."""
    words = dialect.words.introspection
    if not words.paths:
        return
    yield "## Introspection"
    yield words_table(words, ("paths", "methods", "body", "refresh_body", "inactive_body", "errors"))
    yield "An active access token:"
    yield members(words.body)
    if words.refresh_body is not None and words.refresh_tokens:
        yield "An active refresh token:"
        yield members(words.refresh_body)
    names: tuple[str, ...] = INTROSPECTION_REFUSALS
    if words.inactive == "refuse":
        names = (*names, *read_texts().refusals.resource)
    yield _BESIDES
    yield from refusal_part(dialect.introspection_errors, _usual(words.errors, dialect.words.errors), names)


def revocation_part(dialect: Dialect) -> Iterator[str]:
    """How a token is revoked."""
    words = dialect.words.revocation
    if not words.paths:
        return
    yield "## Revocation"
    yield words_table(words, ("paths", "methods"))
    if words.authentication == "client":
        yield _BESIDES
        yield from refusal_part(dialect.errors, _usual(dialect.words.errors, dialect.words.errors), REVOCATION_REFUSALS)


def key_part(dialect: Dialect) -> Iterator[str]:
    """How the key is shown."""
    if not dialect.words.key.paths:
        return
    yield "## Key"
    yield members(dialect.words.key.body)
    yield _BESIDES
    yield from refusal_part(dialect.errors, _usual(dialect.words.errors, dialect.words.errors), KEY_REFUSALS)


def resource_part(dialect: Dialect) -> Iterator[str]:
    """How an API takes the tokens."""
    resource = dialect.words.resource
    if not resource.paths:
        return
    texts, usual = read_texts().refusals, _usual(resource.errors, dialect.words.errors)
    yield "## Bearer tokens at a resource"
    yield "How an API takes these tokens, and what the demo resource answers."
    yield words_table(resource, ("paths", "methods", "response_headers", "body", "errors"))
    yield members(resource.body)
    yield "Refusals, with these headers and this body unless one has its own:"
    yield header_table(usual.headers)
    yield members(usual.body)
    yield from refusal_part(dialect.resource_errors, usual, ("method_not_allowed", *texts.resource, *texts.server))


def _usual(own: ErrorsWords, token: ErrorsWords) -> Usual:
    """Where an endpoint is silent, the token endpoint's words hold."""
    return Usual(headers=own.headers or token.headers, body=own.body or token.body)
