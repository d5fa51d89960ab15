"""`dragoman audit verify`: whether every line is there and as it was written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from dragoman.audit.verification import End, Verdict, verify_folder, verify_lines
from dragoman.audit.witness import contradictions, hashes_in, hashes_in_folder, read_noted
from dragoman.cli.commands.audit.options import audit_folder, log_option, opened_log, reading_folder
from dragoman.cli.terminal.options import config_option, json_option
from dragoman.cli.terminal.showing import print_json, printable
from dragoman.config.reading import read_configuration
from dragoman.core.errors import Fault
from dragoman.wiring.parts import read_audit_key

if TYPE_CHECKING:
    from dragoman.audit.verification import Piece
    from dragoman.audit.witness import Noted

_TAMPERED_STATUS = 1


@click.command("verify", short_help="Tell whether every line is there, and as it was written.")
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What an earlier --json printed, or a log with audit_head lines: what was noted there must still be so.",
)
@log_option
@json_option
@config_option
def verify(path: Path, against: Path | None, log: Path | None, *, as_json: bool) -> int:
    """Tell whether every line of the audit is there, as it was written and in its place.

    Exit status 1 if something was changed, put in, moved or taken away, with the file and the line. An end that is
    open cannot be judged by itself: keep what --json prints elsewhere, and hold the audit --against it later.

    \b
    dragoman audit verify
    dragoman audit verify --json > /elsewhere/heads.json
    dragoman audit verify --against /elsewhere/heads.json
    """
    configuration = read_configuration(path)
    key = read_audit_key(configuration)
    noted = {} if against is None else _read_noted(against)
    if log is not None:
        lines = _all_lines(log)
        verdict = _compared(verify_lines(lines, key), noted, hashes_in(lines, noted))
    else:
        folder = audit_folder(configuration)
        with reading_folder(folder):
            verdict = verify_folder(folder, key)
            verdict = _compared(verdict, noted, hashes_in_folder(folder, noted) if noted else {})
    (print_json if as_json else _tell)(verdict)
    return 0 if verdict.sound else _TAMPERED_STATUS


def _all_lines(log: Path) -> list[bytes]:
    with opened_log(log) as lines:
        return [line for line in lines if b'"chain":' in line]


def _read_noted(against: Path) -> Noted:
    try:
        noted = read_noted(against.read_bytes())
    except OSError as error:
        raise Fault(f"{against} cannot be read: {error.strerror}") from None
    if not noted:
        raise Fault(f"in {against} no end of a chain is noted; `dragoman audit verify --json` prints them")
    return noted


def _compared(verdict: Verdict, noted: Noted, found: Noted) -> Verdict:
    return msgspec.structs.replace(verdict, findings=(*verdict.findings, *contradictions(noted, found, verdict)))


def _tell(verdict: Verdict) -> None:
    lines = sum(piece.last - piece.first + 1 for piece in verdict.pieces if piece.last)
    chains = len({piece.chain for piece in verdict.pieces})
    for finding in verdict.findings:
        place = finding.file if finding.line is None else f"{finding.file}, line {finding.line}"
        click.echo(printable(f"{place}: {finding.what}"))
    for piece in verdict.pieces:
        if piece.unjudged is not None:
            click.echo(f"{piece.file}: line {piece.unjudged} cannot be judged, because the one before it is not there")
        if piece.end is not End.SEALED:
            click.echo(printable(f"{piece.file}: {_end(piece)}"))
    click.echo(f"{lines} lines of {chains} chains hold; {_found(len(verdict.findings))}")


def _end(piece: Piece) -> str:
    torn = f", with {piece.torn} bytes of a line that was never finished" if piece.torn else ""
    return f"its end is {piece.end}, after line {piece.last}{torn}"


def _found(findings: int) -> str:
    return "nothing was found" if findings == 0 else f"{findings} finding{'s' if findings > 1 else ''}, told above"
