"""The page of all metrics, made from `dragoman.metrics.series`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.metrics.counting import REASONS
from dragoman.metrics.series import ALL, BOUNDS, LABELS, Kind
from making.markdown import block, code, codes, page, table

if TYPE_CHECKING:
    from dragoman.metrics.series import Series

_INTRODUCTION = """\
<!-- Made by docs/make.py from src/dragoman/metrics/series.py; do not edit. -->

Dragoman counts for Prometheus where a port is set, and nowhere else:"""

_SETTING = """\
[metrics]
host = "127.0.0.1"
port = 9464"""

_LISTENING = """\
`http://127.0.0.1:9464/metrics` then answers with the sums over all workers. It is a port of its own, without TLS and
without a password: let nobody reach it but Prometheus. The public port has no `/metrics`. Beside it this one answers
[`dragoman throttle show`](throttling.md#when-somebody-cannot-log-in), which names counters by digests under a key, and
nothing else.
Another host or port needs a restart.

Counters begin at zero when the server starts. A worker that dies or is replaced, and a reload, do not set them back."""

_LABELS = """\
A label says one of a closed set, or the id of a registered client. Text that a request brought along is never in it,
and neither is a secret, an address or a person."""

_NOTES = """\
- A line with labels appears when it is counted first, so it begins at 1, and `increase()` does not see that one.
- `dragoman_grant_revocations_total` counts what requests to this server ended: a spent refresh token that came back
  (`refresh_token_reuse`), a client that revoked (`revoked_by_client`), a bearer who signed out
  (`signed_out_by_bearer`). What commands end is not in it: `dragoman token report` counts all that is in the database,
  of all servers.
- `looked_like_retry="yes"` is a session that was probably ended by mistake: its refresh token was the immediate
  predecessor of the live one, and came from the same address and the same software, but after the client's grace.
  `dragoman token report --each` shows each of them.
- `dragoman_token_responses_total` counts every answer of a token endpoint, faults (`server_error`) and shed load
  (`temporarily_unavailable`) included. What was refused before its grant type was known is `grant_type="other"`.
- Durations are as the server sees them, with the time that the request's body takes to arrive.
- The numbers of the password hashes and of the audit are told once a second, `dragoman_store_writable` every five
  seconds.
- With `audit.to = "log"` the numbers of the audit say nothing: what the log loses, it tells itself.
- `dragoman_workers` is more than `server.workers` while a reload goes on."""

_ALERTS = """\
groups:
  - name: dragoman
    rules:
      # Sessions that end by mistake: a client whose retries come after its grace. Raise `grace` for that client.
      # The second half of `or` is there for a client that had lost none an hour ago.
      - alert: DragomanFalseAlarms
        expr: |
          sum by (client) (dragoman_grant_revocations_total{reason="refresh_token_reuse", looked_like_retry="yes"})
            - (
              sum by (client) (
                dragoman_grant_revocations_total{reason="refresh_token_reuse", looked_like_retry="yes"} offset 1h
              )
              or 0 * sum by (client) (
                dragoman_grant_revocations_total{reason="refresh_token_reuse", looked_like_retry="yes"}
              )
            ) >= 5
        labels:
          severity: ticket
        annotations:
          summary: "{{ $labels.client }} lost {{ $value }} sessions in an hour to retries that came too late"
      # The others: somebody else has refresh tokens of this client.
      - alert: DragomanStolenRefreshTokens
        expr: |
          sum by (client) (dragoman_grant_revocations_total{reason="refresh_token_reuse", looked_like_retry="no"})
            - (
              sum by (client) (
                dragoman_grant_revocations_total{reason="refresh_token_reuse", looked_like_retry="no"} offset 1h
              )
              or 0 * sum by (client) (
                dragoman_grant_revocations_total{reason="refresh_token_reuse", looked_like_retry="no"}
              )
            ) >= 1
        labels:
          severity: page
        annotations:
          summary: "spent refresh tokens of {{ $labels.client }} come from elsewhere"
      - alert: DragomanStoreNotWritable
        expr: dragoman_store_writable == 0
        for: 1m
        labels:
          severity: page
        annotations:
          summary: "no token can be issued: the database takes no writes"
      # Tokens are issued all the same; what waits is kept within a bound, and what is lost is counted.
      - alert: DragomanAuditNotWritten
        expr: dragoman_audit_writable == 0
        for: 1m
        labels:
          severity: page
        annotations:
          summary: "the audit cannot be written; commands that change something are refused"
      - alert: DragomanSheddingLogins
        expr: rate(dragoman_password_hashes_shed_total[5m]) > 0
        for: 5m
        labels:
          severity: ticket
        annotations:
          summary: "log-ins are refused with 503: too many passwords at once\""""

_ALERTS_NOTE = """\
The sums go over all servers that Prometheus asks. For an hour after a restart the differences are too small, or even
negative: an alert may come late, but none comes by mistake."""


def make_metrics() -> str:
    """The page."""
    ranges = ", ".join(f"{bound:g}" for bound in BOUNDS)
    return page(
        "# Metrics",
        _INTRODUCTION,
        block(_SETTING, "toml"),
        _LISTENING,
        "## All of them",
        table(("metric", "kind", "labels", "meaning"), map(_row, ALL)),
        f"The upper ends of the ranges of durations, in seconds: {ranges}.",
        _LABELS,
        table(("label", "says"), ((code(name), meaning) for name, meaning in LABELS.items())),
        "## What to know",
        _NOTES,
        "## Alerts",
        block(_ALERTS, "yaml"),
        _ALERTS_NOTE,
    )


def unexplained() -> frozenset[str]:
    """Labels, and reasons of the end of a grant, that the page says nothing of."""
    labels = {label for series in ALL for label in series.labels}
    return frozenset((labels ^ LABELS.keys()) | {reason for reason in REASONS if code(reason) not in LABELS["reason"]})


def _row(series: Series) -> tuple[str, str, str, str]:
    kind = f"{series.kind} (seconds)" if series.kind is Kind.HISTOGRAM else str(series.kind)
    return code(series.name), kind, codes(series.labels), series.meaning
