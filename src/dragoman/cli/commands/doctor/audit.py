"""What `dragoman doctor` looks at in the audit: whether it can be written. What is in it, `audit verify` judges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.audit.folder import AuditFault, refuse_unusable
from dragoman.cli.commands.doctor.finding import Finding, fault_found, ok

if TYPE_CHECKING:
    from dragoman.config.settings import Configuration


def check_audit(configuration: Configuration) -> Finding:
    """Whether a server would start with it, and commands that change something would be done."""
    if configuration.audit.to == "log":
        return ok("audit", "is among the lines of the log")
    folder = configuration.path(configuration.audit.files)
    try:
        refuse_unusable(folder)
    except AuditFault as fault:
        return fault_found("audit", fault)
    return ok("audit", str(folder))
