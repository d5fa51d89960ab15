"""Before whatever is elsewhere: so many questions at once, for so long, and none once it has failed.

For a moment, that is: then somebody tries again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from dragoman.core.errors import OAuthError, Refusal
from dragoman.elsewhere.faults import Away, Useless

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dragoman.core.circuit import Circuit

Answer = TypeVar("Answer")

_WAITING_FOR_EACH = 8
_FAILURES_IN_A_ROW = 3
"""So many until nobody asks for a moment: one question at which it stumbles must not shut out the others."""


class Guard:
    """Whoever gets no answer is refused `temporarily_unavailable`, within `seconds`, and nobody else waits longer."""

    def __init__(
        self,
        *,
        seconds: float,
        at_once: int,
        circuit: Circuit,
        tell: Callable[[str | None], None],
        asked: str,
    ) -> None:
        """`seconds` bound one question with its wait for a place. `asked` is what refusals call it.

        `tell` hears why it is away, once, and None when it is back.
        """
        self._asked = asked
        self._seconds = seconds
        self._places = asyncio.Semaphore(at_once)
        self._waiting = 0
        self._most_waiting = _WAITING_FOR_EACH * at_once
        self._circuit = circuit
        self._tell = tell
        self._failures = 0

    async def ask(self, question: Callable[[], Awaitable[Answer]]) -> Answer:
        """What it answers. Refuses `temporarily_unavailable` where it is away, useless, late or too much asked for."""
        if self._failures >= _FAILURES_IN_A_ROW and self._circuit.wait_seconds() > 0:
            raise self._refusal("it failed a moment ago")
        if self._waiting >= self._most_waiting:
            raise self._refusal("too many wait for it")
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._in_turn(question)
        except TimeoutError:
            raise self._failed(f"no answer within {self._seconds:g} s") from None
        except Away as away:
            raise self._failed(str(away)) from None
        except Useless as useless:
            raise self._refusal(str(useless)) from None
        self._succeeded()
        return answer

    async def _in_turn(self, question: Callable[[], Awaitable[Answer]]) -> Answer:
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1
        try:
            return await question()
        finally:
            self._places.release()

    def _failed(self, why: str) -> OAuthError:
        self._failures += 1
        if self._failures >= _FAILURES_IN_A_ROW:
            self._circuit.failed()
        if self._failures == _FAILURES_IN_A_ROW:
            self._tell(why)
        return self._refusal(why)

    def _succeeded(self) -> None:
        if self._failures >= _FAILURES_IN_A_ROW:
            self._tell(None)
        self._failures = 0
        self._circuit.succeeded()

    def _refusal(self, why: str) -> OAuthError:
        return OAuthError(Refusal.TEMPORARILY_UNAVAILABLE, f"{self._asked}: {why}")
