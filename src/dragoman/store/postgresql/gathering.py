"""Looks of one kind that wait at the same time go together, in one round trip (docs/adr/postgresql.md).

None is answered by what was sent before it was asked. One that is alone waits for nobody.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from dragoman.core.errors import OAuthError
from dragoman.store.postgresql.errors import refusal

KeyT = TypeVar("KeyT")

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from dragoman.store.rows import Row

    Key = tuple[object, ...]
    Wanted = Callable[[], Sequence[KeyT]]
    """What to look for, asked when there is a connection: who came while there was none goes with the others."""
    Look = Callable[[Wanted[KeyT]], Coroutine[object, None, Sequence[Row]]]

_MOST: Final = 256
"""So many go together; the driver writes them at one go."""
_LONGEST_WAIT_SECONDS: Final = 0.002
"""After this long nobody waits any more for the answer to those before."""
_LONGEST_QUEUE: Final = 4096


class Gathering(Generic[KeyT]):
    """The looks of one event loop by one statement, each by its key. What has the same key is sent once."""

    def __init__(self, look: Look[KeyT], key_of: Callable[[Row], KeyT]) -> None:
        """`look` finds the rows of all keys in one round trip; `key_of` tells whose a row is."""
        self._look = look
        self._key_of = key_of
        self._waiting: dict[KeyT, list[asyncio.Future[Row | None]]] = {}
        self._queued = 0
        self._under_way = 0
        self._were_several = False
        self._leaving: asyncio.Handle | None = None
        self._sending: set[asyncio.Task[None]] = set()

    async def find(self, key: KeyT) -> Row | None:
        """The row of this key, as a look finds it that begins after this call. Refuses `temporarily_unavailable`."""
        if not (self._under_way or self._queued or self._were_several):
            return await self._alone(key)
        if self._queued >= _LONGEST_QUEUE:
            raise refusal("too many wait for a connection to the database")
        loop = asyncio.get_running_loop()
        found: asyncio.Future[Row | None] = loop.create_future()
        self._waiting.setdefault(key, []).append(found)
        self._queued += 1
        if self._leaving is None:
            under_way = self._under_way > 0
            self._leaving = (
                loop.call_later(_LONGEST_WAIT_SECONDS, self._leave) if under_way else loop.call_soon(self._leave)
            )
        return await found

    async def _alone(self, key: KeyT) -> Row | None:
        """Without a task and a future, as long as nobody else asks."""
        self._under_way += 1
        try:
            rows = await self._look(lambda: (key,))
        finally:
            self._arrived()
        return rows[0] if rows else None

    def _arrived(self) -> None:
        """Who came meanwhile leaves at once."""
        self._under_way -= 1
        if self._leaving is not None:
            self._leaving.cancel()
            self._leave()

    def _leave(self) -> None:
        self._leaving = None
        self._under_way += 1
        sending = asyncio.get_running_loop().create_task(self._send())
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)

    async def _send(self) -> None:
        taken: dict[KeyT, list[asyncio.Future[Row | None]]] = {}

        def wanted() -> Sequence[KeyT]:
            """The same ones again if the database took them back."""
            if not taken:
                taken.update(self._taken())
            return tuple(taken)

        try:
            rows = await self._look(wanted)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is theirs who wait)
            _tell(taken or self._taken(), error)
        else:
            by_key = {self._key_of(row): row for row in rows}
            for key, waiting in taken.items():
                for found in waiting:
                    if not found.done():
                        found.set_result(by_key.get(key))
        finally:
            self._arrived()

    def _taken(self) -> dict[KeyT, list[asyncio.Future[Row | None]]]:
        """Those who wait, and no more than may go together: the rest leaves next."""
        if len(self._waiting) <= _MOST:
            taken, self._waiting = self._waiting, {}
        else:
            taken = {key: self._waiting.pop(key) for key in tuple(self._waiting)[:_MOST]}
            if self._leaving is None:
                self._leave()
        count = sum(map(len, taken.values()))
        self._queued -= count
        self._were_several = count > 1
        return taken


def _tell(taken: dict[KeyT, list[asyncio.Future[Row | None]]], error: Exception) -> None:
    for waiting in taken.values():
        for found in waiting:
            if not found.done():
                found.set_exception(refusal(error.detail) if isinstance(error, OAuthError) else error)
