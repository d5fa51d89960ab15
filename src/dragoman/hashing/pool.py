"""Password hashing in a bounded pool of threads (docs/adr/hash-slots.md).

Every check computes the current hash exactly once, whatever it finds: to check the password, to store it anew, or for
nothing. So unknown people, wrong passwords and accounts that cannot log in cost the same. A hash imported from other
software costs its own check on top of that, until its owner has logged in once; `doubles` gives unknown names the same.
"""

from __future__ import annotations

import secrets
import threading
import unicodedata
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from dragoman.core.errors import Fault
from dragoman.core.ip_address import network_of
from dragoman.core.ports import PasswordCheck
from dragoman.hashing.cores import usable_cores
from dragoman.hashing.format import HashFormat, Limits, find_format, load_formats, name_format
from dragoman.hashing.formats.argon2 import Argon2Profile, is_as_strong, make_hash
from dragoman.hashing.priority import stand_back
from dragoman.hashing.processes import CannotStart
from dragoman.hashing.slots import Slots, Turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.core.ports import Attempt, HungUp
    from dragoman.core.secret import Secret
    from dragoman.hashing.hashes_apart import HashesApart

Result = TypeVar("Result")

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 1024
"""Bytes of UTF-8 (docs/passwords.md)."""
_NOT_OURS = f"the password is no UTF-8, or longer than {LONGEST_PASSWORD} bytes"
_SALT_BYTES = 16
_HERE_SECONDS = 60.0
"""Between two attempts to have a process where one could not be had: a want of memory or processes may pass."""
_ON_ITS_WAY = 1
"""Questions before the hash processes beyond those they are at: none rests while a thread waits for Python's lock."""
_WRONG = PasswordCheck(matches=False)
_WHO_CLAIMS_TO_BE_ONE = "\0"
"""The turn of whoever sends a client's secret; no client has this id."""


class PasswordRefused(Fault):
    """A password that may not be set, and why."""


