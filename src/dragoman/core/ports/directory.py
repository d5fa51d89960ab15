"""The directory: where accounts live that do not live here (docs/adr/directory.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from dragoman.core.value import value

if TYPE_CHECKING:
    from dragoman.core.model import ResourceOwner
    from dragoman.core.ports.attempt import Attempt
    from dragoman.core.secret import Secret


@value
class Verified:
    """The password is this account's."""

    owner: ResourceOwner
    """The account as the directory has it; only id, names, e-mail, authorities and state count."""
    password_hash: str | None = None
    """A hash that may be stored of it: a stronger one, or any where the account moves in."""
    directory: str | None = None
    """The directory that says so, if one does."""


@value
class NotVerified:
    """The password is nobody's."""

    why: str
    """For the audit: never a name or a password."""


@value
class Terms:
    """What holds for all accounts of a directory."""

    name: str
    """What accounts that live there are marked with."""
    adopts: bool = False
    """Whether whoever logs in moves in here, with a hash of the password, and is never asked for there again."""
    recheck: int
    """Seconds after which a refresh asks the directory anew whether the account may be used."""
    away: int
    """For how many seconds after its last word refreshes go on while the directory is away."""
    lenient: bool = False
    """Whether it may take several names for one and not say whose it is: guesses at them are counted together."""


class Directory(Protocol):
    """Where accounts live that do not live here.

    Both verbs refuse `temporarily_unavailable` whenever the directory's answer is not known for certain: it is away,
    slow, overloaded, or says what cannot be understood. They never wait for long.
    """

    @property
    def terms(self) -> Terms:
        """What holds for all its accounts."""
        ...

    async def verify(self, login: str, sent: Secret, attempt: Attempt) -> Verified | NotVerified:
        """Whose password this is. The login name is as it was sent, not empty, without control characters.

        The password is not empty, without NUL, at most `core.directory.LONGEST_PASSWORD` bytes of UTF-8. As far as it
        is up to the directory's door, a name that it does not have costs the same as a wrong password.
        """
        ...

    async def find(self, owner_id: str) -> ResourceOwner | None:
        """The account with this id as it stands now; None where there is none any more."""
        ...
