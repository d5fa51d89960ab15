"""@jmondi/oauth2-server: JWTs around the stored refresh token (jasonraimondi/ts-oauth2-server, abstract.grant.ts)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.core.model import FormerSession
from dragoman.core.scope import Scope
from dragoman.former.claims import Unclaimed, key_in, text_in, time_in
from dragoman.former.format import FormerKey, FormerToken
from dragoman.former.signatures import open_claims
from dragoman.tokens.jose import looks_like_jws

if TYPE_CHECKING:
    from dragoman.former.signatures import SignedClaims

LISTED = True


@dataclass(frozen=True, slots=True)
class JmondiReader:
    """Reads its refresh tokens, and none of its access tokens, which the same key signs."""

    _claims: SignedClaims
    slow: bool = False

    def recognises(self, text: str) -> bool:
        """Three segments."""
        return looks_like_jws(text)

    def read(self, text: str) -> FormerToken | None:
        """Its scope is one text (RFC 6749 §3.3)."""
        claims = self._claims.read(text)
        try:
            return None if claims is None else _token_of(claims)
        except Unclaimed:
            return None


def _token_of(claims: dict[str, object]) -> FormerToken:
    scope = claims.get("scope", "")
    if not isinstance(scope, str):
        raise Unclaimed("scope")
    session = FormerSession(
        client_id=text_in(claims, "client_id"),
        subject=key_in(claims, "user_id"),
        scope=Scope.of(scope.split()),
        expires_at=time_in(claims, "expire_time"),
    )
    issued_at = time_in(claims, "iat") if "iat" in claims else None
    return FormerToken(identifier=text_in(claims, "refresh_token_id"), says=session, issued_at=issued_at)


def open_format(key: FormerKey) -> JmondiReader:
    """With the secret of its JWT service, or the PEM of its RSA key."""
    return JmondiReader(open_claims(key))
