"""What `dragoman doctor` finds: one line each, with a remedy where something is to be mended."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from dragoman.core.errors import Fault


class State(StrEnum):
    """How a finding is meant."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    check: str
    """What was looked at: `configuration`, `dialects`, `keys`, `clock`, `disk`, `database`, `tokens`, `tls` …"""
    state: State
    text: str
    remedy: str = ""


def ok(check: str, text: str) -> Finding:
    """All is well."""
    return Finding(check=check, state=State.OK, text=text)


def warning(check: str, text: str, remedy: str = "") -> Finding:
    """A finding that works, and that the operator should know of."""
    return Finding(check=check, state=State.WARNING, text=text, remedy=remedy)


def problem(check: str, text: str, remedy: str) -> Finding:
    """A finding that does not work, or not for long."""
    return Finding(check=check, state=State.PROBLEM, text=text, remedy=remedy)


def fault_found(check: str, fault: Fault) -> Finding:
    """A fault, whose sentence ends with its remedy."""
    return Finding(check=check, state=State.PROBLEM, text=str(fault))
