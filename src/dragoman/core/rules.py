"""What a dialect may decide about the engine's course: a closed set of rules, read from its file once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dragoman.core.json_text import JsonWriter, write_json
from dragoman.core.model import Client, TokenFacts, TokenId
from dragoman.core.scope import Scope
from dragoman.core.template import Record


class ScopeCheck(StrEnum):
    """When the requested scope is judged; visible when two things are wrong at once."""

    BEFORE_GRANT_TYPE = "before_grant_type"
    BEFORE_GRANT = "before_grant"
    AFTER_GRANT = "after_grant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The order of checks of one grant type."""

    grant_type_before_client: bool = False
    scope: ScopeCheck = ScopeCheck.BEFORE_GRANT


class DefaultScope(StrEnum):
    """What a request without scope asks for."""

    NONE = "none"
    CLIENT = "client"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeRules:
    """How a requested scope is judged (RFC 6749 §3.3 leaves all of it to the server)."""

    default: DefaultScope | Scope = DefaultScope.CLIENT
    wildcard: str | None = None
    """A name that is always known."""
    wildcard_grant_types: frozenset[str] = frozenset()
    """Where the wildcard is kept; elsewhere it is dropped in silence."""
    ignored: bool = False
    """Whether a requested scope has no effect at all."""
    empty_refused: bool = False
    """Whether ending up with no scope is an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRecipe:
    """How a token is spelled."""

    format: str
    """The token format: a module of `tokens/`."""
    algorithm: str | None = None
    """The JOSE algorithm (RFC 7518 §3.1), for formats that are signed; None: the server's default."""
    header: Record[TokenFacts] = field(default_factory=Record)
    """What the JOSE header says besides, or in which order; empty: the format's own."""
    claims: Record[TokenFacts] = field(default_factory=Record)
    write_json: JsonWriter = write_json
    """How JSON text inside it is escaped."""
    prefix: str = ""
    """Text before a token that is not a JWT, for secret scanners."""
    encoding: str = "base64url"
    """How the bytes of a token that is not a JWT are printed: `base64url`, `hex` or `guid`."""
    client_claim: str | None = None
    """The claim that names the client, if one does."""
    scope_claim: str | None = None
    """The claim that holds the scope."""
    spell_issuer: Callable[[str], str] | None = None
    """What `iss` (RFC 7519 §4.1.1) says, by the server's issuer; None where nothing says it, or it names another."""
    identifier_claim: str | None = None
    """The claim that carries the token's own identifier."""
    spell_identifier: Callable[[TokenId], str] | None = None
    """How that claim spells it."""
    otherwise: TokenRecipe | None = None
    """Writes what this one would make too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Everything the core needs to know of a dialect."""

    dialect: str
    grant_types: frozenset[str]
    order: Order = field(default_factory=Order)
    order_by_grant_type: Mapping[str, Order] = field(default_factory=dict)
    scope: ScopeRules = field(default_factory=ScopeRules)
    access_token: TokenRecipe
    refresh_token: TokenRecipe
    refresh_token_for: frozenset[str] = frozenset()
    """The grant types whose answer may hold a refresh token."""
    reads_query: bool = False
    """Whether its clients write credentials into URLs."""
    account_state_shown: bool = False
    """Whether a person with the right password is told that the account is locked, disabled or expired."""

    def order_of(self, grant_type: str | None) -> Order:
        """The order of checks for a grant type, known or not."""
        return self.order_by_grant_type.get(grant_type or "", self.order)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerRules:
    """What holds in every dialect."""

    issuer: str
    known_scopes: frozenset[str] = frozenset()
    """Scopes registered with the server; empty: a client's own scopes are the known ones."""
    recipes: Mapping[str, TokenRecipe] = field(default_factory=dict)
    """Access token formats that a client may have instead of its dialect's."""
    not_before: int = 0
    """Access tokens of no grant that were issued before this time are refused: revocations of that time may be lost."""

    def recipe_for(self, client: Client, rules: Rules) -> TokenRecipe:
        """The access token recipe for this client."""
        return self.recipes.get(client.token_format, rules.access_token)
