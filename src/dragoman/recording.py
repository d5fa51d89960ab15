"""What is written down of each request, and where: the audit, the counts and the traces of a server."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from dragoman.audit.bounded import BoundedAudit
from dragoman.audit.retention import remove_old
from dragoman.chores import keep_audit
from dragoman.grant_types import load_grant_types
from dragoman.metering import metered
from dragoman.metrics.counting import count_from
from dragoman.parts import open_audit
from dragoman.telemetry.opening import open_tracing

if TYPE_CHECKING:
    from dragoman.core.ports import Audit
    from dragoman.metrics.counting import Observe
    from dragoman.opened import Opened
    from dragoman.telemetry.tracing import Tracing


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Where events go, and who hears of each answer."""

    audit: Audit
    observe: Observe | None
    """None where nothing is counted."""
    tracing: Tracing | None
    """None where no collector is named."""


def open_recording(opened: Opened, key: bytes) -> Recording:
    """As configured; `key` is the audit's. Raises AuditFault, TelemetryFault."""
    configuration, part, log, closing = opened.configuration, opened.part, opened.log, opened.closing
    written = open_audit(configuration, key, log)
    closing.callback(written.close)
    bounded = BoundedAudit(written, configuration.audit.refusals_a_minute)
    counting, observe = count_from(part.tally, bounded, load_grant_types())
    tracing = open_tracing(configuration, counting, load_grant_types(), log)
    if tracing is not None:
        closing.callback(tracing.close)
    opened.chores.append(bounded.keep_summing_up)
    opened.chores.extend(metered(part.tally, opened.store, opened.passwords, written, opened.now))
    if part.purges and configuration.audit.to == "files":
        remove = partial(remove_old, configuration.path(configuration.audit.files), key, time.time)
        opened.chores.append(partial(keep_audit, remove, opened.now, log, kept=configuration.audit.kept_days * 86400))
    return Recording(audit=tracing or counting, observe=observe, tracing=tracing)
