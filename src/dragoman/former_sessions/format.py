"""What a format of former refresh tokens is, whatever carries them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from dragoman.core.errors import Fault
from dragoman.core.value import value

if TYPE_CHECKING:
    from dragoman.core.model import FormerSession


class FormerFault(Fault):
    """What keeps former sessions from being adopted, as a sentence with a remedy; never a byte of a key."""


@value
class FormerToken:
    """What a genuine refresh token of another server says."""

    identifier: str
    """What names its session there: the same for every token of one session."""
    says: FormerSession | None
    """None where the token itself says nothing, and its row has to."""
    issued_at: int | None = None
    """Epoch seconds, where it says so."""


@value
class FormerKey:
    """What tokens of the former server are read with."""

    content: bytes | None
    """Of the key file; None where no file is named."""
    issuer: str | None = None
    """What `iss` has to say; None: there may be none."""
    weak: bool = False
    """Whether a shared key may have fewer than 256 bits."""

    def secret(self) -> bytes:
        """The key file without the end of its line. Raises FormerFault where there is nothing."""
        secret = (self.content or b"").removesuffix(b"\n").removesuffix(b"\r")
        if not secret:
            raise FormerFault("former: the key file is not named, or empty; put the old server's key there")
        return secret


class FormerReader(Protocol):
    """Reads refresh tokens of one server. Nothing here does any I/O."""

    @property
    def slow(self) -> bool:
        """Whether to read one takes as long as a password hash."""
        ...

    def recognises(self, text: str) -> bool:
        """Whether the text has the shape of this format's refresh tokens."""
        ...

    def read(self, text: str) -> FormerToken | None:
        """What a token says, if its MAC or signature holds; None where it does not, or where it is no refresh token."""
        ...


class Words(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a format file."""


class FormatWords(Words, frozen=True, tag_field="carrier"):
    """What every format file says."""

    listed: bool
    """Whether its server keeps a row for each session, by which it is known which ones were ended there."""
