"""Reference access tokens: pure chance on the wire, a keyed digest in the store."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.mac import Mac
from dragoman.core.model import AccessToken, StoredAccessToken, TokenFacts
from dragoman.core.secret import Secret
from dragoman.tokens.binary import Print, print_of, prints_of
from dragoman.tokens.encoding import GUID_BYTES
from dragoman.tokens.format import Setting, recipes_of
from dragoman.tokens.keys import Purpose

if TYPE_CHECKING:
    from dragoman.core.rules import TokenRecipe

_RANDOM_BYTES = 32


@dataclass(frozen=True, slots=True)
class ReferenceFormat:
    """Draws tokens, and looks them up by digest."""

    _setting: Setting
    _prints: tuple[tuple[Print, int], ...]
    """Each with the length of what is printed so."""
    _mac: Mac = field(repr=False)

    def write(self, recipe: TokenRecipe, facts: TokenFacts) -> tuple[Secret, StoredAccessToken | None]:
        """All of its bits are random: 128 where it looks like a UUID (which would have 122), 256 elsewhere."""
        how = print_of(recipe)
        text = how.write(self._setting.random_bytes(_size(how)))
        row = StoredAccessToken(
            digest=self._mac.digest(text.encode()),
            token_id=facts.token_id,
            grant_id=None if facts.grant is None else facts.grant.id,
            client_id=facts.client.id,
            scope=facts.scope,
            issued_at=facts.issued_at,
            expires_at=facts.expires_at,
        )
        return Secret(text), row

    def recognises(self, text: str) -> bool:
        """Whether the text is printed exactly as some recipe prints references."""
        return any(how.read(text) is not None for how, length in self._prints if len(text) == length)

    async def read(self, text: str) -> AccessToken:
        """What its row says; one look-up. Refuses `malformed_token`."""
        row = await self._setting.find_access_token(self._mac.digest(text.encode()))
        if row is None:
            raise OAuthError(Refusal.MALFORMED_TOKEN, "no row has its digest")
        return AccessToken(
            id=row.token_id,
            grant_id=row.grant_id,
            serial=self._setting.access_identifiers.open(row.token_id).serial,
            client_id=row.client_id,
            scope=row.scope,
            expires_at=row.expires_at,
            issued_at=row.issued_at,
        )

    def is_genuine(self, _text: str) -> bool:
        """False for every text: a reference says nothing of itself, and only the store can tell."""
        return False


def open_format(setting: Setting) -> ReferenceFormat:
    """Reference access tokens. Raises TokenFault for an encoding that does not exist."""
    prints = prints_of(recipes_of(setting.access_recipes, "reference"), ("base64url", "hex", "guid"))
    lengths = tuple((how, how.length(_size(how))) for how in prints)
    return ReferenceFormat(setting, lengths, Mac(setting.keyring.only_key(Purpose.DIGEST).derive("access token")))


def _size(how: Print) -> int:
    return GUID_BYTES if how.encoding == "guid" else _RANDOM_BYTES
