"""What a format of former refresh tokens is: one module in `formats`, found by its name."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Protocol, cast

from dragoman.core.errors import Fault
from dragoman.core.value import value
from dragoman.former import formats

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.core.model import FormerSession


_SHORTEST = 20
_LONGEST = 512
_DOTS_OF_A_JWT = 2


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
        """What it says, once its MAC or signature holds; None where it does not, or where it is no refresh token."""
        ...


class FormerFormat(Protocol):
    """A module in `formats`."""

    LISTED: bool
    """Whether its server keeps a row for each session, by which it is known which ones were ended there."""

    def open_format(self, key: FormerKey) -> FormerReader:
        """A reader with this key. Raises FormerFault for a key that cannot be used."""
        ...


class OpaqueReader:
    """Reads nothing: a token that says nothing is known by its row alone, under what `identify` makes of it."""

    slow = False

    def __init__(self, key: FormerKey, identify: Callable[[str], str]) -> None:
        """Raises FormerFault where a key is named."""
        if key.content is not None or key.issuer is not None:
            raise FormerFault("former: these tokens say nothing; take the settings `key` and `issuer` out")
        self._identify = identify

    def recognises(self, text: str) -> bool:
        """Long enough not to be guessed, and no other thing."""
        return _SHORTEST <= len(text) <= _LONGEST and text.isprintable() and text.count(".") != _DOTS_OF_A_JWT

    def read(self, text: str) -> FormerToken | None:
        """Whether it was ever made, its row tells."""
        return FormerToken(identifier=self._identify(text), says=None)


def list_formats() -> tuple[str, ...]:
    """The names of all formats in the folder."""
    return tuple(sorted(found.name.replace("_", "-") for found in pkgutil.iter_modules(formats.__path__)))


def load_format(name: str) -> FormerFormat:
    """The format of this name. Raises FormerFault where there is none."""
    if name not in list_formats():
        raise FormerFault(f"former: there is no format {name!r}; there are: {', '.join(list_formats())}")
    return cast("FormerFormat", importlib.import_module(f"{formats.__name__}.{name.replace('-', '_')}"))
