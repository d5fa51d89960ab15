"""The passwords of a new demo: drawn, and hashed in a process of its own, so that the memory goes with it."""

from __future__ import annotations

import asyncio
import multiprocessing
import secrets
import string
from typing import TYPE_CHECKING

from dragoman.cli.commands.demo.cast import CAST
from dragoman.core.errors import Fault
from dragoman.core.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.connection import Connection

_LETTERS = string.ascii_letters + string.digits
_PASSWORD_LENGTH = 16


def draw(length: int) -> str:
    """A random text of so many letters and digits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def draw_passwords() -> Mapping[str, Secret]:
    """A password for each part, by dialect."""
    return {part.dialect: Secret(draw(_PASSWORD_LENGTH)) for part in CAST}


class HashedApart:
    """Passwords whose hashes are computed while whoever made this does something else."""

    def __init__(self, passwords: Mapping[str, Secret]) -> None:
        """Begins at once. Must be made before this process has threads."""
        self.passwords = passwords
        self._receiving, sending = multiprocessing.Pipe(duplex=False)
        fork = multiprocessing.get_context("fork")
        fork.Process(target=_hash, args=(tuple(passwords.values()), sending), daemon=True).start()
        sending.close()

    def hashes(self) -> Mapping[str, str]:
        """The hashes by dialect; waits until they are there. To be called once. Raises Fault."""
        try:
            return dict(zip(self.passwords, self._receiving.recv(), strict=True))
        except EOFError:
            raise Fault(
                "the demo's passwords could not be hashed; give it 100 MiB more memory, and run it again"
            ) from None


def _hash(passwords: tuple[Secret, ...], sending: Connection) -> None:
    from dragoman.hashing.pool import PasswordHasher  # noqa: PLC0415 (only in the process that hashes)

    async def hash_all() -> list[str]:
        return await asyncio.gather(*(hasher.hash_new(one) for one in passwords))

    hasher = PasswordHasher()
    sending.send(asyncio.run(hash_all()))
    hasher.close()
