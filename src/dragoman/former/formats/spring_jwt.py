"""Spring Security OAuth 2.x with a JWT store (JwtAccessTokenConverter): refresh tokens have the claim `ati`.

Such a server keeps no row of any session: what was ended there, it does not know itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.core.model import FormerSession
from dragoman.core.scope import Scope
from dragoman.former.claims import Unclaimed, names_in, text_in, time_in
from dragoman.former.format import FormerKey, FormerToken
from dragoman.former.signatures import open_claims
from dragoman.tokens.jose import looks_like_jws

if TYPE_CHECKING:
    from dragoman.former.signatures import SignedClaims

LISTED = False


@dataclass(frozen=True, slots=True)
class SpringReader:
    """Reads its refresh tokens, and none of its access tokens, which the same key signs and have no `ati`."""

    _claims: SignedClaims
    slow: bool = False

    def recognises(self, text: str) -> bool:
        """Three segments."""
        return looks_like_jws(text)

    def read(self, text: str) -> FormerToken | None:
        """Where the server reused refresh tokens, all tokens of a session have one `jti`."""
        claims = self._claims.read(text)
        try:
            return None if claims is None else _token_of(claims)
        except Unclaimed:
            return None


def _token_of(claims: dict[str, object]) -> FormerToken:
    text_in(claims, "ati")
    session = FormerSession(
        client_id=text_in(claims, "client_id"),
        subject=text_in(claims, "user_name"),
        scope=Scope.of(names_in(claims, "scope")),
        expires_at=time_in(claims, "exp") if "exp" in claims else None,
    )
    return FormerToken(identifier=text_in(claims, "jti"), says=session)


def open_format(key: FormerKey) -> SpringReader:
    """With the signing key of its converter: a text, or an RSA key, of which the public half is enough."""
    return SpringReader(open_claims(key))
