"""What a server does beside answering: it looks after its keys, its rows, and whether it is fit to answer."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from dragoman.core.clock import SteadyClock
from dragoman.core.errors import Fault, OAuthError
from dragoman.hashing.doubles import Count

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence

    from dragoman.core.model import Client
    from dragoman.hashing.doubles import Doubles
    from dragoman.hashing.pool import PasswordHasher
    from dragoman.http.log import Log
    from dragoman.store.store import Store
    from dragoman.tokens.current import CurrentTokens

    Chore = Callable[[], Coroutine[object, object, None]]

_KEY_WATCH_SECONDS = 1
_PURGE_SECONDS = 600
_TIME_SECONDS = 10
_READY_SECONDS = 1
_AUDIT_FIRST_SECONDS = 60
_AUDIT_SECONDS = 3600
_PAGE = 500
_COUNT_SECONDS = 600
_COUNTED_AT_ONCE = 100
_COUNT_PAUSE_SECONDS = 0.02
_FIRST_PAUSE_SECONDS = 1.0
_ENDING_SECONDS = 5.0
_LONGEST_PAUSE_SECONDS = 60.0


@asynccontextmanager
async def doing(chores: Iterable[Chore], log: Log) -> AsyncIterator[None]:
    """Do these until the block ends. Then each is ended, and has some seconds to let go of what it uses."""
    tasks = [asyncio.create_task(keep_up(chore, log)) for chore in chores]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        if tasks:
            _, left = await asyncio.wait(tasks, timeout=_ENDING_SECONDS)
            if left:
                log.write("warning", "chores_given_up", number=len(left))


async def keep_up(
    chore: Chore,
    log: Log,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    elapsed: Callable[[], float] = time.monotonic,
) -> None:
    """Do the chore until it comes to its end. After a fault it is begun anew, with a pause that grows to a minute.

    Each fault is logged: of one that lasts there is a line a minute. `pause` and `elapsed` take and give seconds.
    """
    seconds = _FIRST_PAUSE_SECONDS
    while True:
        began = elapsed()
        try:
            await chore()
        except Exception as fault:  # noqa: BLE001 (the edge of a chore: nobody waits for it who would see the fault)
            log.fault(fault)
        else:
            return
        if elapsed() - began >= _LONGEST_PAUSE_SECONDS:
            seconds = _FIRST_PAUSE_SECONDS
        await pause(seconds)
        seconds = min(2 * seconds, _LONGEST_PAUSE_SECONDS)


async def watch_keys(tokens: CurrentTokens, log: Log, look: asyncio.Event) -> None:
    """Take over keys that were added or retired, within a second. If one cannot be read, the old ones stay in force.

    `look` is set by whoever has reason to think that they changed: then it does not wait for the second.
    """
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(_KEY_WATCH_SECONDS):
                await look.wait()
        look.clear()
        try:
            if await asyncio.to_thread(tokens.read_again):
                log.write("info", "keys_read_again")
        except (Fault, OSError) as fault:
            log.write("warning", "keys_not_read", reason=str(fault))


async def purge(store: Store, now: Callable[[], int], log: Log, *, revocations_kept: int) -> None:
    """Every ten minutes, delete the rows that nothing can refer to any more: a grant outlives its longest access token.

    Revoked grants stay for `revocations_kept` seconds, for `dragoman token report`.
    """
    while True:
        await asyncio.sleep(_PURGE_SECONDS)
        try:
            if isinstance(now, SteadyClock) and now.behind:
                continue  # a clock that may be wrong decides nothing for good
            longest = max((client.access_token_lifetime for client in await all_clients(store)), default=0)
            await store.administration.purge(now() - longest, now() - max(longest, revocations_kept))
        except OAuthError as refused:
            log.write("warning", "not_purged", reason=refused.detail)


async def count_hashes(store: Store, passwords: PasswordHasher, doubles: Doubles, log: Log) -> None:
    """Every ten minutes, count the stored hashes by kind: unknown names are checked against doubles in that proportion.

    The first time each page counts at once, so that the proportion is about right a moment after the start.
    """
    while True:
        try:
            await _count_once(store, passwords, doubles)
        except OAuthError as refused:
            log.write("warning", "hashes_not_counted", reason=refused.detail)
        await asyncio.sleep(_COUNT_SECONDS)


async def _count_once(store: Store, passwords: PasswordHasher, doubles: Doubles) -> None:
    count, first = Count(passwords), doubles.empty
    page = await store.administration.list_password_hashes(limit=_COUNTED_AT_ONCE)
    while page:
        for _owner_id, stored in page:
            if stored is not None:
                count.add(stored)
        if first:
            doubles.reflect(count.kinds)
        await asyncio.sleep(_COUNT_PAUSE_SECONDS)
        page = await store.administration.list_password_hashes(after=page[-1][0], limit=_COUNTED_AT_ONCE)
    doubles.reflect(count.kinds)


async def keep_time(store: Store, clock: SteadyClock, note: Callable[[int], None], log: Log) -> None:
    """Every ten seconds, note the time in the database, for the next start and for other servers.

    `note` then writes it in a second place; it may wait for a disk. When the machine's clock is not believed, that is
    logged once.
    """
    told = False
    while True:
        try:
            now = clock()
            await store.installation.note_time(now)
            await asyncio.to_thread(note, now)
        except (OAuthError, OSError) as failed:
            log.write(
                "warning", "time_not_noted", reason=failed.detail if isinstance(failed, OAuthError) else str(failed)
            )
        behind = clock.behind
        if behind and not told:
            log.write("error", "clock_behind", seconds=behind, remedy="set this machine's clock; see `dragoman doctor`")
        told = behind > 0
        await asyncio.sleep(_TIME_SECONDS)


async def keep_audit(remove: Callable[[float], Sequence[str]], now: Callable[[], int], log: Log, *, kept: int) -> None:
    """Every hour, delete the files of the audit in which nothing is younger than `kept` seconds.

    `remove` takes the epoch seconds before which lines may go, and returns the names of the files that went.
    """
    pause = _AUDIT_FIRST_SECONDS
    while True:
        await asyncio.sleep(pause)
        pause = _AUDIT_SECONDS
        if isinstance(now, SteadyClock) and now.behind:
            continue  # a clock that may be wrong decides nothing for good
        try:
            removed = await asyncio.to_thread(remove, now() - kept)
        except OSError as error:
            log.write("warning", "audit_not_removed", reason=error.strerror or str(error))
            continue
        if removed:
            log.write("info", "audit_removed", files=list(removed))


async def is_ready(store: Store, leaving: Callable[[], bool]) -> bool:
    """Whether requests should be sent here: the server is not leaving, and the database answers within a second."""
    if leaving() or store.broken is not None:
        return False
    try:
        async with asyncio.timeout(_READY_SECONDS):
            await store.find_client("")
    except (TimeoutError, OAuthError):
        return False
    return True


async def all_clients(store: Store) -> list[Client]:
    """Every client, page by page."""
    found: list[Client] = []
    page = await store.administration.list_clients(limit=_PAGE)
    while page:
        found.extend(page)
        page = await store.administration.list_clients(after=page[-1].id, limit=_PAGE)
    return found
