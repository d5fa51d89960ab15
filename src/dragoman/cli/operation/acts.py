"""What an operator does, in the audit: before it is done, and with how it ended. Nothing is done without a trace."""

from __future__ import annotations

import os
import pwd
import secrets
import time
from contextlib import contextmanager
from dataclasses import fields
from typing import TYPE_CHECKING

import click

from dragoman.audit.folder import AuditFault
from dragoman.audit.logged import LineAudit
from dragoman.audit.operating import LedgerAudit
from dragoman.cli.terminal.showing import warn
from dragoman.core.errors import Fault
from dragoman.core.model import Sender
from dragoman.core.ports import Audit, Event
from dragoman.http.log import Log
from dragoman.wiring.parts import read_audit_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dragoman.config.settings import Configuration
    from dragoman.core.model import Client, ResourceOwner

SIGNED_OUT = "signed_out_by_operator"
"""The reason of sessions that ended by a command and for nothing else."""
OPERATOR_VARIABLE = "DRAGOMAN_OPERATOR"
"""Who runs a command, where the account of the operating system is one that several people use. Believed as it is."""


class Act:
    """Something that an operator does; what is told of it by its end goes into the audit with its outcome."""

    def __init__(self, **facts: str | int | None) -> None:
        self.facts = facts

    def tell(self, **facts: str | int | None) -> None:
        """More of it. Never a secret."""
        self.facts |= facts


@contextmanager
def recorded(
    configuration: Configuration,
    *,
    client_id: str | None = None,
    subject: str | None = None,
    grant_id: str | None = None,
    **facts: str | int | None,
) -> Iterator[Act]:
    """What the block does, in the audit. Raises Fault before the block where it cannot be written there.

    Where its end cannot be written, that is a warning: it was done.
    """
    audit = operators_audit(configuration)
    act = Act(act=secrets.token_hex(6), command=_command(), **_operator(), **facts)

    def record(outcome: str) -> None:
        audit.record(
            Event(
                name=outcome,
                dialect="",
                sender=Sender(),
                client_id=client_id,
                subject=subject,
                grant_id=grant_id,
                facts=act.facts,
            )
        )

    try:
        record("command_begun")
    except AuditFault as fault:
        raise Fault(f"{fault}; nothing was changed") from None
    try:
        yield act
    except BaseException as error:
        act.tell(detail=str(error) if isinstance(error, Fault) else type(error).__name__)
        _tell_end(record, "command_failed")
        raise
    _tell_end(record, "command_done")


def operators_audit(configuration: Configuration) -> Audit:
    """Where the events of commands go: to the files, or as lines on standard error. Raises KeyFault."""
    key = read_audit_key(configuration)
    if configuration.audit.to == "log":
        return LineAudit(key, Log(configuration.log.level).put, time.time)
    return LedgerAudit(configuration.path(configuration.audit.files), key, time.time)


def names_of_changes(before: Client | ResourceOwner, after: Client | ResourceOwner) -> str:
    """Which fields are no longer what they were; never what they hold."""
    changed = (one.name for one in fields(before) if getattr(before, one.name) != getattr(after, one.name))
    return " ".join(sorted(changed))


def _tell_end(record: Callable[[str], None], outcome: str) -> None:
    try:
        record(outcome)
    except AuditFault as fault:
        warn(f"{fault}; that it began is there, and how it ended is not")


def _command() -> str:
    """As it was typed, without arguments and options: one of them may be a secret that somebody put there."""
    context, names = click.get_current_context(), []
    while context.parent is not None:  # the first name is whatever the program was started by
        names.append(context.info_name or "")
        context = context.parent
    return " ".join(reversed(names))


def _operator() -> dict[str, str | None]:
    """The account that runs this, and whom it says it stands for."""
    number = os.getuid()
    try:
        account = pwd.getpwuid(number).pw_name
    except KeyError:
        account = f"uid {number}"
    said = os.environ.get(OPERATOR_VARIABLE) or os.environ.get("SUDO_USER")
    return {"operator": account, "on_behalf_of": said}
