"""Keys that take over: made here, or brought from another server; for all, or for one audience."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dragoman.cli.operation.acts import recorded
from dragoman.cli.operation.announcing import tell_of_keys
from dragoman.cli.terminal.arguments import names_of
from dragoman.cli.terminal.options import config_option, json_option
from dragoman.cli.terminal.showing import print_json, told_time, warn
from dragoman.config.reading import read_configuration
from dragoman.tokens.brought_keys import Terms, bring_key
from dragoman.tokens.key_files import read_keys, read_private_file
from dragoman.tokens.keyring import add_key, keyring_of
from dragoman.tokens.keys import ALGORITHMS, NEVER_ROTATED, Purpose
from dragoman.wiring.parts import epoch_seconds, load_dialects, needed_algorithms

if TYPE_CHECKING:
    from dragoman.config.settings import Configuration
    from dragoman.tokens.keyring import Keyring
    from dragoman.tokens.keys import Key

LONGEST = 2**31
"""Seconds; the farthest that a time may lie ahead."""
_ROTATED = [purpose.value for purpose in Purpose if purpose not in NEVER_ROTATED]
_OVERLAP = 600
_LEAST_NOTICE = 3
"""Seconds. All processes of a server look for new keys once a second; none may sign before the others can check."""


def _read_names(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(sorted(set(names_of(given))))
    if given and not names:
        raise click.BadParameter("an audience has a name; without the option, the key is for all")
    return names


_audience_option = click.option(
    "--audience",
    multiple=True,
    callback=_read_names,
    metavar="NAME",
    help="Sign access tokens of this audience alone, as clients have it. May be repeated.",
)


@click.command("rotate", short_help="Make a key that takes over later.")
@click.argument("purpose", type=click.Choice(_ROTATED), default=Purpose.ACCESS.value)
@click.option(
    "--algorithm",
    type=click.Choice(ALGORITHMS[Purpose.ACCESS]),
    help="Of a key for access tokens; without it, the setting signing_algorithm.",
)
@_audience_option
@click.option(
    "--active-in",
    type=click.IntRange(0, LONGEST),
    metavar="SECONDS",
    help=f"When it takes over, {_LEAST_NOTICE} at least. Without it, in {_OVERLAP}; at once where no key is in force.",
)
@json_option
@config_option
def rotate(  # noqa: PLR0913 (each is an option)
    purpose: str, algorithm: str | None, audience: tuple[str, ...], active_in: int | None, path: Path, *, as_json: bool
) -> None:
    """Make a further key for PURPOSE: access (the default), refresh or seal.

    The time until it takes over is for every server to read it, and for caches of the public keys to expire (five
    minutes). With --audience it takes over for that alone: the tokens of all others stay with the keys they have.

    \b
    dragoman key rotate
    dragoman key rotate access --algorithm RS256 --active-in 3600
    dragoman key rotate access --audience https://orders.example.com
    dragoman key rotate refresh
    """
    configuration = read_configuration(path)
    kind = Purpose(purpose)
    if audience and kind is not Purpose.ACCESS:
        raise click.UsageError(f"keys for {purpose} are for this server alone; take --audience out")
    chosen = _algorithm(configuration, kind, algorithm)
    folder, now = configuration.path(configuration.keys), epoch_seconds()
    keyring = keyring_of(read_keys(folder))
    before = keyring.find_signing_key(kind, chosen, now, audience)
    active_from = now + (active_in if active_in is not None else 0 if before is None else _OVERLAP)
    if before is not None:  # of two that begin in one second, chance would decide
        active_from = max(active_from, now + _LEAST_NOTICE, before.active_from + 1)
    named = " ".join(audience) or None
    with recorded(configuration, purpose=purpose, algorithm=chosen, active_from=active_from, audience=named) as act:
        kid = add_key(folder, kind, chosen, now, active_from, audience=audience)
        act.tell(kid=kid)
    tell_of_keys(configuration)
    if as_json:
        told = {"kid": kid, "purpose": purpose, "algorithm": chosen, "audience": audience, "active_from": active_from}
        print_json(told)
        return
    click.echo(f"key {kid} for {purpose} ({chosen}) takes over at {told_time(active_from)}{for_whom(audience)}")
    click.echo("A running server reads it by itself, within seconds. Leave time for caches of the public keys.")
    _tell_of_others(keyring, before, audience, now)


@click.command("import", short_help="Bring the key that another server signed with.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--kid", metavar="KID", help="The old server's name for it, which its tokens bear; without, a new one.")
@click.option(
    "--active-in",
    type=click.IntRange(0, LONGEST),
    default=_LEAST_NOTICE,
    show_default=True,
    metavar="SECONDS",
    help="When it takes over from the key of its algorithm.",
)
@_audience_option
@click.option("--weak", is_flag=True, help="Let in a shared key of fewer than 256 bits; `dragoman doctor` warns of it.")
@json_option
@config_option
def import_(  # noqa: PLR0913 (each is an option)
    file: Path, kid: str | None, active_in: int, audience: tuple[str, ...], path: Path, *, weak: bool, as_json: bool
) -> None:
    """Bring the key of FILE that another server signed access tokens with, so that APIs need not learn of a new one.

    FILE is a private key as PEM (RSA, P-256, Ed25519), or a line with a shared key; readable by its owner alone. What
    is mounted and signs with its algorithm uses it. Later, `dragoman key rotate` takes over from it with overlap.

    With --audience it is that API's own: no other's tokens are signed with it, nor taken for ours if it signed them.

    \b
    dragoman key import storage/oauth-private.key
    dragoman key import jwt-signing-key.txt --kid legacy --weak
    dragoman key import orders-secret.txt --audience https://orders.example.com
    """
    configuration = read_configuration(path)
    folder, now = configuration.path(configuration.keys), epoch_seconds()
    terms = Terms(kid=kid, active_from=now + active_in, weak=weak, audience=audience)
    named = " ".join(audience) or None
    with recorded(configuration, file=str(file), weak="yes" if weak else "no", audience=named) as act:
        key = bring_key(folder, read_private_file(file), terms, now)
        act.tell(kid=key.kid, algorithm=key.algorithm)
    tell_of_keys(configuration)
    _algorithm(configuration, Purpose.ACCESS, key.algorithm)
    if key.weak:
        warn(f"key {key.kid} is weak: have the APIs learn a better one, and retire it")
    if as_json:
        told = {"kid": key.kid, "algorithm": key.algorithm, "audience": audience}
        print_json({**told, "active_from": key.active_from, "weak": key.weak})
        return
    click.echo(f"key {key.kid} ({key.algorithm}) takes over at {told_time(key.active_from)}{for_whom(audience)}")


def for_whom(audience: tuple[str, ...]) -> str:
    """The end of a sentence; nothing where it is for all."""
    return f" for {', '.join(audience)}" if audience else ""


def _tell_of_others(keyring: Keyring, before: Key | None, audience: tuple[str, ...], now: int) -> None:
    """What becomes of the key before, and whom a key for all does not serve."""
    if before is None:
        return
    if audience and not (before.audience and set(before.audience) <= set(audience)):
        click.echo(f"Key {before.kid} goes on making the tokens of the others.")
        return
    click.echo(f"When the last token of the old one has expired: dragoman key retire {before.kid} --in 0")
    alike = (key for key in keyring.keys if key.algorithm == before.algorithm and key.is_good(now))
    apart = sorted({name for key in alike for name in key.audience})
    if apart and not audience:
        click.echo(f"It does not take over where audiences have keys of their own: {', '.join(apart)}")


def _algorithm(configuration: Configuration, purpose: Purpose, given: str | None) -> str:
    if purpose is Purpose.ACCESS:
        algorithm = given or configuration.signing_algorithm
        if algorithm not in needed_algorithms(configuration, load_dialects(configuration)):
            warn(f"nothing that is mounted signs with {algorithm}; the key will wait for something that does")
        return algorithm
    if given is not None:
        raise click.UsageError(f"keys for {purpose.value} have one algorithm; take --algorithm out")
    return ALGORITHMS[purpose][0]


COMMANDS = (rotate, import_)
