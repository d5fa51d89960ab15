"""JWTs, signed with the one key of the server that made them."""

from __future__ import annotations

from dataclasses import dataclass

from dragoman.former_sessions.claims import ClaimsWords, read_claims
from dragoman.former_sessions.format import FormatWords, FormerKey, FormerToken
from dragoman.former_sessions.signatures import SignedClaims, open_claims
from dragoman.tokens.jose import looks_like_jws


class SignedFormat(FormatWords, frozen=True, tag="signed"):
    """JWTs, signed with a shared key (HS256) or an RSA key (RS256)."""

    claims: ClaimsWords

    def open_format(self, key: FormerKey) -> SignedReader:
        """With the shared key, or a PEM with the RSA key, of which the public half is enough."""
        return SignedReader(signed=open_claims(key), words=self.claims)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedReader:
    """Reads the refresh tokens that this key signed, and nothing else that it signed."""

    signed: SignedClaims
    words: ClaimsWords
    slow: bool = False

    def recognises(self, text: str) -> bool:
        """Whether it looks like a JWS (RFC 7515 §3.1): three segments."""
        return looks_like_jws(text)

    def read(self, text: str) -> FormerToken | None:
        """What its claims say; None where its signature is not the old server's, or they name no session."""
        claims = self.signed.read(text)
        return None if claims is None else read_claims(claims, self.words)
