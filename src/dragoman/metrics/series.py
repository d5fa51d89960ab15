"""Every metric of a server: name, kind, labels and meaning. Their documentation is made from this."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

OTHER: Final = "other"
"""What a label says where its value is not one of those that may be told."""

BOUNDS: Final = (0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper ends of the ranges that durations are counted in, in seconds; one more range has no end."""

MOST_CLIENTS: Final = 1000
"""So many clients are told apart, those that were seen first; all others together are `other`."""


class Kind(StrEnum):
    """What Prometheus calls it."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A metric."""

    name: str
    kind: Kind
    meaning: str
    labels: tuple[str, ...] = ()
    initial: float = 0.0
    """What a gauge says before anything was told."""
    least: bool = False
    """Whether a gauge is the least of what the processes tell, and not their sum."""

    @property
    def width(self) -> int:
        """How many numbers each set of labels has: of a histogram the sum, then a count for each range."""
        return 2 + len(BOUNDS) if self.kind is Kind.HISTOGRAM else 1


GRANT_REVOCATIONS: Final = Series(
    name="dragoman_grant_revocations_total",
    kind=Kind.COUNTER,
    meaning="Grants that a request ended before their time.",
    labels=("client", "reason", "looked_like_retry"),
)
TOKEN_RESPONSES: Final = Series(
    name="dragoman_token_responses_total",
    kind=Kind.COUNTER,
    meaning="Answers of token endpoints.",
    labels=("dialect", "grant_type", "outcome"),
)
REQUEST_DURATION: Final = Series(
    name="dragoman_request_duration_seconds",
    kind=Kind.HISTOGRAM,
    meaning="Time from the head of a request until its answer is ready.",
    labels=("endpoint", "dialect"),
)
GUESSES_HELD: Final = Series(
    name="dragoman_guesses_held_total",
    kind=Kind.COUNTER,
    meaning="Passwords that the throttle kept unchecked, and wrong client secrets from an address that it holds.",
    labels=("held",),
)
THROTTLE_ALARMS: Final = Series(
    name="dragoman_throttle_alarms_total",
    kind=Kind.COUNTER,
    meaning="Limits that were reached: each is told once, when it begins.",
    labels=("alarm",),
)
CONNECTIONS_ENDED: Final = Series(
    name="dragoman_connections_ended_total",
    kind=Kind.COUNTER,
    meaning="Connections that the server has ended because of what they did, told every 10 seconds.",
    labels=("because",),
)
PASSWORD_HASHES_RUNNING: Final = Series(
    name="dragoman_password_hashes_running",
    kind=Kind.GAUGE,
    meaning="Password hashes that are being computed, or wait for another worker's to be done.",
)
PASSWORD_HASHES_WAITING: Final = Series(
    name="dragoman_password_hashes_waiting",
    kind=Kind.GAUGE,
    meaning="Password hashes that wait for a slot.",
)
PASSWORD_HASHES_SHED: Final = Series(
    name="dragoman_password_hashes_shed_total",
    kind=Kind.COUNTER,
    meaning="Password hashes that were refused because too many waited.",
)
PASSWORD_HASHES_ABANDONED: Final = Series(
    name="dragoman_password_hashes_abandoned_total",
    kind=Kind.COUNTER,
    meaning="Password hashes that were not computed because the client hung up while it waited.",
)
STORE_WRITABLE: Final = Series(
    name="dragoman_store_writable",
    kind=Kind.GAUGE,
    meaning="1 while every worker can write to the database, else 0; tried every 5 seconds.",
    initial=1.0,
    least=True,
)
AUDIT_WRITABLE: Final = Series(
    name="dragoman_audit_writable",
    kind=Kind.GAUGE,
    meaning="1 while every worker can write its audit, else 0; tried when there is something to write.",
    initial=1.0,
    least=True,
)
AUDIT_WAITING: Final = Series(
    name="dragoman_audit_events_waiting",
    kind=Kind.GAUGE,
    meaning="Audit events that are in memory and not written yet.",
)
AUDIT_LOST: Final = Series(
    name="dragoman_audit_events_lost_total",
    kind=Kind.COUNTER,
    meaning="Audit events for which there was no room while the audit could not be written.",
)
COUNTED: Final = (
    GRANT_REVOCATIONS,
    TOKEN_RESPONSES,
    REQUEST_DURATION,
    GUESSES_HELD,
    THROTTLE_ALARMS,
    CONNECTIONS_ENDED,
    PASSWORD_HASHES_RUNNING,
    PASSWORD_HASHES_WAITING,
    PASSWORD_HASHES_SHED,
    PASSWORD_HASHES_ABANDONED,
    STORE_WRITABLE,
    AUDIT_WRITABLE,
    AUDIT_WAITING,
    AUDIT_LOST,
)
"""Those that workers count."""
WIDTHS: Final = {series.name: series.width for series in COUNTED}

WORKERS: Final = Series(
    name="dragoman_workers",
    kind=Kind.GAUGE,
    meaning="Processes that answer, or finish what they do.",
)
BUILD_INFO: Final = Series(
    name="dragoman_build_info",
    kind=Kind.GAUGE,
    meaning="Always 1; the label tells the version.",
    labels=("version",),
)
ALL: Final = (*COUNTED, WORKERS, BUILD_INFO)

LABELS: Final = {
    "client": f"the id of a registered client; at most {MOST_CLIENTS} of them, then `other`",
    "reason": "`refresh_token_reuse`, `revoked_by_client`, `signed_out_by_bearer`, else `other`",
    "looked_like_retry": "`yes` or `no` where a spent refresh token came back, else `not_applicable`",
    "dialect": "the name of a mounted dialect",
    "grant_type": "a grant type that this server has, else `other`",
    "outcome": "`ok`, or the name of the refusal",
    "endpoint": "`token`, `introspection`, `revocation`, `key`, `jwks`, `metadata` or `resource`",
    "held": "`account`, `address`, or `busy` where too many were being checked at once",
    "alarm": "`address_throttled`, `account_closed_to_strangers` or `client_guessed_at`",
    "because": "`silent`, `slow_head`, `slow_body`, `unread`, `unacceptable`, `made_room` or `address_has_too_many`",
    "version": "the version of Dragoman",
}
"""What each label can say. None of it is text that a request brought along."""
