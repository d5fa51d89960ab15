"""A dialect, compiled: its words turned into rules for the core and spellings for the wire."""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, TypeVar

from dragoman.core.introspection import Introspection
from dragoman.core.model import TokenFacts, TokenResponse
from dragoman.core.rules import DefaultScope, Order, Rules, ScopeCheck, ScopeRules, TokenRecipe
from dragoman.core.scope import Scope
from dragoman.core.template import Getter, compile_record, compile_template, names_in
from dragoman.core.template_values import FIELDS, HEADER_VALUES, IDENTIFIER_SPELLINGS, TOKEN_VALUES
from dragoman.dialects.check import check_words
from dragoman.dialects.json_text import writer_for
from dragoman.dialects.spelling import AnswerSpelling, ErrorSpelling, compile_errors, encode_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dragoman.core.model import TokenId
    from dragoman.dialects.schema import DialectFile, Ordered, ScopeWords, TokenWords

Source = TypeVar("Source")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceFacts:
    """What a resource answer may speak of."""

    token: TokenFacts
    on_behalf_of: str | None
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFacts:
    """The key that signs a dialect's tokens, as its key endpoint shows it."""

    jca_name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One dialect, ready to decode and encode."""

    words: DialectFile
    rules: Rules
    answer: AnswerSpelling[TokenResponse]
    errors: ErrorSpelling
    active: AnswerSpelling[Introspection]
    active_refresh: AnswerSpelling[Introspection]
    inactive: AnswerSpelling[None]
    introspection_errors: ErrorSpelling
    revoked: AnswerSpelling[None]
    key: AnswerSpelling[KeyFacts]
    resource: AnswerSpelling[ResourceFacts]
    resource_errors: ErrorSpelling

    @property
    def name(self) -> str:
        """What configuration and clients call it."""
        return self.words.name


def _lifted(field: str) -> dict[str, Getter[Source]]:
    """All values of a token, for whatever has its facts in this field; what is a field itself is read in one step."""
    steps: dict[str, Getter[Source]] = {name: _lift(read, attrgetter(field)) for name, read in TOKEN_VALUES.items()}
    return {**steps, **{path: attrgetter(f"{field}.{path}") for path in FIELDS}}


def _lift(read: Getter[TokenFacts], take: Callable[[Source], TokenFacts]) -> Getter[Source]:
    return lambda source: read(take(source))


ANSWER_VALUES: Mapping[str, Getter[TokenResponse]] = {
    **_lifted("facts"),
    "access_token": lambda response: response.access_token.reveal(),
    "refresh_token": lambda response: None if response.refresh_token is None else response.refresh_token.reveal(),
}
_EXPIRES_IN: Mapping[str, Getter[TokenResponse]] = {
    "lifetime": lambda response: response.facts.expires_at - response.facts.issued_at,
    "rounded_down": lambda response: max(response.facts.expires_at - response.facts.issued_at - 1, 0),
}
INTROSPECTION_VALUES: Mapping[str, Getter[Introspection]] = {
    **_lifted("facts"),
    "introspected_type": lambda found: found.token_type,
}
RESOURCE_VALUES: Mapping[str, Getter[ResourceFacts]] = {
    **_lifted("token"),
    "on_behalf_of": lambda facts: facts.on_behalf_of,
    "method": lambda facts: facts.method,
}
KEY_VALUES: Mapping[str, Getter[KeyFacts]] = {
    "key.jca_name": lambda facts: facts.jca_name,
    "key.value": lambda facts: facts.value,
}


def compile_dialect(words: DialectFile) -> Dialect:
    """The dialect of these words. Raises TemplateError, or ValueError with a sentence for the operator."""
    check_words(words)
    introspection, revocation, resource = words.introspection, words.revocation, words.resource
    headers = encode_headers(words.response.headers)
    answer_values = {**ANSWER_VALUES, "expires_in": _EXPIRES_IN[words.response.expires_in]}
    refresh_body = introspection.body if introspection.refresh_body is None else introspection.refresh_body

    def spelled(body: Ordered, values: Mapping[str, Getter[Source]]) -> AnswerSpelling[Source]:
        write_json = writer_for(words.response.json, body)
        return AnswerSpelling(headers=headers, body=compile_record(body, values), write_json=write_json)

    return Dialect(
        words=words,
        rules=_compile_rules(words),
        answer=spelled(words.response.body, answer_values),
        errors=compile_errors(words.errors),
        active=spelled(introspection.body, INTROSPECTION_VALUES),
        active_refresh=spelled(refresh_body, INTROSPECTION_VALUES),
        inactive=spelled(introspection.inactive_body, {}),
        introspection_errors=compile_errors(introspection.errors, words.errors),
        revoked=AnswerSpelling(
            headers=encode_headers(revocation.headers),
            body=None if revocation.body is None else compile_record(revocation.body, {}),
        ),
        key=spelled(words.key.body, KEY_VALUES),
        resource=AnswerSpelling(
            headers=encode_headers(resource.response_headers),
            body=compile_record(resource.body, RESOURCE_VALUES),
            write_json=writer_for(words.response.json, resource.body),
        ),
        resource_errors=compile_errors(resource.errors, words.errors),
    )


def _compile_rules(words: DialectFile) -> Rules:
    order_by_grant_type = {}
    if words.order.refresh_token is not None:
        order_by_grant_type["refresh_token"] = _compile_order(words.order.refresh_token)
    return Rules(
        dialect=words.name,
        grant_types=frozenset(words.grant_types),
        order=_compile_order(words.order.default),
        order_by_grant_type=order_by_grant_type,
        scope=_compile_scope(words.scope),
        access_token=compile_recipe(words.access_token),
        refresh_token=compile_recipe(words.refresh_token, identifier="refresh_token_id"),
        reads_query="query" in words.request.parameters,
        refresh_token_for=frozenset(words.refresh_token.grant_types),
    )


def _compile_order(checks: tuple[str, ...]) -> Order:
    if sorted(checks) != ["client", "grant", "grant_type", "scope"]:
        raise ValueError("order: name client, grant_type, scope and grant, each once")
    position = {check: index for index, check in enumerate(checks)}
    if position["client"] > position["scope"] or position["grant"] < max(position["client"], position["grant_type"]):
        raise ValueError("order: client comes before scope, and grant after client and grant_type")
    if position["scope"] < position["grant_type"]:
        scope = ScopeCheck.BEFORE_GRANT_TYPE
    else:
        scope = ScopeCheck.BEFORE_GRANT if position["scope"] < position["grant"] else ScopeCheck.AFTER_GRANT
    return Order(grant_type_before_client=position["grant_type"] < position["client"], scope=scope)


def _compile_scope(words: ScopeWords) -> ScopeRules:
    default = words.default
    return ScopeRules(
        default=Scope.of(default) if isinstance(default, tuple) else DefaultScope(default),
        wildcard=words.wildcard,
        wildcard_grant_types=frozenset(words.wildcard_for),
        ignored=words.requested == "ignore",
        empty_refused=words.empty == "refuse",
    )


def compile_recipe(words: TokenWords, identifier: str = "token_id") -> TokenRecipe:
    """How one kind of token is written; `identifier` is the value that names it. Raises TemplateError."""
    return TokenRecipe(
        format=words.format,
        algorithm=words.algorithm,
        header=compile_record(words.header, HEADER_VALUES),
        claims=compile_record(words.claims, TOKEN_VALUES),
        write_json=writer_for(words.json, words.claims),
        prefix=words.prefix,
        encoding=words.encoding,
        client_claim=_claim_holding("client.id", words.claims),
        scope_claim=_claim_holding("scope", words.claims),
        spell_issuer=_spelling_of_issuer(words.claims),
        identifier_claim=_claim_holding(identifier, words.claims),
        spell_identifier=_spelling_of(identifier, words.claims),
    )


def _claim_holding(value: str, claims: Ordered) -> str | None:
    """The claim whose template is just this one value, in whichever of its spellings."""
    only = re.compile(rf"\{{\s*{re.escape(value)}(\.\w+)?\s*\??\}}")
    return next((name for name, template in claims.items() if only.fullmatch(str(template))), None)


def _spelling_of_issuer(claims: Ordered) -> Callable[[str], str] | None:
    """How `iss` says who issued a token, where nothing else is in it."""
    template = claims.get("iss")
    if not isinstance(template, str) or not {"issuer"}.issuperset(names_in(template)):
        return None
    spell: Getter[str] = compile_template(template, {"issuer": str})
    return lambda issuer: str(spell(issuer))


def _spelling_of(identifier: str, claims: Ordered) -> Callable[[TokenId], str] | None:
    """How the claim that holds it spells an identifier."""
    claim = _claim_holding(identifier, claims)
    return None if claim is None else IDENTIFIER_SPELLINGS[str(claims[claim]).strip("{ ?}").rpartition(".")[2]]