class PasswordHasher:
    """Checks and makes password hashes; at most so many at once, at most so many waiting."""

    def __init__(
        self,
        *,
        profile: Argon2Profile | None = None,
        slots: int | None = None,
        waiting: int | None = None,
        limits: Limits | None = None,
        apart: HashesApart | None = None,
    ) -> None:
        """`slots` hashes at once (one for each core unless said), `waiting` callers in line (16 for each slot).

        `apart`: hash processes to ask, one more at once than there are; where none can be had, it is `slots` again.
        """
        self._profile = profile or Argon2Profile()
        self._limits = limits or Limits()
        self._formats = load_formats()
        number = slots or usable_cores()
        at_once = number if apart is None else apart.number + _ON_ITS_WAY
        self._slots = Slots(at_once, 16 * number if waiting is None else waiting)
        self._apart = apart
        self._here_until = 0.0
        self._here = threading.BoundedSemaphore(number)
        self._lock = threading.Lock()
        self.hashes_computed = 0
        """How often the current hash was computed."""
        self.imports_checked = 0
        """How often a hash of other software was checked."""

    @property
    def running(self) -> int:
        """How many callers have a thread now."""
        return self._slots.running

    @property
    def waiting(self) -> int:
        """How many callers wait for one."""
        return self._slots.waiting

    @property
    def shed(self) -> int:
        """How many callers were refused because too many waited."""
        return self._slots.shed

    @property
    def abandoned(self) -> int:
        """How many callers hung up while they waited."""
        return self._slots.abandoned

    def admit(self, attempt: Attempt) -> None:
        """Refuses `temporarily_unavailable` where a check would be refused now because the queue is full."""
        self._slots.admit(_turn_of(attempt))

    async def check(self, stored: str | None, sent: Secret, attempt: Attempt | None = None) -> PasswordCheck:
        """Whether the password is right. Refuses `temporarily_unavailable` when the queue is full.

        With an attempt it has its client's and address's turn, and leaves the queue when its sender hangs up.
        """
        text = sent.reveal()
        return await self._slots.run(lambda: self._check(stored, text), _turn_of(attempt))

    async def hash_received(self, sent: Secret, attempt: Attempt | None = None) -> str:
        """A hash to store of a password that was right elsewhere, however short; in its attempt's turn.

        Raises PasswordRefused for one longer than any of ours; refuses `temporarily_unavailable` as `check`.
        """
        spelled = _spell(sent.reveal())
        if spelled is None:
            raise PasswordRefused(_NOT_OURS)
        return await self._slots.run(lambda: self._compute(spelled[0]), _turn_of(attempt))

    async def matches(self, stored: str, sent: Secret, address: str = "", hung_up: HungUp = None) -> bool:
        """Whether an imported slow hash is this secret's, and nothing more. Refuses `temporarily_unavailable`.

        All who claim to be a client have one turn together, whichever they name, and in it one for each address: nobody
        has shown yet who he is, and ids are no secret. What is longer than any password is nobody's: some formats read
        all of it in each of their rounds.
        """
        received = _received(sent.reveal())
        if received is None or len(received) > LONGEST_PASSWORD:
            return False
        turn = Turn(client=_WHO_CLAIMS_TO_BE_ONE, address=network_of(address), hung_up=hung_up)
        return await self._slots.run(lambda: self._matches(stored, received), turn)

    async def compute(self, work: Callable[[], Result], attempt: Attempt) -> Result:
        """Other work as slow as a hash, under the same bounds. Refuses `temporarily_unavailable`."""
        return await self._slots.run(lambda: self._compute_here(work), _turn_of(attempt))

    async def hash_new(self, password: Secret) -> str:
        """A hash to store. Raises PasswordRefused; refuses `temporarily_unavailable` when the queue is full."""
        spelled = _spell(password.reveal())
        if spelled is None:
            raise PasswordRefused(_NOT_OURS)
        if len(spelled[0]) < SHORTEST_PASSWORD:
            raise PasswordRefused(f"the password is shorter than {SHORTEST_PASSWORD} bytes")
        return await self._slots.run(lambda: self._compute(spelled[0]))

    def find_defect(self, stored: str) -> str | None:
        """Why a stored hash can never match, for whoever imports it; None if it can."""
        found = find_format(self._formats, stored, self._limits)
        return found if isinstance(found, str) else None

    def name_format(self, stored: str) -> str:
        """What the format of a stored hash is called; `unknown` where it has none."""
        return name_format(self._formats, stored)

    def blank(self, stored: str) -> str | None:
        """A hash that costs as much to check as this one and is nobody's; None if it can never match."""
        found = find_format(self._formats, stored, self._limits)
        return None if isinstance(found, str) else found.blank(stored)

    def close(self) -> None:
        """Refuse whoever waits and let the threads end, and their processes."""
        self._slots.close()
        if self._apart is not None:
            self._apart.close()

    def _check(self, stored: str | None, text: str) -> PasswordCheck:
        spelled = _spell(text)
        if spelled is None:
            self._compute(b"")
            return _WRONG
        found = "nothing stored" if stored is None else find_format(self._formats, stored, self._limits)
        if stored is None or isinstance(found, str):
            self._compute_each(spelled)
            return _WRONG
        if is_as_strong(stored, self._profile):
            return self._check_current(found, stored, spelled)
        return self._check_imported(found, stored, spelled)

    def _check_current(self, known: HashFormat, stored: str, spelled: tuple[bytes, ...]) -> PasswordCheck:
        """Ours are of the normalised password; the same format may also come from software that did not normalise."""
        self._count(len(spelled))
        verified = [self._verify(known, stored, password) for password in spelled]
        if verified[0]:
            return PasswordCheck(matches=True)
        return PasswordCheck(matches=True, new_hash=self._compute(spelled[0])) if any(verified) else _WRONG

    def _check_imported(self, known: HashFormat, stored: str, spelled: tuple[bytes, ...]) -> PasswordCheck:
        """As received. One that saw only part of the password is kept: nobody knows whether the rest was right."""
        received = spelled[-1]
        matches = self._verify_imported(known, stored, received)
        fresh = self._compute_each(spelled)
        whole = known.seen(stored, received) == received
        return PasswordCheck(matches=matches, new_hash=fresh if matches and whole else None)

    def _matches(self, stored: str, sent: bytes) -> bool:
        found = find_format(self._formats, stored, self._limits)
        return not isinstance(found, str) and self._verify_imported(found, stored, sent)

    def _verify_imported(self, known: HashFormat, stored: str, received: bytes) -> bool:
        with self._lock:
            self.imports_checked += 1
        return self._verify(known, stored, received)

    def _compute(self, password: bytes) -> str:
        self._count(1)
        salt, profile = secrets.token_bytes(_SALT_BYTES), self._profile
        return self._where(
            lambda apart: apart.make(password, salt, profile), lambda: make_hash(password, salt, profile)
        )

    def _verify(self, known: HashFormat, stored: str, password: bytes) -> bool:
        return self._where(lambda apart: apart.verify(stored, password), lambda: known.verify(stored, password))

    def _where(self, apart: Callable[[HashesApart], Result], here: Callable[[], Result]) -> Result:
        """Apart, or for a while after that could not be had, here."""
        if self._apart is not None and monotonic() >= self._here_until:
            try:
                return apart(self._apart)
            except CannotStart:
                self._here_until = monotonic() + _HERE_SECONDS
        return self._compute_here(here)

    def _compute_here(self, work: Callable[[], Result]) -> Result:
        """In this thread, which stands back from then on."""
        with self._here:
            stand_back()
            return work()

    def _compute_each(self, spelled: tuple[bytes, ...]) -> str:
        """As much work as checking each spelling; the hash of the normalised one."""
        hashes = [self._compute(password) for password in spelled]
        return hashes[0]

    def _count(self, hashes: int) -> None:
        with self._lock:
            self.hashes_computed += hashes


def _turn_of(attempt: Attempt | None) -> Turn:
    if attempt is None:
        return Turn()
    return Turn(client=attempt.client_id, address=network_of(attempt.address), hung_up=attempt.hung_up)


def _spell(text: str) -> tuple[bytes, ...] | None:
    """The password normalised (NFC) and, if that differs, as received; None where no password of ours can be so."""
    received = _received(text)
    if received is None:
        return None
    normalised = unicodedata.normalize("NFC", text).encode()
    if max(len(received), len(normalised)) > LONGEST_PASSWORD:
        return None
    return (normalised,) if normalised == received else (normalised, received)


def _received(text: str) -> bytes | None:
    if len(text) > LONGEST_PASSWORD:
        return None
    try:
        return text.encode()
    except UnicodeEncodeError:
        return None
