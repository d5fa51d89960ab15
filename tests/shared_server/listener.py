"""Somebody who listens for hints in the loop of a test, and what he was told."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from dragoman.core.circuit import Circuit
from dragoman.shared_server.address import read_address
from dragoman.shared_server.listening import listen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from dragoman.core.secret import Secret
    from dragoman.shared_server.hints import Hint
    from dragoman.shared_server.listening import Hearer


class Listener:
    """Notes all, in order: `began`, `ended: why`, and hints as they are."""

    def __init__(self) -> None:
        self.told: list[str | Hint] = []

    def began(self) -> None:
        self.told.append("began")

    def ended(self, reason: str) -> None:
        self.told.append(f"ended: {reason}")

    def hear(self, hint: Hint) -> None:
        self.told.append(hint)

    @property
    def hears(self) -> bool:
        """Whether the last word about it was a good one."""
        words = [one for one in self.told if isinstance(one, str)]
        return bool(words) and words[-1] == "began"

    @property
    def reason(self) -> str:
        """Why nothing is heard now."""
        word = self.told[-1]
        assert isinstance(word, str)
        return word.removeprefix("ended: ")


@asynccontextmanager
async def listening(url: Secret, prefix: str = "dragoman", hearer: Hearer | None = None) -> AsyncIterator[Listener]:
    """Somebody listens until the block ends."""
    who = hearer or Listener()
    circuit = Circuit(time.monotonic, random.random)
    task = asyncio.create_task(listen(read_address(url), prefix, who, circuit, time.monotonic))
    try:
        yield who
    finally:
        if task.done():
            task.result()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def eventually(look: Callable[[], object], seconds: float = 30) -> None:
    """Until this holds."""
    until = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < until, "it did not happen in time"
        await asyncio.sleep(0.01)
