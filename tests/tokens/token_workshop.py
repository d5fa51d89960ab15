"""Recipes of every token format, and an issuer over them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.model import Client, Grant, ResourceOwner, StoredAccessToken, TokenFacts
from dragoman.core.rules import TokenRecipe
from dragoman.core.scope import Scope
from dragoman.core.secret import Secret
from dragoman.core.template import compile_record
from dragoman.core.template_values import HEADER_VALUES, TOKEN_VALUES
from dragoman.dialects.json_text import write_escaped
from dragoman.tokens.format import Issuers
from dragoman.tokens.issuer import TokenIssuer, open_issuer

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from dragoman.core.model import AccessToken
    from dragoman.tokens.keyring import Keyring

NOW = 1_700_000_000
ISSUER = "https://issuer.example"


def jwt_recipe(header: dict[str, object], claims: dict[str, object], **rest: object) -> TokenRecipe:
    return replace(
        TokenRecipe(format="jwt"),
        header=compile_record(header, HEADER_VALUES),
        claims=compile_record(claims, TOKEN_VALUES),
        **rest,
    )


AT_JWT = jwt_recipe(
    {"typ": "at+jwt", "alg": "{algorithm}", "kid": "{key_id}"},
    {
        "iss": "{issuer}",
        "sub": "{subject}",
        "aud": "{audience}",
        "client_id": "{client.id}",
        "scope": "{scope?}",
        "iat": "{issued_at}",
        "exp": "{expires_at}",
        "jti": "{token_id.base64url}",
    },
    client_claim="client_id",
    scope_claim="scope",
    spell_issuer=str,
    identifier_claim="jti",
)
LONG_ID = jwt_recipe(
    {"typ": "JWT", "alg": "{algorithm}", "jti": "{token_id.long_hex}"},
    {
        "aud": "{client.id}",
        "jti": "{token_id.long_hex}",
        "iat": "{issued_at}",
        "nbf": "{issued_at}",
        "exp": "{expires_at}",
        "sub": "{resource_owner.id|''}",
        "scopes": "{scope.list}",
    },
    client_claim="aud",
    scope_claim="scopes",
    identifier_claim="jti",
    algorithm="RS256",
    write_json=write_escaped,
)
SHARED_KEY = jwt_recipe(
    {"alg": "{algorithm}", "typ": "JWT"},
    {
        "user_name": "{resource_owner.username}",
        "scope": "{scope.list}",
        "exp": "{expires_at}",
        "authorities": "{authorities}",
        "jti": "{token_id.guid}",
        "client_id": "{client.id}",
    },
    client_claim="client_id",
    scope_claim="scope",
    identifier_claim="jti",
    algorithm="HS256",
)
EDWARDS = replace(AT_JWT, algorithm="EdDSA")
SEALED = TokenRecipe(format="sealed", prefix="drg_at_")
REFERENCE = TokenRecipe(format="reference", prefix="drg_ot_")
OPAQUE = replace(SEALED, prefix="drg_at2_", otherwise=replace(REFERENCE, prefix="drg_at2_"))
"""Sealed, but for those that would get too long, which are stored; all begin alike."""
GUID = TokenRecipe(format="reference", encoding="guid")
HANDLE = TokenRecipe(format="handle", prefix="drg_rt_")
HEX_HANDLE = TokenRecipe(format="handle", prefix="def50200", encoding="hex")
BARE_HANDLE = TokenRecipe(format="handle")
ENVELOPE = jwt_recipe(
    {"alg": "{algorithm}", "typ": "JWT"},
    {
        "user_name": "{resource_owner.username}",
        "ati": "{token_id.guid}",
        "exp": "{refresh_token_expires_at}",
        "jti": "{refresh_token_id.guid}",
        "client_id": "{client.id}",
    },
    identifier_claim="jti",
)
LONG_ENVELOPE = jwt_recipe(
    {"alg": "{algorithm}", "typ": "JWT"},
    {
        "client_id": "{client.id}",
        "access_token_id": "{token_id.long_hex}",
        "refresh_token_id": "{refresh_token_id.long_hex}",
        "expire_time": "{refresh_token_expires_at}",
        "iat": "{refresh_token_issued_at}",
    },
    identifier_claim="refresh_token_id",
)
ACCESS = (AT_JWT, LONG_ID, SHARED_KEY, EDWARDS, SEALED, REFERENCE, OPAQUE, GUID)
REFRESH = (HANDLE, HEX_HANDLE, BARE_HANDLE, ENVELOPE, LONG_ENVELOPE)
CLIENT = Client(id="the client", name="The Client", shared_key_signature=True)
PERSON = ResourceOwner(id="42", username="zoë/o'neil", authorities=("ROLE_A", "ROLE_B"))


@dataclass
class Workshop:
    """An issuer, the rows it had stored, and the clock it looks at."""

    keyring: Keyring
    now: int = NOW
    rows: dict[bytes, StoredAccessToken] = field(default_factory=dict)
    lookups: int = 0

    def __post_init__(self) -> None:
        self.issuer = self.open(self.keyring)

    def open(self, keyring: Keyring, **changes: object) -> TokenIssuer:
        settings = {"access_recipes": ACCESS, "refresh_recipes": REFRESH, "issuers": Issuers(own=ISSUER), **changes}
        return open_issuer(keyring=keyring, find_access_token=self.find, clock=lambda: self.now, **settings)

    async def find(self, digest: bytes) -> StoredAccessToken | None:
        self.lookups += 1
        return self.rows.get(digest)

    def grant(self, **changes: object) -> Grant:
        grant = Grant(
            id=self.issuer.new_grant_id(),
            client_id=CLIENT.id,
            subject=PERSON.id,
            scope=Scope(("read", "write")),
            created_at=NOW,
            expires_at=NOW + 86400,
            idle_expires_at=NOW + 3600,
        )
        return replace(grant, **changes)

    def facts(self, grant: Grant | None = None, **changes: object) -> TokenFacts:
        facts = TokenFacts(
            issuer=ISSUER,
            client=CLIENT,
            resource_owner=None if grant is None else PERSON,
            scope=Scope(("read", "write")),
            audience=("https://api.example",),
            grant_type="client_credentials" if grant is None else "password",
            grant=grant,
            token_id=self.issuer.access_token_id(grant, self.now),
            issued_at=self.now,
            expires_at=self.now + 3600,
            refresh_id=None if grant is None else self.issuer.refresh_token_id(grant),
        )
        return replace(facts, **changes)

    def access_token(self, recipe: TokenRecipe, facts: TokenFacts | None = None) -> str:
        token, row = self.issuer.write_access_token(recipe, facts or self.facts(self.grant()))
        if row is not None:
            self.rows[row.digest] = row
        return token.reveal()

    def refresh_token(self, recipe: TokenRecipe, grant: Grant | None = None) -> str:
        return self.issuer.write_refresh_token(recipe, self.facts(grant or self.grant())).reveal()

    def read(self, text: str) -> AccessToken:
        return run(self.issuer.read_access_token(Secret(text)))

    def access_refusal(self, text: str) -> Refusal | None:
        try:
            self.read(text)
        except OAuthError as refused:
            return refused.refusal
        return None

    def refresh_refusal(self, text: str) -> Refusal | None:
        try:
            self.issuer.read_refresh_token(Secret(text))
        except OAuthError as refused:
            return refused.refusal
        return None


def run(coroutine: Coroutine[object, None, AccessToken]) -> AccessToken:
    """Drive a coroutine that waits for nothing but our own in-memory rows."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waited")
