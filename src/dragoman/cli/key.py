"""`dragoman key`: signing keys and the others, shown without a byte of them, and changed with overlap."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dragoman.cli.announcing import tell_of_keys
from dragoman.cli.configured import config_option, json_option
from dragoman.cli.operating import recorded
from dragoman.cli.showing import print_json, print_table, told_time, warn
from dragoman.config.reading import read_configuration
from dragoman.config.settings import Configuration
from dragoman.core.errors import Fault
from dragoman.parts import epoch_seconds, load_dialects, needed_algorithms
from dragoman.tokens.brought_keys import Terms, bring_key
from dragoman.tokens.key_files import read_keys, read_private_file
from dragoman.tokens.keyring import Keyring, add_key, describe, public_jwks, retire_key
from dragoman.tokens.keys import ALGORITHMS, NEVER_ROTATED, SHARED_KEY_ALGORITHMS, Purpose, verification_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.tokens.keys import Key

_ROTATED = [purpose.value for purpose in Purpose if purpose not in NEVER_ROTATED]
_OVERLAP = 600
_LEAST_NOTICE = 3
"""Seconds. All processes of a server look for new keys once a second; none may sign before the others can check."""
_LONGEST = 2**31


@click.group("key", short_help="List, rotate, bring and retire keys; show the public ones.", no_args_is_help=True)
def command() -> None:
    """List, rotate, bring and retire keys, and show the public ones.

    The youngest key whose time has come makes tokens; older ones are accepted until they retire. A running server
    takes changes over by itself, within seconds.
    """


@command.command("list", short_help="List all keys, without a byte of them.")
@json_option
@config_option
def list_(path: Path, *, as_json: bool) -> None:
    r"""List all keys with their purpose, algorithm, times and state, without a byte of them.

    \b
    dragoman key list
    dragoman key list --json
    """
    described = describe(_keyring(_folder(read_configuration(path))), epoch_seconds())
    if as_json:
        print_json(described)
        return
    rows = (
        (one.purpose, one.algorithm, one.state, one.kid, told_time(one.active_from), told_time(one.retires_at))
        for one in described
    )
    print_table(("purpose", "algorithm", "state", "key id", "active from", "retires at"), rows)


@command.command("rotate", short_help="Make a key that takes over later.")
@click.argument("purpose", type=click.Choice(_ROTATED), default=Purpose.ACCESS.value)
@click.option(
    "--algorithm",
    type=click.Choice(ALGORITHMS[Purpose.ACCESS]),
    help="Of a key for access tokens; without it, the setting signing_algorithm.",
)
@click.option(
    "--active-in",
    type=click.IntRange(0, _LONGEST),
    metavar="SECONDS",
    help=f"When it takes over, {_LEAST_NOTICE} at least. Without it, in {_OVERLAP}; at once where no key is in force.",
)
@json_option
@config_option
def rotate(purpose: str, algorithm: str | None, active_in: int | None, path: Path, *, as_json: bool) -> None:
    r"""Make a further key for PURPOSE: access (the default), refresh or seal.

    The time until it takes over is for every server to read it, and for caches of the public keys to expire (five
    minutes).

    \b
    dragoman key rotate
    dragoman key rotate access --algorithm RS256 --active-in 3600
    dragoman key rotate refresh
    """
    configuration = read_configuration(path)
    kind = Purpose(purpose)
    chosen = _algorithm(configuration, kind, algorithm)
    folder, now = _folder(configuration), epoch_seconds()
    before = _keyring(folder).find_signing_key(kind, chosen, now)
    active_from = now + (active_in if active_in is not None else 0 if before is None else _OVERLAP)
    if before is not None:  # of two that begin in one second, chance would decide
        active_from = max(active_from, now + _LEAST_NOTICE, before.active_from + 1)
    with recorded(configuration, purpose=purpose, algorithm=chosen, active_from=active_from) as act:
        kid = add_key(folder, kind, chosen, now, active_from)
        act.tell(kid=kid)
    tell_of_keys(configuration)
    if as_json:
        print_json({"kid": kid, "purpose": purpose, "algorithm": chosen, "active_from": active_from})
        return
    click.echo(f"key {kid} for {purpose} ({chosen}) takes over at {told_time(active_from)}")
    click.echo("A running server reads it by itself, within seconds. Leave time for caches of the public keys.")
    if before is not None:
        click.echo(f"When the last token of the old one has expired: dragoman key retire {before.kid} --in 0")


@command.command("retire", short_help="Refuse the tokens of a key from some time on.")
@click.argument("kid")
@click.option(
    "--in", "seconds", type=click.IntRange(0, _LONGEST), required=True, metavar="SECONDS", help="From when on."
)
@config_option
def retire(kid: str, seconds: int, path: Path) -> None:
    r"""Refuse the tokens of the key KID from some time on. The last key that is needed cannot retire.

    \b
    dragoman key retire 3vhL0sXlmxxRfpEE4DRYQ --in 86400
    """
    configuration = read_configuration(path)
    folder, now = _folder(configuration), epoch_seconds()
    _refuse_last(configuration, read_keys(folder), kid, now + seconds)
    with recorded(configuration, kid=kid, retires_at=now + seconds):
        retire_key(folder, kid, now + seconds, now)
    tell_of_keys(configuration)
    click.echo(f"key {kid} retires at {told_time(now + seconds)}")


@command.command("show-public", short_help="Print the public keys of access tokens.")
@click.argument("kid", required=False)
@click.option("--pem", is_flag=True, help="As PEM instead of a JWK set.")
@config_option
def show_public(kid: str | None, path: Path, *, pem: bool) -> None:
    r"""Print the public keys of access tokens as a JWK set (RFC 7517), all or the one named KID. Shared keys never.

    \b
    dragoman key show-public
    dragoman key show-public 3vhL0sXlmxxRfpEE4DRYQ --pem > api-key.pem
    """
    keyring, now = _keyring(_folder(read_configuration(path))), epoch_seconds()
    chosen = [jwk for jwk in public_jwks(keyring, now)["keys"] if kid in (None, jwk["kid"])]
    if not chosen:
        raise Fault(f"there is no public key {kid or ''} in force; `dragoman key list` shows all")
    if not pem:
        print_json({"keys": chosen})
        return
    kids = {jwk["kid"] for jwk in chosen}
    for key in keyring.keys:
        if key.kid in kids and key.algorithm not in SHARED_KEY_ALGORITHMS:
            click.echo(verification_text(key), nl=False)


@command.command("import", short_help="Bring the key that another server signed with.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--kid", metavar="KID", help="The old server's name for it, which its tokens bear; without, a new one.")
@click.option(
    "--active-in",
    type=click.IntRange(0, _LONGEST),
    default=_LEAST_NOTICE,
    show_default=True,
    metavar="SECONDS",
    help="When it takes over from the key of its algorithm.",
)
@click.option("--weak", is_flag=True, help="Let in a shared key of fewer than 256 bits; `dragoman doctor` warns of it.")
@json_option
@config_option
def import_(  # noqa: PLR0913 (each is an option)
    file: Path, kid: str | None, active_in: int, path: Path, *, weak: bool, as_json: bool
) -> None:
    r"""Bring the key of FILE that another server signed access tokens with, so that APIs need not learn of a new one.

    FILE is a private key as PEM (RSA, P-256, Ed25519), or a line with a shared key; readable by its owner alone. What
    is mounted and signs with its algorithm uses it. Later, `dragoman key rotate` takes over from it with overlap.

    \b
    dragoman key import storage/oauth-private.key
    dragoman key import jwt-signing-key.txt --kid legacy --weak
    """
    configuration = read_configuration(path)
    folder, now = _folder(configuration), epoch_seconds()
    terms = Terms(kid=kid, active_from=now + active_in, weak=weak)
    with recorded(configuration, file=str(file), weak="yes" if weak else "no") as act:
        key = bring_key(folder, read_private_file(file), terms, now)
        act.tell(kid=key.kid, algorithm=key.algorithm)
    tell_of_keys(configuration)
    _algorithm(configuration, Purpose.ACCESS, key.algorithm)
    if key.weak:
        warn(f"key {key.kid} is weak: have the APIs learn a better one, and retire it")
    if as_json:
        print_json({"kid": key.kid, "algorithm": key.algorithm, "active_from": key.active_from, "weak": key.weak})
        return
    click.echo(f"key {key.kid} ({key.algorithm}) takes over at {told_time(key.active_from)}")


def _folder(configuration: Configuration) -> Path:
    return configuration.path(configuration.keys)


def _keyring(folder: Path) -> Keyring:
    """The keys as they lie there, also where a server would refuse to start with them. Raises KeyFault."""
    return Keyring(keys=read_keys(folder), access_keys={})


def _algorithm(configuration: Configuration, purpose: Purpose, given: str | None) -> str:
    if purpose is Purpose.ACCESS:
        algorithm = given or configuration.signing_algorithm
        if algorithm not in needed_algorithms(configuration, load_dialects(configuration)):
            warn(f"nothing that is mounted signs with {algorithm}; the key will wait for something that does")
        return algorithm
    if given is not None:
        raise click.UsageError(f"keys for {purpose.value} have one algorithm; take --algorithm out")
    return ALGORITHMS[purpose][0]


def _refuse_last(configuration: Configuration, keys: Sequence[Key], kid: str, moment: int) -> None:
    """Raises Fault where a mounted dialect would be left without a key to sign with."""
    leaving = next((key for key in keys if key.kid == kid and key.purpose is Purpose.ACCESS), None)
    if leaving is None:
        return
    others = (key for key in keys if key.purpose is Purpose.ACCESS and key.kid != kid)
    needed = needed_algorithms(configuration, load_dialects(configuration))
    if leaving.algorithm in needed and not any(
        key.algorithm == leaving.algorithm and key.may_sign(moment) for key in others
    ):
        raise Fault(
            f"key {kid} is the last {leaving.algorithm} key, which {needed[leaving.algorithm]} needs; "
            f"run `dragoman key rotate access --algorithm {leaving.algorithm}` first"
        )
