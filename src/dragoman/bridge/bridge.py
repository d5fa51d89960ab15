"""What holds for all that comes over the bridge: whom the old server may vouch for, and on which terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.core.ports.directory import Terms
from dragoman.directories.owner import read_owner
from dragoman.elsewhere.cells import CellFault, list_of
from dragoman.elsewhere.faults import Useless

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.bridge.asking import Granted, OldServer
    from dragoman.core.model import ResourceOwner
    from dragoman.elsewhere.guard import Guard

FOR_EVER = 2**40
"""Seconds. The old server cannot be asked about an account without its password, so its last word counts on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What the members or claims are called that tell of the account; None where nothing is called so."""

    subject: str | None
    username: str | None
    email: str | None
    authorities: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """The bridge to one old server, as configured."""

    name: str
    """What accounts are marked with whose password is still there."""
    clients: frozenset[str]
    until: int
    """From when on nobody is asked for any more; epoch seconds."""
    named: Named
    authorities_allowed: frozenset[str]
    old: OldServer
    guard: Guard
    """Before every password: a person waits."""
    patient: Guard
    """Before every refresh token: what was begun is finished, whoever still waits."""
    seconds: float
    """For how long somebody waits."""
    now: Callable[[], int]
    new_id: Callable[[], str]

    @property
    def terms(self) -> Terms:
        """How far the old server's word counts: whoever logs in by it moves in, and is never asked for again."""
        return Terms(name=self.name, adopts=True, recheck=FOR_EVER, away=FOR_EVER, lenient=True)

    def is_open(self, client_id: str) -> bool:
        """Whether people and sessions of this client may come now."""
        return client_id in self.clients and self.now() < self.until

    @property
    def tells_whose(self) -> bool:
        """Whether the old server's answer names the account: else a session there is nobody's here."""
        return self.named.subject is not None or self.named.username is not None

    def read_account(self, answer: Granted, owner_id: str, username: str | None) -> ResourceOwner:
        """The account that an answer speaks of, within the ceiling. Raises Useless.

        `owner_id` and `username` are what it is called where the answer does not say.
        """
        told = {
            "id": _scalar(answer.told(self.named.subject)) or owner_id,
            "username": _scalar(answer.told(self.named.username)) or username or "",
            "email": _scalar(answer.told(self.named.email)),
            "authorities": self._authorities(answer),
        }
        return read_owner(told)

    def _authorities(self, answer: Granted) -> tuple[str, ...]:
        try:
            names = list_of(answer.told(self.named.authorities)) or ()
        except CellFault:
            raise Useless("the authorities of an account are no list") from None
        return tuple(name for name in names if name in self.authorities_allowed)


def _scalar(told: object) -> str | None:
    """A text or a number; anything else is no name of anybody."""
    if told is None or told == "":
        return None
    if isinstance(told, bool) or not isinstance(told, str | int):
        raise Useless("what names an account is neither text nor number")
    return str(told)
