"""The tracing of a server, as the configuration has it: none, unless a collector is named."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from dragoman.core.errors import Fault
from dragoman.telemetry.tracing import Tracing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dragoman.config.settings import Configuration
    from dragoman.core.ports import Audit
    from dragoman.http.log import Log


_UNUSABLE = (ValueError, LookupError, OSError)


class TelemetryFault(Fault):
    """Traces are configured and cannot be made."""


def refuse_missing(configuration: Configuration) -> None:
    """Raises TelemetryFault where traces are configured and cannot be made."""
    if configuration.telemetry.endpoint is not None:
        _check_installed()


def _check_installed() -> None:
    """Raises TelemetryFault where the packages of the extra are missing."""
    try:
        import dragoman.telemetry.spans  # noqa: F401, PLC0415 (nobody else pays for it)
    except ImportError as error:
        raise TelemetryFault(
            f"telemetry.endpoint is set, but what sends traces is not installed ({error.name or error}); "
            "install dragoman[telemetry], or take the setting out"
        ) from None
    except _UNUSABLE as error:
        raise _variable_fault(error) from None


def _variable_fault(error: Exception) -> TelemetryFault:
    """Of what the library read from the environment; values may be secrets and are not repeated."""
    kind = type(error).__name__
    return TelemetryFault(f"a variable of OpenTelemetry's (OTEL_…) cannot be used ({kind}); mend or unset it")


def open_tracing(configuration: Configuration, audit: Audit, grant_types: Iterable[str], log: Log) -> Tracing | None:
    """What makes spans, to be closed at the end; None where no collector is named. Raises TelemetryFault."""
    table = configuration.telemetry
    if table.endpoint is None:
        return None
    from dragoman.telemetry.spans import Collector, Spans  # noqa: PLC0415 (nobody else pays for it)

    collector = Collector(
        endpoint=table.endpoint,
        service_name=table.service_name,
        sample_ratio=table.sample_ratio,
        queue=table.queue,
    )
    try:
        spans = Spans(collector, log, random.random)
    except _UNUSABLE as error:
        raise _variable_fault(error) from None
    return Tracing(spans, audit, grant_types, log, addresses=table.addresses)
