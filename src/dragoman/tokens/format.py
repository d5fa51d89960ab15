"""What a token format is: one module in `access_tokens` or `refresh_tokens`, named as dialect files name it.

The module offers `open_format(setting)`; no list is edited to add one.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from dragoman.core.errors import Fault, OAuthError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from types import ModuleType

    from dragoman.core.errors import Refusal
    from dragoman.core.model import AccessToken, RefreshHandle, StoredAccessToken, TokenFacts
    from dragoman.core.rules import TokenRecipe
    from dragoman.core.secret import Secret
    from dragoman.tokens.identifiers import Identifiers
    from dragoman.tokens.keyring import Keyring

LONGEST_TOKEN = 8 * 1024
"""Characters; anything longer is refused before it is looked at, and never issued."""


class TokenFault(Fault):
    """Recipes or facts from which no token can be made, told when the server starts where that is possible."""


def _tell_nobody(_named: str) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuers:
    """Whom JWTs of ours may name as their issuer, to the letter."""

    own: str
    accepted: tuple[str, ...] = ()
    """Those that are good as well: former names of this server, and other servers of its database."""
    tell: Callable[[str], None] = _tell_nobody
    """Told whom else a JWT with our key names."""

    def named_by(self, recipe: TokenRecipe) -> tuple[str, ...]:
        """What `iss` of a recipe's tokens may say; empty where it does not tell who issued them."""
        if recipe.spell_issuer is None:
            return ()
        return tuple(dict.fromkeys((*map(recipe.spell_issuer, (self.own, *self.accepted)), *self.accepted)))

    def refusal(self, refusal: Refusal, named: object) -> OAuthError:
        """Of a JWT with our key that names none of these: a copy of us wrote it, or we did under a former name.

        `named` is what it names, if that is to be told.
        """
        if isinstance(named, str):
            self.tell(named)
        return OAuthError(refusal, "signed by us, but `iss` names another issuer; accepted_issuers would accept it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What every token format is made with: the keys, and the recipes of all dialects."""

    keyring: Keyring
    access_recipes: tuple[TokenRecipe, ...]
    """Every recipe an access token may have been written by, whatever its dialect."""
    refresh_recipes: tuple[TokenRecipe, ...]
    """Every recipe a refresh token may have been written by."""
    access_identifiers: Identifiers
    refresh_identifiers: Identifiers
    default_algorithm: str
    issuers: Issuers
    find_access_token: Callable[[bytes], Awaitable[StoredAccessToken | None]]
    """The row of an access token by its digest."""
    clock: Callable[[], int]
    """Epoch seconds; judges nothing but the retirement of keys."""
    random_bytes: Callable[[int], bytes]


class AccessTokenFormat(Protocol):
    """One way to spell access tokens."""

    def write(self, recipe: TokenRecipe, facts: TokenFacts) -> tuple[Secret, StoredAccessToken | None]:
        """The token, and the row to store if it carries nothing itself."""
        ...

    def recognises(self, text: str) -> bool:
        """Whether the text has the shape of this format's tokens."""
        ...

    async def read(self, text: str) -> AccessToken:
        """What a genuine token says. Refuses `malformed_token`."""
        ...

    def is_genuine(self, text: str) -> bool:
        """Whether it is a token of ours, as far as that shows without I/O."""
        ...


class RefreshTokenFormat(Protocol):
    """One way to spell refresh tokens."""

    def write(self, recipe: TokenRecipe, facts: TokenFacts) -> Secret:
        """The live refresh token of the facts' grant."""
        ...

    def recognises(self, text: str) -> bool:
        """Whether the text has the shape of this format's tokens."""
        ...

    def read(self, text: str) -> RefreshHandle:
        """What a genuine token says. Refuses `malformed_refresh_token`, `forged_refresh_token`."""
        ...


def find_modules(package: ModuleType) -> Iterator[tuple[str, ModuleType]]:
    """The format modules of a package, by name."""
    for found in pkgutil.iter_modules(package.__path__):
        yield found.name, importlib.import_module(f"{package.__name__}.{found.name}")


def recipes_of(recipes: tuple[TokenRecipe, ...], name: str) -> tuple[TokenRecipe, ...]:
    """The recipes of one format."""
    return tuple(recipe for recipe in recipes if recipe.format == name)
