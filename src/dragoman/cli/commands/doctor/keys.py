"""What `dragoman doctor` looks at in the keys, and the clock that they are judged by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.cli.commands.doctor.finding import Finding, fault_found, ok, problem, warning
from dragoman.cli.terminal.showing import told_time
from dragoman.core.errors import Fault
from dragoman.tokens.access_tokens.jwt import algorithm_of
from dragoman.tokens.key_files import read_keys
from dragoman.tokens.keys import NEVER_ROTATED, Purpose
from dragoman.wiring.parts import needed_algorithms, read_keyring, server_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from dragoman.config.settings import Configuration
    from dragoman.core.model import Client
    from dragoman.dialects.dialect import Dialect
    from dragoman.tokens.keyring import Keyring
    from dragoman.tokens.keys import Key

_SOON = 7 * 86400
_OLD = 366 * 86400
_SHOWN = 5


def check_keys(configuration: Configuration, dialects: Mapping[str, Dialect], now: int) -> Iterator[Finding]:
    """Whether they can be trusted and used, and whether what is mounted has those it needs."""
    folder = configuration.path(configuration.keys)
    try:
        keyring = read_keyring(folder)
    except Fault as fault:
        yield fault_found("keys", fault)
        return
    findings = [
        finding
        for algorithm, who in needed_algorithms(configuration, dialects).items()
        for finding in _check_algorithm(keyring, algorithm, who, now)
    ]
    findings += _check_ages(keyring, now)
    findings += _check_strength(keyring, now)
    retiring = [key for key in keyring.keys if key.retires_at is not None and key.is_good(now)]
    told = f", {len(retiring)} of them retiring" if retiring else ""
    yield from findings or [ok("keys", f"{folder}: {len(keyring.keys)} keys{told}, all that is mounted can sign")]


def _check_algorithm(keyring: Keyring, algorithm: str, who: str, now: int) -> Iterator[Finding]:
    if keyring.find_signing_key(Purpose.ACCESS, algorithm, now) is None:
        remedy = f"run `dragoman key rotate access --algorithm {algorithm}`"
        yield problem("keys", f"{who} needs an {algorithm} key, and none is in force", remedy)
    elif keyring.find_signing_key(Purpose.ACCESS, algorithm, now + _SOON) is None:
        remedy = f"run `dragoman key rotate access --algorithm {algorithm}` in time"
        yield warning("keys", f"the last {algorithm} key, which {who} needs, retires within seven days", remedy)


def _check_ages(keyring: Keyring, now: int) -> Iterator[Finding]:
    """A key that makes tokens for years has been in many backups."""
    for key in keyring.keys:
        if key.purpose in NEVER_ROTATED or key.active_from > now - _OLD:
            continue
        if keyring.find_signing_key(key.purpose, key.algorithm, now, key.audience) == key:
            whom = f" for {', '.join(key.audience)}" if key.audience else ""
            text = f"the {key.algorithm} key for {key.purpose} makes tokens{whom} since {told_time(key.active_from)}"
            yield warning("keys", text, f"run `{_rotation(key)}`")


def _rotation(key: Key) -> str:
    """The command that makes the key to take over from this one."""
    algorithm = f" --algorithm {key.algorithm}" if key.purpose is Purpose.ACCESS else ""
    return f"dragoman key rotate {key.purpose}{algorithm}" + "".join(f" --audience {name}" for name in key.audience)


def _check_strength(keyring: Keyring, now: int) -> Iterator[Finding]:
    """Keys of other servers that were let in although others may find them out."""
    for key in keyring.keys:
        if key.weak and key.is_good(now):
            text = f"the shared key {key.kid} has fewer than 256 bits: whoever has a token of it can find it out"
            yield warning("keys", text, f"run `{_rotation(key)}`, tell the APIs, and retire it")


def check_audiences(
    configuration: Configuration, dialects: Mapping[str, Dialect], clients: Iterable[Client], now: int
) -> Iterator[Finding]:
    """Whether keys that name audiences make any tokens, and all of theirs: a misspelt name makes none, in silence."""
    named = [key for key in read_keys(configuration.path(configuration.keys)) if key.audience and key.is_good(now)]
    if not named:
        return
    server, default = server_rules(configuration), configuration.signing_algorithm
    signed: set[tuple[str, str]] = set()
    torn: list[str] = []
    for client in clients:
        mounted = (dialect.rules for name, dialect in dialects.items() if name in client.dialects)
        recipes = (server.recipe_for(client, rules) for rules in mounted)
        algorithms = {algorithm_of(recipe, client, default) for recipe in recipes if recipe.format == "jwt"}
        signed |= {(name, algorithm) for name in client.audience for algorithm in algorithms}
        own = [key for key in named if key.algorithm in algorithms and set(key.audience) & set(client.audience)]
        torn += [client.id] if own and not any(key.is_for(client.audience) for key in own) else []
    for key in named:
        for name in key.audience:
            if (name, key.algorithm) not in signed:
                text = f"the key {key.kid} is for {name}, and no client has {key.algorithm} tokens for it"
                yield warning("keys", text, "look at its clients; retire the key, and make the one that is meant")
    if torn:
        more = f" and {len(torn) - _SHOWN} more" if len(torn) > _SHOWN else ""
        text = f"tokens of {', '.join(torn[:_SHOWN])}{more} are for several audiences, and no key names all of them"
        yield warning("keys", f"{text}: the key for all signs them", "make a key that does, or give clients one each")


def check_clock(folder: Path, now: int) -> Iterator[Finding]:
    """Whether it is later than when the newest key was made."""
    try:
        newest = max((key.created_at for key in read_keys(folder)), default=0)
    except Fault:
        return
    if now < newest:
        text = f"this machine's clock says {told_time(now)}, but a key was made at {told_time(newest)}"
        yield problem("clock", text, "set the clock, and keep it right with NTP")
    else:
        yield ok("clock", told_time(now))
