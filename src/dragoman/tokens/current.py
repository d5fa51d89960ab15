"""Tokens over the keys as they stand: a rotated key is in force without a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.tokens.keyring import load_keyring
from dragoman.tokens.keys import KeyFault

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dragoman.core.model import AccessToken, Grant, GrantId, RefreshHandle, StoredAccessToken, TokenFacts, TokenId
    from dragoman.core.rules import TokenRecipe
    from dragoman.core.secret import Secret
    from dragoman.tokens.issuer import TokenIssuer
    from dragoman.tokens.keyring import Keyring


class CurrentTokens:
    """The port `core.ports.Tokens`, each call answered by the issuer over the latest keyring."""

    def __init__(self, folder: Path, open_issuer: Callable[[Keyring], TokenIssuer], clock: Callable[[], int]) -> None:
        """Reads the folder of keys. Raises KeyFault, TokenFault."""
        self._folder = folder
        self._open_issuer = open_issuer
        self._clock = clock
        state = self._state()
        self.keyring = load_keyring(folder, clock())
        self._issuer = open_issuer(self.keyring)
        self._seen = state

    def read_again(self) -> bool:
        """Take over what changed in the folder, all of it or, where there is a fault, nothing; then ask again.

        For a thread beside the event loop, one at a time: a folder may be slow to answer. Raises KeyFault, also for
        keys of another installation, and TokenFault.
        """
        state = self._state()
        if state == self._seen:
            return False
        keyring = load_keyring(self._folder, self._clock())
        if keyring.fingerprint() != self.keyring.fingerprint():
            raise KeyFault(f"{self._folder} now holds the keys of another installation; restore those from before")
        issuer = self._open_issuer(keyring)
        self.keyring = keyring  # first: nothing is signed with a key that is not shown yet
        self._issuer = issuer
        self._seen = state
        return True

    def _state(self) -> tuple[tuple[str | int, ...], ...]:
        """What any change of a key file changes: of its content, of its mode, of its owner."""
        found = ((path.name, path.lstat()) for path in sorted(self._folder.glob("*.json")))
        return tuple(
            (name, status.st_mtime_ns, status.st_ctime_ns, status.st_mode, status.st_size) for name, status in found
        )

    def new_grant_id(self) -> GrantId:
        """A random identifier."""
        return self._issuer.new_grant_id()

    def access_token_id(self, grant: Grant | None, now: int) -> TokenId:
        """The identifier of the grant's latest access token; one of chance and of `now` where there is no grant."""
        return self._issuer.access_token_id(grant, now)

    def refresh_token_id(self, grant: Grant) -> TokenId:
        """The identifier of the grant's live refresh token."""
        return self._issuer.refresh_token_id(grant)

    def write_access_token(self, recipe: TokenRecipe, facts: TokenFacts) -> tuple[Secret, StoredAccessToken | None]:
        """The token, and the row to store where the format needs one."""
        return self._issuer.write_access_token(recipe, facts)

    def write_refresh_token(self, recipe: TokenRecipe, facts: TokenFacts) -> Secret:
        """The grant's live refresh token."""
        return self._issuer.write_refresh_token(recipe, facts)

    async def read_access_token(self, presented: Secret) -> AccessToken:
        """What a genuine token says, expired or not."""
        return await self._issuer.read_access_token(presented)

    def read_refresh_token(self, presented: Secret) -> RefreshHandle:
        """What a genuine token says, without any I/O."""
        return self._issuer.read_refresh_token(presented)
