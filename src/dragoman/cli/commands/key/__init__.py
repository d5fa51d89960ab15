"""`dragoman key`: signing keys and the others, shown without a byte of them, and changed with overlap."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dragoman.cli.commands.key.making import COMMANDS, LONGEST, for_whom
from dragoman.cli.operation.acts import recorded
from dragoman.cli.operation.announcing import tell_of_keys
from dragoman.cli.terminal.options import config_option, json_option
from dragoman.cli.terminal.showing import print_json, print_table, told_time
from dragoman.config.reading import read_configuration
from dragoman.config.settings import Configuration
from dragoman.core.errors import Fault
from dragoman.tokens.key_files import read_keys
from dragoman.tokens.keyring import describe, keyring_of, retire_key
from dragoman.tokens.keys import SHARED_KEY_ALGORITHMS, Purpose, verification_text
from dragoman.wiring.parts import epoch_seconds, load_dialects, needed_algorithms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.tokens.keyring import Keyring
    from dragoman.tokens.keys import Key


@click.group("key", short_help="List, rotate, bring and retire keys; show the public ones.", no_args_is_help=True)
def command() -> None:
    """List, rotate, bring and retire keys, and show the public ones.

    The youngest key whose time has come makes tokens; older ones are accepted until they retire. An audience that has
    keys of its own is served by these alone. A running server takes changes over by itself, within seconds.
    """


@command.command("list", short_help="List all keys, without a byte of them.")
@json_option
@config_option
def list_(path: Path, *, as_json: bool) -> None:
    """List all keys with their purpose, algorithm, audience, times and state, without a byte of them.

    \b
    dragoman key list
    dragoman key list --json
    """
    described = describe(_keyring(_folder(read_configuration(path))), epoch_seconds())
    if as_json:
        print_json(described)
        return
    rows = (
        (
            one.purpose,
            one.algorithm,
            " ".join(one.audience) or "-",
            one.state,
            one.kid,
            told_time(one.active_from),
            told_time(one.retires_at),
        )
        for one in described
    )
    print_table(("purpose", "algorithm", "audience", "state", "key id", "active from", "retires at"), rows)


@command.command("retire", short_help="Refuse the tokens of a key from some time on.")
@click.argument("kid")
@click.option(
    "--in", "seconds", type=click.IntRange(0, LONGEST), required=True, metavar="SECONDS", help="From when on."
)
@config_option
def retire(kid: str, seconds: int, path: Path) -> None:
    """Refuse the tokens of the key KID from some time on. The last key that is needed cannot retire.

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
    _tell_of_heir(_keyring(folder), kid, now + seconds)


@command.command("show-public", short_help="Print the public keys of access tokens.")
@click.argument("kid", required=False)
@click.option("--pem", is_flag=True, help="As PEM instead of a JWK set.")
@config_option
def show_public(kid: str | None, path: Path, *, pem: bool) -> None:
    """Print the public keys of access tokens as a JWK set (RFC 7517), all or the one named KID. Shared keys never.

    \b
    dragoman key show-public
    dragoman key show-public 3vhL0sXlmxxRfpEE4DRYQ --pem > api-key.pem
    """
    keyring, now = _keyring(_folder(read_configuration(path))), epoch_seconds()
    chosen = [jwk for jwk in keyring.public_jwks(now)["keys"] if kid in (None, jwk["kid"])]
    if not chosen:
        raise Fault(f"there is no public key {kid or ''} in force; `dragoman key list` shows all")
    if not pem:
        print_json({"keys": chosen})
        return
    kids = {jwk["kid"] for jwk in chosen}
    for key in keyring.keys:
        if key.kid in kids and key.algorithm not in SHARED_KEY_ALGORITHMS:
            click.echo(verification_text(key), nl=False)


def _folder(configuration: Configuration) -> Path:
    return configuration.path(configuration.keys)


def _keyring(folder: Path) -> Keyring:
    """The keys as they lie there, also where a server would refuse to start with them. Raises KeyFault."""
    return keyring_of(read_keys(folder))


def _tell_of_heir(keyring: Keyring, kid: str, moment: int) -> None:
    """Whose tokens an API has to know from then on, where it had a key of its own."""
    retired = keyring.access_keys.get(kid)
    if retired is not None and retired.audience:
        heir = keyring.find_signing_key(Purpose.ACCESS, retired.algorithm, moment, retired.audience)
        if heir is not None and not heir.audience:
            click.echo(f"From then on the key for all makes tokens{for_whom(retired.audience)}: {heir.kid}")


def _refuse_last(configuration: Configuration, keys: Sequence[Key], kid: str, moment: int) -> None:
    """Raises Fault where a mounted dialect would be left without a key to sign with, whatever the audience."""
    ours = [key for key in keys if key.purpose is Purpose.ACCESS and not key.audience]
    leaving = next((key for key in ours if key.kid == kid), None)
    if leaving is None:
        return
    others = (key for key in ours if key.kid != kid)
    needed = needed_algorithms(configuration, load_dialects(configuration))
    if leaving.algorithm in needed and not any(
        key.algorithm == leaving.algorithm and key.may_sign(moment) for key in others
    ):
        raise Fault(
            f"key {kid} is the last {leaving.algorithm} key, which {needed[leaving.algorithm]} needs; "
            f"run `dragoman key rotate access --algorithm {leaving.algorithm}` first"
        )


for _one in COMMANDS:
    command.add_command(_one)
