"""Random texts, which say nothing: they are known by their row alone."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import md5
from typing import Literal

from dragoman.former_sessions.format import FormatWords, FormerFault, FormerKey, FormerToken

_SHORTEST = 20
_LONGEST = 512
_DOTS_OF_A_JWT = 2


class OpaqueFormat(FormatWords, frozen=True, tag="opaque"):
    """Random texts, which say nothing. They are read without a key."""

    identified_by: Literal["itself", "md5"]
    """What names the row of a token: the token, or its MD5 in hex."""

    def open_format(self, key: FormerKey) -> OpaqueReader:
        """Without a key. Raises FormerFault where one is named."""
        if key.content is not None or key.issuer is not None:
            raise FormerFault("former: these tokens say nothing; take the settings `key` and `issuer` out")
        return OpaqueReader(digested=self.identified_by == "md5")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpaqueReader:
    """For tokens that say nothing of themselves: only a row that an import listed knows whose they are."""

    digested: bool
    slow: bool = False

    def recognises(self, text: str) -> bool:
        """Long enough not to be guessed, and no other thing."""
        return _SHORTEST <= len(text) <= _LONGEST and text.isprintable() and text.count(".") != _DOTS_OF_A_JWT

    def read(self, text: str) -> FormerToken | None:
        """Whether it was ever made, its row tells."""
        identifier = md5(text.encode(), usedforsecurity=False).hexdigest() if self.digested else text
        return FormerToken(identifier=identifier, says=None)
