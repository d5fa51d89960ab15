"""What backups and restores of both databases share: the terms of one, what came of it, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from dragoman.store.faults import StoreFault
from dragoman.store.installation import KEYS, LATEST_TIME, NOT_BEFORE, SAVED_IN_USE

RESTORED = "restored"
"""Why a restore ended a grant."""
CLOCK_RESET = "clock_reset"
"""Why setting the time back ended a grant."""

_LATEST = 253402300799  # 9999-12-31

SQLITE_BEGINS = b"SQLite format 3\x00"
POSTGRESQL_BEGINS = b"PGDMP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A backup that was made."""

    version: str
    """Of the schema."""
    rows: Mapping[str, int]
    """How many, by table."""
    size: int
    """In bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On which a restore is made."""

    fingerprint: str
    """Of the keys that the server has (`Keyring.fingerprint`)."""
    now: int
    nothing_lost: bool = False
    """Whether nothing can have happened since the backup, so that what was live then may live on."""
    replace: bool = False
    """Whether a database that is there may be put aside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A database that was restored."""

    version: str
    """Of the schema; the server upgrades it if need be."""
    rows: Mapping[str, int]
    """How many, by table."""
    latest_time: int
    """About when the backup was made; 0 where no server had run."""
    ended: int
    """How many sessions were live in the backup, and are ended."""
    not_before: int
    """What was issued before does not count; 0 where nothing was lost."""
    kept: str | None = None
    """Where the database is that was there before, if there was one."""
    already: bool = False
    """Whether the very same export had been restored before, so that nothing was changed now."""


def unchanged(version: str, rows: Mapping[str, int], facts: Mapping[str, str]) -> Restored:
    """A database that was restored from the very same export before; `facts` is its table `installation`."""
    return Restored(
        version=version,
        rows=rows,
        latest_time=time_of(facts, LATEST_TIME),
        ended=0,
        not_before=time_of(facts, NOT_BEFORE),
        already=True,
    )


def refuse_other_keys(facts: Mapping[str, str], fingerprint: str, shown: str) -> None:
    """`facts` is the table `installation`. Raises StoreFault."""
    if facts.get(KEYS, fingerprint) != fingerprint:
        raise StoreFault(
            f"{shown} was made with the keys of another installation: no client secret and no token in it would be "
            "recognised. Restore the folder of keys that was saved with it first, or name another backup."
        )


def refuse_lost(facts: Mapping[str, str], used_until: int, shown: str) -> None:
    """For a restore that ends nothing: where it is plain that something may be lost. Raises StoreFault."""
    if SAVED_IN_USE in facts:
        raise StoreFault(
            f"A server ran when {shown} was made, and may have gone on afterwards: something may be lost. Leave "
            "--nothing-lost away."
        )
    refuse_later_use(facts, used_until, shown)


def refuse_later_use(facts: Mapping[str, str], used_until: int, shown: str) -> None:
    """For a restore that ends nothing: whatever happened after the backup would be undone. Raises StoreFault."""
    known = time_of(facts, LATEST_TIME)
    if used_until > known:
        raise StoreFault(
            f"The server was in use until {shown_time(used_until)}, after {shown} was made (at {shown_time(known)}): "
            "something may be lost. Leave --nothing-lost away."
        )


def time_of(facts: Mapping[str, str], name: str) -> int:
    """A time of the table `installation`; 0 where there is none."""
    text = facts.get(name, "")
    return int(text) if text.isdigit() else 0


def shown_time(time: int) -> str:
    """As people read it, in UTC."""
    if not time:
        return "an unknown time"
    return datetime.fromtimestamp(min(time, _LATEST), tz=UTC).strftime("%Y-%m-%d %H:%M:%SZ")
