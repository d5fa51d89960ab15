"""What a password hash format is, and the one place that asks all of them."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from dragoman.hashing import formats

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_HASH = 1024
"""Characters; no stored hash is longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an imported hash may cost, and which formats it may not have unless somebody said so."""

    bcrypt_cost: int = 14
    pbkdf2_iterations: int = 2_000_000
    memory_kib: int = 256 * 1024
    """For argon2 and scrypt."""
    passes: int = 16
    """For argon2: its time cost."""
    lanes: int = 16
    """For argon2 and scrypt: their parallelism."""
    memory_passes_kib: int = 1024 * 1024
    """For argon2 memory times passes, for scrypt memory times lanes: about a second, as with the other two."""
    phpass_exponent: int = 19
    """For phpass and Drupal 7: the binary logarithm of their rounds. Each round is one step of this interpreter."""
    crypt_rounds: int = 700_000
    """For SHA-crypt; what its most generous library takes unless told otherwise is 656,000."""
    weak_formats: frozenset[str] = frozenset()
    """Formats that are as good as plain text and count only if named here (docs/password-hashes.md): `noop`; one round
    of a digest, `NT`, `MD4`, `MD5`, `SHA-1`, `SHA-256`, `digest`; and as directories write it, `SHA`, `SSHA`,
    `SMD5`, `SSHA512` …"""


class HashFormat(Protocol):
    """One format of stored password hashes. Nothing here raises, whatever is stored, but for `verify` MemoryError."""

    def identify(self, stored: str) -> bool:
        """Whether the hash claims to be of this format."""
        ...

    def find_defect(self, stored: str, limits: Limits) -> str | None:
        """Why it can never match: malformed, over a limit, too weak; None if it can. Without any of its bytes."""
        ...

    def verify(self, stored: str, password: bytes) -> bool:
        """Whether it is the password's hash; asked only when there is no defect."""
        ...

    def seen(self, stored: str, password: bytes) -> bytes:
        """The part of the password that the format looks at."""
        ...

    def blank(self, stored: str) -> str:
        """The same hash with salt and digest wiped out: it costs as much to check, and is nobody's.

        Asked only when there is no defect; hashes of the same cost give the same.
        """
        ...


def load_formats() -> tuple[HashFormat, ...]:
    """All formats in the folder."""
    return tuple(_load())


def find_format(known: tuple[HashFormat, ...], stored: str, limits: Limits) -> HashFormat | str:
    """The format that can check this hash, or the reason why none can."""
    if len(stored) > LONGEST_HASH or not stored.isascii():
        return "no password hash looks like this"
    found = next((one for one in known if one.identify(stored)), None)
    if found is None:
        return "the hash has no known format"
    return found.find_defect(stored, limits) or found


def name_format(known: tuple[HashFormat, ...], stored: str) -> str:
    """What the format of this hash is called, whether or not the hash is a good one; `unknown` where it has none."""
    found = next((one for one in known if one.identify(stored)), None)
    return "unknown" if found is None else str(getattr(found, "__name__", "unknown")).rpartition(".")[2]


def _load() -> Iterator[HashFormat]:
    for found in pkgutil.iter_modules(formats.__path__):
        yield cast("HashFormat", importlib.import_module(f"{formats.__name__}.{found.name}"))
