"""What `dragoman doctor` looks at in traces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.cli.commands.doctor.finding import Finding, fault_found, ok
from dragoman.wiring.telemetry import TelemetryFault, refuse_missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.config.settings import Configuration


def check_telemetry(configuration: Configuration) -> Iterator[Finding]:
    """Whether what sends traces is installed; nothing where no collector is named."""
    endpoint = configuration.telemetry.endpoint
    if endpoint is None:
        return
    try:
        refuse_missing(configuration)
    except TelemetryFault as fault:
        yield fault_found("telemetry", fault)
    else:
        yield ok("telemetry", f"spans go to {endpoint}; whether they arrive, the log of the server says")
