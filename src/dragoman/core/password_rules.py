"""What may be said against a new password beside its length (NIST SP 800-63B-4 §3.1.1.2, ASVS 6.2).

A password is refused if many people have it, if it has leaked, or if it is little more than names that an attacker
knows. Only where one is set: a password that was set under other rules goes on to log its owner in.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Protocol

from dragoman.core.login_name import canonical
from dragoman.core.value import value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dragoman.core.model import ResourceOwner
    from dragoman.core.secret import Secret

_MOST_TAKEN = 4
"""Characters: a year, `123!`."""
_SHORTEST_WORD = 4
_SHORTEST_NAME = 3
_SHORTEST_REST = 8
"""Characters that a password must have besides names: as many as without any."""
_LETTERS = [str.maketrans("@$03457!1", f"asoeasti{letter}") for letter in "il"]
"""What is usually written for letters. A 1 is both."""
_BETWEEN = re.compile(r"[\W_]+")


@value
class Guesses:
    """One password as the lists look for it."""

    exact: tuple[str, ...]
    """As it is hashed, and folded: for lists of leaked passwords, which hold almost everything."""
    simple: frozenset[str]
    """Folded, and with what people put to a word taken away again: for lists of common passwords."""


class PasswordList(Protocol):
    """Passwords that may not be set."""

    @property
    def told_as(self) -> str:
        """What a password in it is: the end of the sentence "the password is …"."""
        ...

    def holds(self, guesses: Guesses) -> bool:
        """Whether the password is in it. Raises Fault where that cannot be found out."""
        ...


def find_weakness(password: Secret, names: Iterable[str], lists: Iterable[PasswordList]) -> str | None:
    """Why this password may not be set, as a sentence that does not repeat it; None if it may. Raises Fault.

    `names` are words that an attacker would try first (`names_of`, `names_of_host`).
    """
    text = password.reveal()
    folded = canonical(text)
    rest = _without(folded, names)
    if rest != folded and len(rest) < _SHORTEST_REST:
        return "the password is little more than names of the account or of this server; take another"
    guesses = Guesses(
        exact=tuple(dict.fromkeys((unicodedata.normalize("NFC", text), folded))),
        simple=frozenset((*_simplify(folded), *_simplify(rest))),
    )
    if len(_piece(folded)) < _SHORTEST_WORD:
        return "the password is the same few characters again and again; take another"
    found = next((one for one in lists if one.holds(guesses)), None)
    return None if found is None else f"the password is {found.told_as}; take another"


def names_of(owner: ResourceOwner) -> Iterator[str]:
    """What a person is called, whole and in its parts."""
    email = owner.email or ""
    yield email
    for name in (owner.username, email.rpartition("@")[0], owner.first_name, owner.last_name):
        yield from (name, *_BETWEEN.split(name.partition("@")[0]))


def names_of_host(host: str) -> Iterator[str]:
    """What a server is called: `login.example.com`, `login`, `example`."""
    yield host
    yield from (label for label in host.split(".")[:-1] if not label.isdigit())


def _without(folded: str, names: Iterable[str]) -> str:
    known = {canonical(name) for name in names}
    for name in sorted(known, key=len, reverse=True):
        if len(name) >= _SHORTEST_NAME:
            folded = folded.replace(name, "")
    return folded


def _simplify(folded: str) -> Iterator[str]:
    """The text, with up to four digits and signs taken from its ends, and with letters for what stands for them."""
    if len(piece := _piece(folded)) >= _SHORTEST_WORD:
        yield piece
    ahead = _count_taken(folded)
    behind = _count_taken(folded[::-1])
    for start in range(ahead + 1):
        for taken in range(min(behind, _MOST_TAKEN - start) + 1):
            word = folded[start : len(folded) - taken]
            if len(word) >= _SHORTEST_WORD:
                yield from (word, *(word.translate(letters) for letters in _LETTERS))


def _count_taken(text: str) -> int:
    """How many of the first characters are no letters; four at most."""
    beginning = text[:_MOST_TAKEN]
    return next((place for place, one in enumerate(beginning) if one.isalpha()), len(beginning))


def _piece(text: str) -> str:
    """The shortest text that, again and again, is this one: `abc` for `abcabcabc`."""
    return text[: (text + text).find(text, 1)] if text else text
