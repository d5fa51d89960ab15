"""What apps in the field do with a log-in: refresh, retry, refresh twice at once, replay, sign out in the middle."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.histories.history import Family, Kind, Operation, Outcome

if TYPE_CHECKING:
    import random

    from tests.histories.recorder import App, Recorder

_SHORT_GRACE = 5
_GLANCE_SECONDS = 0.05


@dataclass(slots=True, kw_only=True)
class Session:
    """One log-in as its app sees it."""

    recorder: Recorder
    app: App
    family: Family
    draw: random.Random
    stopping: Callable[[], bool]
    """Whether the run is to end."""
    held: str
    """The refresh token that the app believes to be live."""
    access_token: str
    spent: list[str] = field(default_factory=list)
    living: bool = True

    async def refresh(self, token: str | None = None) -> Operation:
        """Refresh with what is held, or with this token, and learn from the answer."""
        presented = token or self.held
        operation = await self.recorder.refresh(self.app, self.family, presented)
        if operation.outcome is Outcome.NO:
            self.living = False
        elif operation.successor is not None and presented == self.held:
            assert operation.access_token is not None
            self.spent.append(presented)
            self.held, self.access_token = operation.successor, operation.access_token
        return operation

    async def refresh_until_answered(self) -> None:
        """Retry with the same token for as long as nobody answers."""
        while (await self.refresh()).outcome is Outcome.UNKNOWN:
            pass

    async def revoke(self, token: str) -> None:
        """Sign out, until it is told as done."""
        while (await self.recorder.revoke(self.app, self.family, token)).outcome is Outcome.UNKNOWN:
            pass
        self.living = False

    async def ask(self, token: str, kind: Kind) -> None:
        """Introspect."""
        await self.recorder.ask(self.app, self.family, token, kind)

    async def try_all(self) -> None:
        """Everything that the app has, once more."""
        await self.ask(self.access_token, Kind.ASK_ACCESS_TOKEN)
        await self.ask(self.held, Kind.ASK_REFRESH_TOKEN)
        await self.refresh_until_answered()

    async def wait(self, seconds: float) -> None:
        """So long, or until the run is to end."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self.stopping():  # noqa: ASYNC110 (whoever stops sets no event)
            await asyncio.sleep(_GLANCE_SECONDS)


Behaviour = Callable[[Session], Awaitable[object]]


async def follow_chain(session: Session) -> None:
    """Some refreshes, one after the other."""
    for _ in range(session.draw.randrange(1, 6)):
        if session.living:
            await session.refresh_until_answered()


async def refresh_in_parallel(session: Session) -> None:
    """Several tabs wake up at once, and some of them go on at once."""
    token = session.held
    await asyncio.gather(*(session.refresh(token) for _ in range(session.draw.randrange(2, 7))))


async def race_chains(session: Session) -> None:
    """Two processes of one app that share what they hold, each refreshing for itself."""
    await asyncio.gather(*(session.refresh_until_answered() for _ in range(2)))


async def retry(session: Session) -> None:
    """The answer came, and the app lost it."""
    token = session.held
    await session.refresh_until_answered()
    await session.refresh(token)


async def retry_late(session: Session) -> None:
    """The same, around the end of the window; only where that is soon."""
    if 0 < session.app.grace < _SHORT_GRACE:
        token = session.held
        await session.refresh_until_answered()
        await session.wait(session.draw.uniform(session.app.grace - 1.2, session.app.grace + 1.2))
        await session.refresh(token)


async def replay(session: Session) -> None:
    """A thief, or an app restored from a backup, comes with an old token while the app goes on."""
    if len(session.spent) > 1:
        old = session.draw.choice(session.spent[:-1])
        await asyncio.gather(session.refresh(old), session.refresh())


async def sign_out_in_a_race(session: Session) -> None:
    """A revocation races refreshes; then everything of the log-in is tried once more."""
    token = session.draw.choice([session.held, *session.spent[-1:]])
    racing = [session.refresh() for _ in range(session.draw.randrange(1, 4))]
    asking = session.ask(session.access_token, Kind.ASK_ACCESS_TOKEN)
    calls = [session.revoke(token), asking, *racing]
    session.draw.shuffle(calls)
    await asyncio.gather(*calls)


async def ask(session: Session) -> None:
    """Questions, beside a refresh."""
    await asyncio.gather(
        session.ask(session.held, Kind.ASK_REFRESH_TOKEN),
        session.ask(session.access_token, Kind.ASK_ACCESS_TOKEN),
        session.refresh_until_answered(),
    )


BEHAVIOURS: dict[Behaviour, int] = {
    follow_chain: 8,
    refresh_in_parallel: 6,
    race_chains: 3,
    retry: 3,
    retry_late: 1,
    replay: 1,
    sign_out_in_a_race: 2,
    ask: 3,
}


async def live(session: Session, turns: int) -> None:
    """So many things, or until the log-in or the run ends; then all that the app had is tried once more."""
    for _ in range(turns):
        if session.stopping() or not session.living:
            break
        await session.draw.choices(list(BEHAVIOURS), list(BEHAVIOURS.values()))[0](session)
    await session.try_all()
