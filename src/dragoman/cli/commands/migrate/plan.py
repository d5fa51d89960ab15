"""What `dragoman migrate plan` tells: what was found, what has to be decided, what cannot come along, and the steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from dragoman.cli.commands.migrate.steps import Step, steps_of
from dragoman.cli.terminal.showing import printable
from dragoman.importing.outcome import UNFINISHED
from dragoman.importing.survey import Found, split_withheld

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Mapping

    from dragoman.cli.commands.migrate.steps import Move
    from dragoman.importers.kind import Cutover
    from dragoman.importing.permissions import Withheld
    from dragoman.importing.tally import Summary

_SHOWN = 8
"""Of a list of names in one line."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What comes in only if somebody says so."""

    option: str
    """Of `dragoman import`."""
    what: str
    rows: int
    """From how many rows it is withheld without the option."""


class Obstacle(msgspec.Struct, frozen=True, kw_only=True):
    """Why rows cannot come in as they are."""

    why: str
    rows: int


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A planned cut-over, as `migrate plan` prints it."""

    source: str
    dialects: tuple[str, ...]
    """Those that were planned with."""
    fitting_dialects: tuple[str, ...]
    """Those that clients of such a server may speak, the likeliest first."""
    found: Found
    would: dict[str, dict[str, int]]
    """By kind of row: how many an import without further options would create, find equal, refuse …"""
    decisions: tuple[Decision, ...]
    obstacles: tuple[Obstacle, ...]
    left_behind: dict[str, int]
    """What has no place here, and of how many rows."""
    steps: tuple[Step, ...]
    finished: bool
    """Whether all rows could come in."""


def plan_of(move: Move, cutover: Cutover, found: Found, summary: Summary, withheld: Counter[Withheld]) -> Plan:
    """The plan of a move: what a dry run found, would change and withheld, then the steps to go."""
    decisions, left_behind = split_withheld(withheld)
    return Plan(
        source=summary.source,
        dialects=move.dialects or ("standard",),
        fitting_dialects=cutover.dialects,
        found=found,
        would=summary.counts,
        decisions=tuple(Decision(option=option, what=what, rows=rows) for option, (what, rows) in decisions.items()),
        obstacles=tuple(
            Obstacle(why=why, rows=rows)
            for reasons in (summary.reasons.get(one, {}) for one in UNFINISHED)
            for why, rows in reasons.items()
        ),
        left_behind=dict(left_behind),
        steps=steps_of(move, cutover),
        finished=summary.finished and not decisions,
    )


def print_plan(plan: Plan) -> None:
    """Print the plan for a person; it can be kept as a text file."""
    for line in _lines(plan):
        click.echo(printable(line))


def _lines(plan: Plan) -> Iterator[str]:
    yield f"Moving from {plan.source}"
    yield ""
    yield "Found"
    yield from _found(plan.found)
    yield ""
    yield "Comes along, by an import without further options"
    for kind, counts in plan.would.items():
        yield f"  {kind}: " + ", ".join(f"{count:,} {result}" for result, count in counts.items())
    for heading, rows in (
        ("To decide: comes in only with the option", [_decided(one) for one in plan.decisions]),
        ("Cannot come in as it is", [f"{one.rows:,}: {one.why}" for one in plan.obstacles]),
        ("Stays behind", [f"{rows:,}: {what}" for what, rows in plan.left_behind.items()]),
    ):
        if rows:
            yield ""
            yield heading
            yield from (f"  {row}" for row in rows)
    for number, step in enumerate(plan.steps, 1):
        yield ""
        yield f"[ ] {number}. {step.title}"
        yield from (f"    - {sentence}" for sentence in step.text)
        yield from (f"      {command}" for command in step.commands)


def _decided(one: Decision) -> str:
    return f"{one.option}  ({one.rows:,}: {one.what})"


def _found(found: Found) -> Iterator[str]:
    yield f"  {found.clients:,} clients{_listed(found.clients_by_grant_type)}"
    yield from _more("    secrets", found.clients_by_secret)
    yield from _more("    scopes", found.scopes)
    if found.disabled_clients:
        yield f"    disabled: {found.disabled_clients:,}"
    yield f"  {found.accounts:,} accounts"
    yield from _more("    password hashes", found.accounts_by_hash)
    yield from _more("    states", found.accounts_by_state)
    yield from _more("  authorities", found.authorities)
    if found.unreadable:
        yield f"  {found.unreadable:,} rows that cannot be read"
    for why, rows in found.passed_over.items():
        yield f"  {rows:,} rows without a meaning here: {why}"


def _more(label: str, counts: Mapping[str, int]) -> Iterator[str]:
    if counts:
        yield label + _listed(counts)


def _listed(counts: Mapping[str, int]) -> str:
    if not counts:
        return ""
    told = [f"{name} {count:,}" for name, count in list(counts.items())[:_SHOWN]]
    more = [f"and {len(counts) - _SHOWN} more"] if len(counts) > _SHOWN else []
    return ": " + ", ".join([*told, *more])
