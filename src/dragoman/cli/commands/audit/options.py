"""Where the commands of `dragoman audit` read, and which lines they are asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dragoman.audit.reading import Named, Wanted, read_folder, read_stream
from dragoman.cli.terminal.arguments import read_age
from dragoman.config.reading import read_configuration
from dragoman.core.errors import Fault
from dragoman.wiring.parts import epoch_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.audit.reading import Record
    from dragoman.config.settings import Configuration

Command = Callable[..., Any]

log_option = click.option(
    "--log",
    "log",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help='Read the audit from the lines of this log (audit.to = "log"); - reads standard input.',
)


class Asked(Named, frozen=True, kw_only=True):
    """The command line of `search` and `export`, read."""

    path: Path
    log: Path | None = None
    reason: str | None = None
    since: str | None = None
    until: str | None = None

    @property
    def wanted(self) -> Wanted:
        """Which lines. Raises Fault for a time that is none."""
        return Wanted(
            **self.named(),
            reason=self.reason,
            since=None if self.since is None else read_moment(self.since),
            until=None if self.until is None else read_moment(self.until),
        )


def filter_options(command: Command) -> Command:
    """Options that say which lines are wanted."""
    options = (
        click.option("--client", metavar="ID", help="Of this client."),
        click.option("--subject", metavar="ID", help="Of the person with this id, as `dragoman user show` tells it."),
        click.option("--grant", metavar="ID", help="Of this session, as `dragoman token list` shows it."),
        click.option("--address", metavar="IP", help="From this address."),
        click.option("--request", "request_id", metavar="ID", help="Of the request that the log calls so."),
        click.option("--event", "outcome", metavar="NAME", help="Of this kind: token_issued, token_refused …"),
        click.option("--reason", metavar="NAME", help="With this refusal, or this reason why a session ended."),
    )
    for option in reversed(options):
        command = option(command)
    return period_options(command)


def period_options(command: Command) -> Command:
    """Options that say from when to when, and from where."""
    when = "an age (30m, 12h, 7d) or a time (2026-11-22T05:00Z)"
    options = (
        click.option("--since", metavar="TIME", help=f"From then on: {when}."),
        click.option("--until", metavar="TIME", help=f"Until then: {when}."),
        log_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


def read_moment(text: str) -> float:
    """Epoch seconds of a time, or of so long ago. A time without a zone is UTC. Raises Fault."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return epoch_seconds() - read_age(text)
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


def audit_folder(configuration: Configuration) -> Path:
    """Where the files of the audit are. Raises Fault where there are none."""
    table = configuration.audit
    if table.to == "log":
        raise Fault('the audit is among the lines of the log (audit.to = "log"); name the log with --log')
    folder = configuration.path(table.files)
    if not folder.is_dir():
        raise Fault(f"there is no audit at {folder}; it begins with the first event, or with the first command")
    return folder


@contextmanager
def opened_log(log: Path) -> Iterator[Iterator[bytes]]:
    """The lines of a log, or of standard input where it is `-`, until the block ends. Raises Fault."""
    if str(log) == "-":
        yield iter(sys.stdin.buffer)
        return
    try:
        with log.open("rb") as file:
            yield iter(file)
    except OSError as error:
        raise Fault(f"the log {log} cannot be read: {error.strerror}") from None


@contextmanager
def reading_folder(folder: Path) -> Iterator[None]:
    """Whatever keeps files from being read is told as a Fault."""
    try:
        yield
    except OSError as error:
        raise Fault(f"the audit in {folder} cannot be read: {error.strerror or error}") from None


def records_of(asked: Asked) -> Iterator[Record]:
    """The lines that are asked for, by time. Raises Fault."""
    if asked.log is not None:
        with opened_log(asked.log) as lines:
            yield from read_stream(lines, asked.wanted)
        return
    folder = audit_folder(read_configuration(asked.path))
    with reading_folder(folder):
        yield from read_folder(folder, asked.wanted)
