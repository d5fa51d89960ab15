"""One page for each dialect, made from its words, its compiled form and its contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from making.dialect_contract import contract_part
from making.dialect_endpoints import introspection_part, key_part, resource_part, revocation_part
from making.dialect_refusals import Usual, refusal_part
from making.dialect_words import header_table, words_table
from making.markdown import code, codes, members, page, table
from making.texts import read_texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dragoman.dialects.dialect import Dialect
    from dragoman.dialects.schema import DialectFile, EndpointWords, TokenWords

_NEEDS = {
    "query_credentials": "credentials in the query string (RFC 9700 §2.4, RFC 6749 §2.3.1)",
    "get_credentials": "credentials in GET requests (RFC 6749 §3.2)",
}
_CHECKS = {
    "client": "the client authenticates, is enabled and lists this dialect",
    "grant_type": "the grant type is there, exists, and is the client's",
    "scope": "the scope is known and the client's",
    "grant": "the grant type's own: password, refresh token, account",
}
_ERRORS = """\
These headers and this body, unless a refusal has its own. Refusals that this dialect's words rule out are listed, too.
What depends on the request stands in braces; headers are shown as after a request with Basic credentials."""
_ENDPOINTS = ("token", "introspection", "revocation", "key", "jwks", "metadata", "resource")


def make_dialect_page(dialect: Dialect, all_words: Sequence[DialectFile], contracts: Path) -> str:
    """The page."""
    words = dialect.words
    return page(
        f"# {words.title}",
        f"<!-- Made by docs/make.py from src/dragoman/dialects/{words.name}.toml and its contract; do not edit. -->",
        *_origin(words, all_words),
        *_endpoints(words),
        *_request(words),
        *_order(words),
        *_answer(words),
        *_tokens(words),
        *_errors(dialect),
        *introspection_part(dialect),
        *revocation_part(dialect),
        *key_part(dialect),
        *resource_part(dialect),
        *_defaults(words),
        *contract_part(words.name, contracts),
    )


def _origin(words: DialectFile, all_words: Sequence[DialectFile]) -> Iterator[str]:
    variants = tuple(one.name for one in all_words if one.extends == words.name)
    facts = [("name", code(words.name)), ("document", words.document), ("upstream", words.upstream)]
    if words.extends is not None:
        facts.append(("extends", _links((words.extends,))))
    if variants:
        facts.append(("extended by", _links(variants)))
    needs = "; ".join(_NEEDS[need] for need in words.needs)
    facts.append(("needs, against RFC 9700", needs or "nothing"))
    facts.append(("grant types", codes(words.grant_types)))
    yield table(("", ""), facts)


def _links(names: Sequence[str]) -> str:
    return ", ".join(f"[{code(name)}]({name}.md)" for name in names)


def _endpoints(words: DialectFile) -> Iterator[str]:
    rows = []
    for name in _ENDPOINTS:
        endpoint: EndpointWords = getattr(words, name)
        if endpoint.paths:
            title = "demo resource" if name == "resource" else name
            rows.append((title, " ".join(endpoint.methods), codes(endpoint.paths)))
    yield "## Endpoints"
    yield table(("endpoint", "methods", "paths"), rows)


def _request(words: DialectFile) -> Iterator[str]:
    yield "## Where parameters stand, and how they are read"
    yield words_table(words.request)
    yield "## Client authentication"
    yield words_table(words.client_authentication, leave_out=("basic",))
    if "basic" in words.client_authentication.methods:
        yield "HTTP Basic:"
        yield words_table(words.client_authentication.basic)
    yield "## Scope"
    yield words_table(words.scope)


def _order(words: DialectFile) -> Iterator[str]:
    yield "## Order of checks"
    yield "The first check that fails is the one that is told."
    yield _numbered(words.order.default)
    if words.order.refresh_token is not None and words.order.refresh_token != words.order.default:
        yield "At a refresh:"
        yield _numbered(words.order.refresh_token)


def _numbered(checks: Sequence[str]) -> str:
    return "\n".join(f"{position}. {code(check)}: {_CHECKS[check]}" for position, check in enumerate(checks, start=1))


def _answer(words: DialectFile) -> Iterator[str]:
    yield "## Successful answer"
    yield "Status 200, these headers, and these members in this order; one whose value is absent is left out."
    yield header_table(words.response.headers)
    yield members(words.response.body)
    if words.response.expires_in == "rounded_down":
        yield "`expires_in` is what is left of the lifetime in whole seconds, one less than the lifetime."


def _tokens(words: DialectFile) -> Iterator[str]:
    yield "## Access token"
    yield from _token(words.access_token)
    yield "## Refresh token"
    if not set(words.refresh_token.grant_types) & set(words.grant_types) or "refresh_token" not in words.grant_types:
        yield "There is none."
        return
    named = codes(words.refresh_token.grant_types)
    yield f"With an answer to {named}, if the client has the grant type `refresh_token`."
    yield from _token(words.refresh_token)


def _token(words: TokenWords) -> Iterator[str]:
    facts = [("format", code(words.format))]
    if words.format == "jwt":
        facts.append(("algorithm", "the server's" if words.algorithm is None else code(words.algorithm)))
    else:
        facts += [("prefix", code(words.prefix) if words.prefix else "none"), ("printed as", code(words.encoding))]
    yield table(("", ""), facts)
    if words.format == "jwt":
        if words.header:
            yield "Header:"
            yield members(words.header)
        yield "Claims in order:"
        yield members(words.claims)


def _errors(dialect: Dialect) -> Iterator[str]:
    texts, errors = read_texts().refusals, dialect.words.errors
    yield "## Errors of the token endpoint"
    yield _ERRORS
    yield header_table(errors.headers)
    yield members(errors.body)
    usual = Usual(headers=errors.headers, body=errors.body)
    yield from refusal_part(dialect.errors, usual, (*texts.request, *texts.token, *texts.server))


def _defaults(words: DialectFile) -> Iterator[str]:
    yield "## What a new client gets"
    yield words_table(words.client_defaults)
