"""What a source holds, counted while it is read: for whoever plans a move. Its size is bounded."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from dragoman.importers.record import ImportedClient, ImportedOwner, PassedOver, UnreadableRow
from dragoman.importing.counting import OTHERS, count_one

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping

    from dragoman.importers.record import Record
    from dragoman.importing.permissions import Withheld

_STATES = ("locked", "expired", "password_expired")


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A source, in numbers."""

    clients: int
    clients_by_grant_type: dict[str, int]
    """How many may use each; `none listed` where the source does not say."""
    clients_by_secret: dict[str, int]
    """`public`, `plain`, or the format of the hash."""
    disabled_clients: int
    scopes: dict[str, int]
    """How many clients may ask for each."""
    accounts: int
    accounts_by_hash: dict[str, int]
    """By the format of the hash; `none` where there is no password."""
    accounts_by_state: dict[str, int]
    """`disabled`, `locked`, `expired`, `password_expired`; the others may log in."""
    authorities: dict[str, int]
    """How many clients and accounts hold each."""
    unreadable: int
    passed_over: dict[str, int]
    """Rows without a meaning here, by reason."""


class Survey:
    """Counts records on their way."""

    def __init__(self, format_of: Callable[[str], str]) -> None:
        """`format_of` names the format of a stored hash."""
        self._format_of = format_of
        self._single: Counter[str] = Counter()
        self._counts: dict[str, Counter[str]] = {}

    async def counted(self, records: AsyncIterator[Record]) -> AsyncIterator[Record]:
        """Pass the records on, and count them on the way."""
        async for record in records:
            self._add(record)
            yield record

    def found(self) -> Found:
        """All that was counted."""
        return Found(
            clients=self._single["clients"],
            clients_by_grant_type=self._by("grant type"),
            clients_by_secret=self._by("secret"),
            disabled_clients=self._single["disabled clients"],
            scopes=self._by("scope"),
            accounts=self._single["accounts"],
            accounts_by_hash=self._by("hash"),
            accounts_by_state=self._by("state"),
            authorities=self._by("authority"),
            unreadable=self._single["unreadable"],
            passed_over=self._by("passed over"),
        )

    def _add(self, record: Record) -> None:
        match record:
            case ImportedClient():
                self._add_client(record)
            case ImportedOwner():
                self._add_owner(record)
            case UnreadableRow():
                self._single["unreadable"] += 1
            case PassedOver():
                self._count("passed over", (record.why,))

    def _add_client(self, record: ImportedClient) -> None:
        self._single["clients"] += 1
        self._single["disabled clients"] += record.enabled is False
        self._count("grant type", record.grant_types or ("none listed",))
        self._count("scope", record.scope or ())
        self._count("authority", record.authorities or ())
        hashed = {self._format_of(one) for one in record.hashed_secrets}
        self._count("secret", sorted(hashed) or (("plain",) if record.plain_secrets else ("public",)))

    def _add_owner(self, record: ImportedOwner) -> None:
        self._single["accounts"] += 1
        self._count("hash", (self._format_of(record.password_hash) if record.password_hash else "none",))
        self._count("authority", record.authorities or ())
        states = [name for name in _STATES if getattr(record, name)]
        self._count("state", ["disabled", *states] if record.enabled is False else states)

    def _count(self, what: str, names: Iterable[str]) -> None:
        counts = self._counts.setdefault(what, Counter())
        for name in names:
            count_one(counts, name, OTHERS)

    def _by(self, what: str) -> dict[str, int]:
        return dict(self._counts.get(what, Counter()).most_common())


def split_withheld(withheld: Counter[Withheld]) -> tuple[Mapping[str, tuple[str, int]], Mapping[str, int]]:
    """What an operator has to decide, by the option that lets it in, and what cannot come in whatever is decided."""
    decisions: dict[str, tuple[str, int]] = {}
    left: dict[str, int] = {}
    for one, count in withheld.most_common():
        if one.option is None:
            left[one.what] = count
        else:
            decisions[one.option] = (one.what, count)
    return decisions, left
