"""Slots that are all taken until a test lets them go."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager

from dragoman.core.errors import OAuthError, Refusal
from dragoman.hashing.slots import Slots, Turn


async def settle() -> None:
    """Let all that can go on without a thread go on."""
    for _ in range(5):
        await asyncio.sleep(0)


class Busy:
    """Slots whose every slot is taken until `free` is called, and what was done in them since, in order."""

    def __init__(self, number: int = 1, waiting: int = 10) -> None:
        self.slots = Slots(number, waiting)
        self.done: list[str] = []
        self._number = number
        self._gate = threading.Event()
        self._held: list[asyncio.Future] = []
        self._tasks: dict[str, asyncio.Task] = {}

    async def hold(self) -> None:
        self._held = [asyncio.ensure_future(self.slots.run(self._gate.wait)) for _ in range(self._number)]
        await settle()

    async def ask(self, name: str, client: str = "", address: str = "", hung_up=None) -> asyncio.Task:
        work = lambda: self.done.append(name)  # noqa: E731
        turn = Turn(client=client, address=address, hung_up=hung_up)
        self._tasks[name] = asyncio.ensure_future(self.slots.run(work, turn))
        await settle()
        return self._tasks[name]

    async def free(self) -> list[str]:
        self._gate.set()
        await asyncio.gather(*self._held, *self._tasks.values(), return_exceptions=True)
        return self.done


@asynccontextmanager
async def busy(number: int = 1, waiting: int = 10):
    one = Busy(number, waiting)
    await one.hold()
    try:
        yield one
    finally:
        await one.free()
        one.slots.close()


def refusal_of(task: asyncio.Task) -> str:
    error = task.exception()
    assert isinstance(error, OAuthError)
    assert error.refusal is Refusal.TEMPORARILY_UNAVAILABLE
    return error.detail
