"""The hash guard as tests see it: slots that are taken, log-ins that wait for one, what is stored, and what each costs."""

from __future__ import annotations

import asyncio
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Self
from unittest.mock import patch
from urllib.parse import urlencode

import bcrypt

from dragoman.store.sqlite.database import SqliteDatabase
from dragoman.throttle.throttle import MemoryThrottle, NoThrottle
from tests.attacks.harness import FORM, PASSWORD, Server
from tests.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.attacks.harness import Answer

SLOTS, QUEUE = 2, 64
HANGS_AFTER = 60
"""Seconds; no machine is as slow."""


def form_of(server: Server, client: str, username: str, password: str = PASSWORD) -> dict[str, Any]:
    """A log-in, to be asked."""
    fields = {"grant_type": "password", **server.credentials(client), "username": username, "password": password}
    body = urlencode(fields).encode()
    return {"method": "POST", "path": "/oauth2/token", "headers": [("Content-Type", FORM)], "body": body}


class Held:
    """Every slot of a pool taken, until it is let go, at the latest where a test ends: one that fails must not hang."""

    def __init__(self, pool: Any, number: int = SLOTS) -> None:
        self._gate = threading.Event()
        self._threads = [threading.Thread(target=self._hold, args=(pool,)) for _ in range(number)]
        for thread in self._threads:
            thread.start()
        wait_until(lambda: pool.running == number)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_ended: object) -> None:
        self.let_go()

    def _hold(self, pool: Any) -> None:
        asyncio.run(pool._slots.run(self._gate.wait))

    def let_go(self) -> None:
        self._gate.set()
        for thread in self._threads:
            thread.join()


async def until_there_are(server: Server, waiting: int) -> None:
    async with asyncio.timeout(HANGS_AFTER):
        while server.passwords.waiting < waiting:  # noqa: ASYNC110 (the pool offers no event)
            await asyncio.sleep(0)


async def first_of(asking: Iterable[asyncio.Task[Answer]]) -> set[asyncio.Task[Answer]]:
    """Those of them that are answered, once one is. Fails where nobody is."""
    done, _ = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED, timeout=HANGS_AFTER)
    assert done, "nobody is answered"
    return done


_COUNTED = {
    SqliteDatabase: ("row", "change", "change_row", "transact"),
    MemoryThrottle: ("place_of", "take", "settle", "count_wrong_secret"),
    NoThrottle: ("place_of", "take", "settle", "count_wrong_secret"),
}


@contextmanager
def counted_work(server: Server) -> Iterator[dict[str, int]]:
    """Hashes, checks of imported hashes, statements of the store by kind, and what the throttle is asked by verb."""
    work: dict[str, int] = {}

    def counting(counted: type, name: str) -> Any:
        original = getattr(counted, name)

        def count(itself: Any, *arguments: Any) -> Any:
            work[name] = work.get(name, 0) + 1
            return original(itself, *arguments)

        return patch.object(counted, name, count)

    before = server.passwords.hashes_computed, server.passwords.imports_checked
    with ExitStack() as counters:
        for counted, names in _COUNTED.items():
            for name in names:
                counters.enter_context(counting(counted, name))
        yield work
    work["hashes"] = server.passwords.hashes_computed - before[0]
    work["imports"] = server.passwords.imports_checked - before[1]


def stored_of(cost: str) -> str:
    """A hash by bcrypt of the usual password, with another cost written into it."""
    return bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode().replace("$04$", f"${cost}$")
