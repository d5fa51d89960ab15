"""Who registers imported clients and accounts: with this server's dialects, secrets and grant types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.cli.registry.registration import change_client, check_client_id, dialects_of, make_client
from dragoman.core.base64url import base64url
from dragoman.core.errors import Fault
from dragoman.core.json_text import write_json
from dragoman.grant_types import load_grant_types
from dragoman.tokens.format import LONGEST_TOKEN
from dragoman.wiring.parts import load_dialects

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.config.settings import Configuration
    from dragoman.core.model import Client
    from dragoman.core.rules import TokenRecipe
    from dragoman.core.secret import Secret
    from dragoman.hashing.client_secrets import ClientSecretHasher
    from dragoman.hashing.pool import PasswordHasher

_REST = 800
"""Characters of a token without authorities, or a little more."""


class ServerRegistrar:
    """`importing.wanted.Registrar` for one run: each dialect's file is read once."""

    def __init__(self, configuration: Configuration, secrets: ClientSecretHasher, passwords: PasswordHasher) -> None:
        self._words_of = dialects_of(configuration)
        self._secrets = secrets
        self._passwords = passwords
        mounted = load_dialects(configuration).values()
        self._carrying = sorted(one.name for one in mounted if _carries_authorities(one.rules.access_token))
        self.grant_types = frozenset(load_grant_types())
        self.accounts_elsewhere = configuration.directory.configured

    def make_client(self, said: Mapping[str, object]) -> Client:
        """A new client of these members. Raises Fault."""
        return make_client(self._words_of, said)

    def change_client(self, client: Client, said: Mapping[str, object]) -> Client:
        """A client with these members changed. Raises Fault."""
        return change_client(self._words_of, client, said)

    def check_client_id(self, client_id: str) -> None:
        """Raises Fault for an id that no request could carry."""
        check_client_id(client_id)

    def digest(self, secret: Secret) -> str:
        """What to store of a client secret."""
        return self._secrets.store(secret)

    def find_length_defect(self, authorities: tuple[str, ...]) -> str | None:
        """Why tokens could not carry all of these; None where they can. `dragoman doctor` knows it to the letter."""
        length = _REST + len(base64url(write_json(list(authorities))))
        if not self._carrying or length <= LONGEST_TOKEN:
            return None
        return (
            f"its tokens would be longer than {LONGEST_TOKEN} characters in {', '.join(self._carrying)}, and it could "
            "not log in: let fewer authorities in, or give clients tokens that carry none (--token-format opaque)"
        )

    def find_hash_defect(self, stored: str) -> str | None:
        """Why nothing can ever match this hash; None if something can."""
        return self._passwords.find_defect(stored)


def _carries_authorities(recipe: TokenRecipe) -> bool:
    return any(name.partition(".")[0] == "authorities" for name in recipe.claims.reads)


def check_dialects(configuration: Configuration, names: tuple[str, ...]) -> None:
    """Raises Fault for a dialect that there is not, before anything is read."""
    known = dialects_of(configuration)(names)
    for name in names:
        if name not in known:
            raise Fault(f"there is no dialect {name!r}; `dragoman dialect list` shows all")
