"""A line of the audit as people read it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from dragoman.cli.terminal.showing import printable

if TYPE_CHECKING:
    from dragoman.audit.reading import Record

_NOT_TOLD = frozenset({"time", "level", "event", "outcome", "chain", "number", "hash"})


def told(record: Record) -> str:
    """One line: when, what, and each fact that there is. An alarm begins with an exclamation mark."""
    alarm = "! " if record.fact("level") == "warning" else "  "
    present = {name: fact for name, fact in record.facts.items() if name not in _NOT_TOLD and fact not in (None, "")}
    facts = " ".join(f"{name}={_shown(fact)}" for name, fact in present.items())
    return printable(f"{alarm}{moment(record.time)} {record.fact('outcome')} {facts}".rstrip())


def moment(time: float) -> str:
    """A time as text, in UTC and with milliseconds (RFC 3339)."""
    return datetime.fromtimestamp(time, tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _shown(fact: object) -> str:
    if isinstance(fact, str) and fact.replace("_", "").replace("-", "").replace(".", "").replace(":", "").isalnum():
        return fact
    return msgspec.json.encode(fact).decode()
