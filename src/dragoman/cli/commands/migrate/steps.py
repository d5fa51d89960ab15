"""The steps of a cut-over, with the commands of each: the same order for all kinds of servers."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from dragoman.cli.terminal.asking import STANDARD_INPUT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dragoman.importers.kind import Cutover

_FOLDER = "/srv/dragoman"
_CONFIGURATION = f"{_FOLDER}/dragoman.toml"
_OLD = "https://old.example.com"
_NEW = "http://127.0.0.1:8000"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do."""

    title: str
    text: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """From where, and to what."""

    kind: str
    source: str
    """As it was given; `-` is an address on standard input."""
    mapping: Path | None
    dialects: tuple[str, ...]
    paths: tuple[str, ...]
    """Where these dialects expect token requests."""
    exchanges: tuple[str, ...]
    """Of the first dialect's contract: those that one client and one account are enough for."""
    session_format: str | None
    """What its refresh tokens are, where an import lists them."""
    mounted: frozenset[str]
    is_set_up: bool

    def importing(self, *more: str) -> str:
        """The command that imports, without anything privileged."""
        mapping = () if self.mapping is None else ("--mapping", str(self.mapping))
        dialects = [part for name in self.dialects for part in ("--dialect", name)]
        line = shlex.join(["dragoman", "import", self.kind, self.source, *mapping, *dialects, *more])
        return f"{line} < address" if self.source == STANDARD_INPUT else line

    def verifying(self, address: str) -> str:
        """The command that runs a dialect's contract."""
        dialect = self.dialects[0] if self.dialects else "standard"
        who = ("--client-id", "CLIENT", "--client-secret", "-", "--username", "NAME", "--password", "-")
        only = [part for name in self.exchanges for part in ("--only", name)]
        return shlex.join(["dragoman", "verify", "--dialect", dialect, address, *who, *only])


def steps_of(move: Move, cutover: Cutover) -> tuple[Step, ...]:
    """The steps of a move, in the order in which they are to be gone."""
    return tuple(_steps(move, cutover))


def _steps(move: Move, cutover: Cutover) -> Iterator[Step]:
    yield _set_up(move, cutover)
    yield _keys(cutover)
    yield Step(
        title="Import, as often as you like before the switch",
        text=(
            "first see what would happen; then add what was decided above, for each option by itself",
            "once more brings what is new there since, and is harmless; what was changed on both sides is told",
        ),
        commands=(move.importing("--dry-run"), move.importing("--report", "import.jsonl")),
    )
    if move.session_format is not None:
        yield _sessions(move, move.session_format, cutover)
    if cutover.apis:
        yield Step(
            title="Let APIs that share the old database go on",
            text=(*cutover.apis, "the command has that database prepare the statements"),
            commands=("dragoman doctor",),
        )
    yield _rehearse(move)
    yield _switch(move)
    yield Step(
        title="Afterwards",
        text=(*cutover.notes, "look at who is refused, and why, until nobody is"),
        commands=("dragoman audit tail -f", "dragoman token report", "dragoman doctor"),
    )
    yield Step(
        title="The way back",
        text=(
            "point the proxy at the old server again: it was only read, and has all that it had",
            "what happened here since is not there: new passwords, new accounts, and who logged in here logs in again",
            "keep what happened here",
        ),
        commands=("dragoman export after-the-switch.jsonl --with-keys",),
    )


def _keys(cutover: Cutover) -> Step:
    commands = (shlex.join(["dragoman", "key", "import", file]) for file in cutover.key_files)
    return Step(
        title="Bring the keys, or tell the APIs about new ones",
        text=(
            *cutover.keys,
            "an API that checks signatures needs the public keys: the JWKS, or what the command prints",
        ),
        commands=(*commands, "dragoman key show-public"),
    )


def _sessions(move: Move, session_format: str, cutover: Cutover) -> Step:
    return Step(
        title="Let sessions go on, so that nobody has to log in again",
        text=(
            *cutover.sessions,
            f'configure [[former]] with format = "{session_format}", key, cut_over and until (docs/sessions.md)',
        ),
        commands=(move.importing("--sessions", "--dry-run"),),
    )


def _set_up(move: Move, cutover: Cutover) -> Step:
    wanted = move.dialects or ("standard",)
    text = []
    if len(cutover.dialects) > 1:
        text.append(
            f"clients of such a server speak one of: {', '.join(cutover.dialects)}; `dragoman dialect show` tells"
        )
    if not move.dialects and not cutover.dialects:
        text.append("which dialect its clients speak, only you know: `dragoman dialect list`, then --dialect NAME")
    if move.paths:
        text.append(
            f"token requests come to {', '.join(move.paths)}; if yours go elsewhere, say so in `paths` of the mount"
        )
    if move.is_set_up:
        missing = (name for name in wanted if name not in move.mounted)
        text.extend(f'there is no mount of {name} yet: add [[mounts]] with dialect = "{name}"' for name in missing)
        return Step(title="Look at the configuration", text=tuple(text), commands=("dragoman doctor",))
    dialects = [part for name in wanted for part in ("--dialect", name)]
    return Step(
        title="Set the server up",
        text=(*text, "the issuer is the address that clients and APIs know already"),
        commands=(
            shlex.join(["dragoman", "init", _FOLDER, "--issuer", _OLD, *dialects]),
            f"export DRAGOMAN_CONFIG={_CONFIGURATION}",
            "dragoman serve",
        ),
    )


def _rehearse(move: Move) -> Step:
    return Step(
        title="Rehearse: both servers have to give the same answers",
        text=(
            "run the dialect's contract against both, with a client and an account of your own that both have",
            "the old server has to pass too: where it differs, some client may depend on that",
            "it asks at the dialect's own paths: keep them in `paths` of the mount until the switch",
            "without --only all exchanges run: a client that may not do what one wants fails it, at both alike",
            "then stand before the old server for a while, and compare each answer: [mounts.shadow] (docs/shadow.md)",
        ),
        commands=(move.verifying(_OLD), move.verifying(_NEW), "dragoman shadow report"),
    )


def _switch(move: Move) -> Step:
    paths = ", ".join(move.paths) if move.paths else "the token endpoint"
    return Step(
        title="Switch",
        text=(
            "save what is here, import for the last time, then point the proxy at this server",
            f"the proxy sends {paths} to {_NEW}, logs no query, and stands in server.trusted_proxies (docs/proxies.md)",
            "keep the old server: [mounts.bridge] asks it for accounts that no import could bring (docs/bridge.md)",
        ),
        commands=(
            "dragoman backup before-the-switch --with-keys",
            move.importing(*(("--sessions",) if move.session_format else ()), "--report", "last-import.jsonl"),
        ),
    )
