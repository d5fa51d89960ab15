"""`dragoman doctor`: looks at everything a server needs, and says how to mend what is not well."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dragoman.cli.commands.doctor.audit import check_audit
from dragoman.cli.commands.doctor.database import check_database, check_disk
from dragoman.cli.commands.doctor.directory import check_directory
from dragoman.cli.commands.doctor.finding import Finding, State, fault_found, warning
from dragoman.cli.commands.doctor.keys import check_clock, check_keys
from dragoman.cli.commands.doctor.mirror import check_mirror
from dragoman.cli.commands.doctor.network import check_issuer, check_mounts, check_tls
from dragoman.cli.commands.doctor.old_servers import check_old_servers
from dragoman.cli.commands.doctor.passwords import check_guesses, check_hash_memory, check_password_lists
from dragoman.cli.commands.doctor.privacy import check_configuration_file, check_tls_key
from dragoman.cli.commands.doctor.sessions import check_sessions
from dragoman.cli.commands.doctor.shared import check_shared
from dragoman.cli.commands.doctor.telemetry import check_telemetry
from dragoman.cli.commands.doctor.time import check_files
from dragoman.cli.terminal.options import config_option, json_option
from dragoman.cli.terminal.showing import print_json, printable
from dragoman.config.reading import read_configuration
from dragoman.core.errors import Fault
from dragoman.hashing.huge_pages import setting_without_huge_pages
from dragoman.store.backup import reset_time
from dragoman.wiring.failpoints import VARIABLE as FAILPOINTS
from dragoman.wiring.parts import epoch_seconds, load_dialects

if TYPE_CHECKING:
    from collections.abc import Iterator

_STYLES = {State.OK: "green", State.WARNING: "yellow", State.PROBLEM: "red"}


@click.command(
    "doctor",
    short_help="Look whether all is well, and say how to mend what is not.",
    epilog="""\b
Examples:
  dragoman doctor
  dragoman doctor --config /srv/dragoman/dragoman.toml --json
  dragoman doctor --reset-clock

Exit status: 0 when there is no problem, 1 when there is one, 2 when the command was refused. Warnings are no problems.
""",
)
@click.option(
    "--reset-clock",
    is_flag=True,
    help="First forget the latest time that a server noted, if this machine's clock was wrong then and is right now. "
    "Sessions that began or were refreshed after the present time end. Stop the server before.",
)
@json_option
@config_option
@click.pass_context
def command(context: click.Context, path: Path, *, reset_clock: bool, as_json: bool) -> None:
    """Look at all that a server needs, and say how to mend what is not well.

    That is configuration, dialects, keys, clock, database, disk, tokens, the shared server and the throttle's counts in
    it, sessions of a former server, the directory, the mirror, the old server of a bridge or a shadow, lists of refused
    passwords, how often may be guessed, pages of the hashes' memory, audit, open files, TLS, issuer, and exposures.

    Nothing is changed, unless --reset-clock is given. Run it as the account of the server, beside a running one or
    without.
    """
    if reset_clock:
        ended = reset_time(read_configuration(path).location(), epoch_seconds())
        click.echo(f"dragoman: the time is reset; sessions ended: {ended}", err=True)
    findings = list(_examine(path))
    healthy = all(finding.state is not State.PROBLEM for finding in findings)
    if as_json:
        print_json({"healthy": healthy, "findings": findings})
    else:
        for finding in findings:
            _print(finding)
    context.exit(0 if healthy else 1)


def _examine(path: Path) -> Iterator[Finding]:
    try:
        configuration = read_configuration(path)
    except Fault as fault:
        yield fault_found("configuration", fault)
        return
    yield check_configuration_file(path)
    yield from _check_failpoints()
    try:
        dialects = load_dialects(configuration)
    except Fault as fault:
        yield fault_found("dialects", fault)
        return
    now = epoch_seconds()
    yield from check_mounts(configuration, dialects)
    yield from check_keys(configuration, dialects, now)
    yield from check_clock(configuration.path(configuration.keys), now)
    location = configuration.location()
    if isinstance(location, Path):
        yield from check_disk(location)
    yield from check_database(configuration, dialects, now)
    yield from check_sessions(configuration, now)
    yield from check_shared(configuration)
    yield from check_directory(configuration)
    yield from check_mirror(configuration)
    yield from check_old_servers(configuration, now)
    yield from check_telemetry(configuration)
    yield from check_password_lists(configuration)
    yield from check_guesses(configuration)
    yield from check_hash_memory(configuration, setting_without_huge_pages())
    yield check_audit(configuration)
    yield check_files()
    yield from check_tls(configuration, now)
    yield from check_tls_key(configuration)
    yield from check_issuer(configuration)


def _check_failpoints() -> Iterator[Finding]:
    """A server started from this environment would fail on purpose."""
    if os.environ.get(FAILPOINTS):
        yield warning("failpoints", f"{FAILPOINTS} is set: a server fails on purpose", f"unset {FAILPOINTS}")


def _print(finding: Finding) -> None:
    click.secho(f"{finding.state.value:<8}", fg=_STYLES[finding.state], nl=False)
    click.echo(f"{finding.check:<14} {printable(finding.text)}")
    if finding.remedy:
        click.echo(f"{'':<23}{printable(finding.remedy)}")
