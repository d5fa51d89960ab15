"""What is written down of each request, and where: the audit, the counts and the traces of a server."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from dragoman.audit.bounded import BoundedAudit
from dragoman.audit.retention import remove_old
from dragoman.grant_types import load_grant_types
from dragoman.metrics.counting import count_from
from dragoman.wiring.chores import keep_audit
from dragoman.wiring.metrics import metric_chores
from dragoman.wiring.parts import open_audit
from dragoman.wiring.telemetry import open_tracing

if TYPE_CHECKING:
    from dragoman.core.ports import Audit
    from dragoman.metrics.counting import Observe
    from dragoman.telemetry.tracing import Tracing
    from dragoman.wiring.foundation import Foundation


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Where events go, and who hears of each answer."""

    audit: Audit
    observe: Observe | None
    """None where nothing is counted."""
    tracing: Tracing | None
    """None where no collector is named."""


def open_recording(foundation: Foundation, key: bytes) -> Recording:
    """As configured; `key` is the audit's. Raises AuditFault, TelemetryFault."""
    configuration, role, log, closing = foundation.configuration, foundation.role, foundation.log, foundation.closing
    written = open_audit(configuration, key, log)
    closing.callback(written.close)
    bounded = BoundedAudit(written, configuration.audit.refusals_a_minute)
    counting, observe = count_from(role.tally, bounded, load_grant_types())
    tracing = open_tracing(configuration, counting, load_grant_types(), log)
    if tracing is not None:
        closing.callback(tracing.close)
    foundation.chores.append(bounded.keep_summing_up)
    foundation.chores.extend(metric_chores(role.tally, foundation.store, foundation.passwords, written, foundation.now))
    if role.purges and configuration.audit.to == "files":
        remove = partial(remove_old, configuration.path(configuration.audit.files), key, time.time)
        kept = configuration.audit.kept_days * 86400
        foundation.chores.append(partial(keep_audit, remove, foundation.now, log, kept=kept))
    return Recording(audit=tracing or counting, observe=observe, tracing=tracing)
