"""The mirror of a server, as the configuration has it."""

from __future__ import annotations

import random
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from dragoman.core.circuit import Circuit
from dragoman.core.errors import OAuthError
from dragoman.core.secret import Secret
from dragoman.core.value import value
from dragoman.elsewhere.faults import ElsewhereFault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from dragoman.config.settings import Configuration
    from dragoman.core.model import TokenId
    from dragoman.core.rules import TokenRecipe
    from dragoman.dialects.dialect import Dialect
    from dragoman.elsewhere.guard import Guard
    from dragoman.http.endpoints import Desk
    from dragoman.http.log import Log
    from dragoman.mirror.database import Database
    from dragoman.mirror.mirror import Statements
    from dragoman.store.store import Store
    from dragoman.wiring.chores import Chore

# ruff: noqa: PLC0415 (who has no mirror needs none of its drivers)

_OF_ROWS = ("token", "grant", "user", "client", "scopes", "issued_at", "expires_at")


@value
class DesksWithMirror:
    """Desks of which some mirror their tokens, and what is to be done beside answering."""

    desks: Sequence[Desk]
    chores: tuple[Chore, ...] = ()
    """For one process of a server."""


@asynccontextmanager
async def opened_mirror(
    configuration: Configuration, desks: Sequence[Desk], store: Store, log: Log
) -> AsyncIterator[DesksWithMirror]:
    """The same desks, with the mirror that is configured, until the block ends. Raises ElsewhereFault."""
    if configuration.mirror.url is None:
        yield DesksWithMirror(desks=desks)
        return
    from dragoman.mirror.mirror import GuardedTable, SqlMirror, Teller

    recipes = _recipes(configuration, [desk.mount.dialect for desk in desks])
    statements = _statements(configuration)
    database = _database(configuration)
    tell = partial(_log, log, "mirror_away", "mirror_back")
    guard = _guard(configuration, configuration.mirror.connections, tell)
    try:
        mirror = SqlMirror(GuardedTable(statements=statements, database=database, guard=guard))
        guard_of_teller = _guard(configuration, 1, lambda _why: None)
        teller = Teller(
            table=GuardedTable(statements=statements, database=database, guard=guard_of_teller),
            untold=store.untold_ends,
            spellings=_spellings([*recipes.values(), *desks[0].server.recipes.values()]),
            now=desks[0].now,
            tell=partial(_log, log, "mirror_behind", "mirror_caught_up"),
        )
        yield DesksWithMirror(
            desks=[
                replace(desk, services=replace(desk.services, mirror=mirror))
                if desk.mount.dialect.name in recipes
                else desk
                for desk in desks
            ],
            chores=(teller.tell,) if statements.purge is None else (teller.tell, teller.purge),
        )
    finally:
        await database.close()


async def examine_mirror(configuration: Configuration) -> str | None:
    """Why its database does not take its statements; None where all is well. Raises ElsewhereFault."""
    statements = _statements(configuration).by_setting()
    database, guard = _database(configuration), _guard(configuration, 1, lambda _why: None)
    try:
        for name, statement in statements.items():
            try:
                await guard.ask(partial(database.examine, statement))
            except OAuthError as refused:
                return f"{name}: {refused.detail}"
    finally:
        await database.close()
    return None


def _database(configuration: Configuration) -> Database:
    from dragoman.mirror.database import open_database

    table = configuration.mirror
    url = table.url or ""
    location = Secret(url) if "://" in url else configuration.path(url)
    return open_database("mirror.url", location, table.connections + 1, table.timeout_seconds)


def _guard(configuration: Configuration, at_once: int, tell: Callable[[str | None], None]) -> Guard:
    from dragoman.elsewhere.guard import Guard

    return Guard(
        seconds=configuration.mirror.timeout_seconds,
        at_once=at_once,
        circuit=Circuit(time.monotonic, random.SystemRandom().random),
        tell=tell,
        asked="mirror",
    )


def _statements(configuration: Configuration) -> Statements:
    from dragoman.elsewhere.statement import read_statement
    from dragoman.mirror.mirror import Statements

    table = configuration.mirror
    inserts, changes, of_grants = ("INSERT", "WITH"), ("UPDATE", "DELETE", "WITH"), ("grant", "user", "client", "now")
    return Statements(
        insert=read_statement("mirror.insert", table.insert, inserts, _OF_ROWS, needed=("token", "grant")),
        revoke_grant=read_statement("mirror.revoke_grant", table.revoke_grant, changes, of_grants, needed=("grant",)),
        revoke_token=read_statement(
            "mirror.revoke_token", table.revoke_token, changes, ("token", "now"), needed=("token",)
        ),
        purge=read_statement("mirror.purge", table.purge, ("DELETE", "WITH"), ("before",), needed=("before",))
        if table.purge
        else None,
    )


def _recipes(configuration: Configuration, mounted: Sequence[Dialect]) -> Mapping[str, TokenRecipe]:
    """How mirrored tokens are written, by dialect. Raises ElsewhereFault where others could not read them."""
    named = configuration.mirror.dialects
    recipes = {one.name: one.rules.access_token for one in mounted if not named or one.name in named}
    fitting = {name: one for name, one in recipes.items() if one.format == "jwt" and one.spell_identifier is not None}
    for name in recipes if named or not fitting else ():
        if name not in fitting:
            raise ElsewhereFault(
                f"mirror.dialects: access tokens of {name} are no JWTs with an identifier, so no API can look them up; "
                "name other dialects, or take the mirror out"
            )
    return fitting


def _spellings(recipes: Sequence[TokenRecipe]) -> tuple[Callable[[TokenId], str], ...]:
    found = (one.spell_identifier for one in recipes if one.format == "jwt")
    return tuple(dict.fromkeys(one for one in found if one is not None))


def _log(log: Log, worse: str, better: str, why: str | None) -> None:
    if why is None:
        log.write("info", better)
    else:
        log.write("error", worse, reason=why)
