"""The door to all tokens (core.ports.Tokens): each format in its own module, chosen by recipe or by shape."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.core.errors import OAuthError, Refusal, TokenTooLong
from dragoman.core.model import GrantId
from dragoman.tokens import access_tokens, refresh_tokens
from dragoman.tokens.format import LONGEST_TOKEN, Setting, TokenFault, find_modules
from dragoman.tokens.identifiers import GRANT_ID_BYTES, RANDOM_BYTES, identifiers_for
from dragoman.tokens.keys import Purpose

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from dragoman.core.model import AccessToken, Grant, RefreshHandle, StoredAccessToken, TokenFacts, TokenId
    from dragoman.core.rules import TokenRecipe
    from dragoman.core.secret import Secret
    from dragoman.tokens.format import AccessTokenFormat, Issuers, RefreshTokenFormat
    from dragoman.tokens.keyring import Keyring


LONGEST_TICKET = 255
"""Characters of a token whose recipe knows another way: whoever keeps tokens in a column has room for so many."""


@dataclass(frozen=True, slots=True)
class TokenIssuer:
    """Writes and reads tokens. Made by `open_issuer`; holds no state but keys."""

    _setting: Setting
    _access: Mapping[str, AccessTokenFormat]
    _refresh: Mapping[str, RefreshTokenFormat]

    def new_grant_id(self) -> GrantId:
        """96 random bits."""
        return GrantId(self._setting.random_bytes(GRANT_ID_BYTES))

    def access_token_id(self, grant: Grant | None, now: int) -> TokenId:
        """The identifier of the grant's latest access token; one of chance and of `now` where there is no grant."""
        identifiers = self._setting.access_identifiers
        if grant is None:
            return identifiers.seal_without_grant(self._setting.random_bytes(RANDOM_BYTES), now)
        return identifiers.seal(grant.id, grant.issued)

    def refresh_token_id(self, grant: Grant) -> TokenId:
        """The identifier of the grant's live refresh token."""
        return self._setting.refresh_identifiers.seal(grant.id, grant.generation)

    def write_access_token(self, recipe: TokenRecipe, facts: TokenFacts) -> tuple[Secret, StoredAccessToken | None]:
        """The token, and the row to store where the format needs one. Raises TokenTooLong, TokenFault or KeyFault."""
        token, row = self._access[recipe.format].write(recipe, facts)
        if recipe.otherwise is not None and len(token.reveal()) > LONGEST_TICKET:
            return self.write_access_token(recipe.otherwise, facts)
        return _fit(token, facts), row

    def write_refresh_token(self, recipe: TokenRecipe, facts: TokenFacts) -> Secret:
        """The grant's live refresh token. Raises TokenTooLong, TokenFault or KeyFault."""
        return _fit(self._refresh[recipe.format].write(recipe, facts), facts)

    async def read_access_token(self, presented: Secret) -> AccessToken:
        """What a genuine token says, expired or not. Refuses `malformed_token`, `refresh_token_as_access_token`."""
        text = _text(presented, Refusal.MALFORMED_TOKEN)
        try:
            return await self._read_access(text)
        except OAuthError:
            if self._is_refresh_token(text):
                raise OAuthError(Refusal.REFRESH_TOKEN_AS_ACCESS_TOKEN, "a genuine refresh token") from None
            raise

    def read_refresh_token(self, presented: Secret) -> RefreshHandle:
        """What a genuine token says, without any I/O. Refuses `malformed_…`, `forged_…`, `not_a_refresh_token`."""
        text = _text(presented, Refusal.MALFORMED_REFRESH_TOKEN)
        try:
            return self._read_refresh(text)
        except OAuthError:
            if any(one.recognises(text) and one.is_genuine(text) for one in self._access.values()):
                raise OAuthError(Refusal.NOT_A_REFRESH_TOKEN, "a genuine access token") from None
            raise

    async def _read_access(self, text: str) -> AccessToken:
        for one in self._access.values():
            if one.recognises(text):
                return await one.read(text)
        raise OAuthError(Refusal.MALFORMED_TOKEN, "it has the shape of no format")

    def _read_refresh(self, text: str) -> RefreshHandle:
        for one in self._refresh.values():
            if one.recognises(text):
                return one.read(text)
        raise OAuthError(Refusal.MALFORMED_REFRESH_TOKEN, "it has the shape of no format")

    def _is_refresh_token(self, text: str) -> bool:
        try:
            self._read_refresh(text)
        except OAuthError:
            return False
        return True


def open_issuer(  # noqa: PLR0913 - each is one thing it needs
    *,
    keyring: Keyring,
    access_recipes: Iterable[TokenRecipe],
    refresh_recipes: Iterable[TokenRecipe],
    find_access_token: Callable[[bytes], Awaitable[StoredAccessToken | None]],
    clock: Callable[[], int],
    issuers: Issuers,
    default_algorithm: str = "ES256",
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> TokenIssuer:
    """All formats over one keyring.

    The recipes are those of all dialects and of `ServerRules.recipes`: a token is read whichever of them wrote it, and
    where another wrote it otherwise.
    `find_access_token` finds a row by digest; `clock` gives epoch seconds. Raises TokenFault for a recipe that cannot
    be written or could not be read again, KeyFault for one without a key.
    """
    identifier_key = keyring.only_key(Purpose.IDENTIFIER)
    setting = Setting(
        keyring=keyring,
        access_recipes=tuple(one for recipe in access_recipes for one in (recipe, recipe.otherwise) if one is not None),
        refresh_recipes=tuple(refresh_recipes),
        access_identifiers=identifiers_for("access", identifier_key),
        refresh_identifiers=identifiers_for("refresh", identifier_key),
        default_algorithm=default_algorithm,
        issuers=issuers,
        find_access_token=find_access_token,
        clock=clock,
        random_bytes=random_bytes,
    )
    access = {name: module.open_format(setting) for name, module in find_modules(access_tokens)}
    refresh = {name: module.open_format(setting) for name, module in find_modules(refresh_tokens)}
    _check_formats(setting.access_recipes, access)
    _check_formats(setting.refresh_recipes, refresh)
    return TokenIssuer(setting, access, refresh)


def _check_formats(recipes: tuple[TokenRecipe, ...], formats: Mapping[str, object]) -> None:
    for recipe in recipes:
        if recipe.format not in formats:
            raise TokenFault(f"there is no token format {recipe.format!r}; there are: {', '.join(sorted(formats))}")


def _text(presented: Secret, refusal: Refusal) -> str:
    text = presented.reveal()
    if len(text) > LONGEST_TOKEN or not text.isascii():
        raise OAuthError(refusal, "longer than any token of ours, or not ASCII")
    return text


def _fit(token: Secret, facts: TokenFacts) -> Secret:
    length = len(token.reveal())
    if length <= LONGEST_TOKEN:
        return token
    owner, client = facts.resource_owner, facts.client
    subject = None if owner is None else owner.id
    whose = f"client {client.id!r}" if subject is None else f"resource owner {subject!r} at client {client.id!r}"
    raise TokenTooLong(
        subject,
        f"a token of {whose} would have {length} characters, and {LONGEST_TOKEN} is the most: take authorities or "
        "scope away, or give the client tokens that carry none (--token-format opaque)",
    )
