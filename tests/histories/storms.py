"""Two hard moments, many times: a crowd with one refresh token, and a revocation that races refreshes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.histories.behaviours import sign_out_in_a_race
from tests.histories.history import Outcome
from tests.histories.load import CLIENTS, Load, open_load

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.histories.behaviours import Session
    from tests.histories.deployment import Deployment

CROWD = 200


async def refresh_in_a_crowd(session: Session) -> None:
    """Everybody at once with the first token: exactly one successor, which works if the family lives.

    A server that has no room may answer 503 to some; what that leaves open the checker judges.
    """
    token = session.held
    answers = await asyncio.gather(*(session.refresh(token) for _ in range(CROWD)))
    successors = {one.successor for one in answers if one.outcome is Outcome.YES}
    refused = sum(one.outcome is Outcome.NO for one in answers)
    await session.try_all()
    assert len(successors) <= 1, f"{len(successors)} successors of one token"
    if all(one.outcome is not Outcome.UNKNOWN for one in answers):
        assert len(successors) == 1
        assert refused == (CROWD - 1 if session.app.grace == 0 else 0), f"{refused} refused, grace {session.app.grace}"
        assert session.living == (session.app.grace > 0)


async def sign_out_once(session: Session) -> None:
    """A few refreshes, then a revocation among others; nothing works after it."""
    for _ in range(session.draw.randrange(3)):
        await session.refresh_until_answered()
    await sign_out_in_a_race(session)
    await session.try_all()
    assert not session.living


def run_crowds(deployment: Deployment, rounds: int, seed: int) -> Load:
    """Crowds, one after the other, with patient and strict apps in turn."""
    return _run(deployment, rounds, seed, refresh_in_a_crowd, together=1)


def run_sign_outs(deployment: Deployment, rounds: int, seed: int) -> Load:
    """Sign-outs, several at a time."""
    return _run(deployment, rounds, seed, sign_out_once, together=CLIENTS)


def _run(
    deployment: Deployment, rounds: int, seed: int, act: Callable[[Session], Awaitable[None]], *, together: int
) -> Load:
    load = open_load(deployment, seed)
    apps = [app for app in load.apps if app.grace in (0, 30)]
    waiting = iter(range(rounds))

    async def one_after_another() -> None:
        for number in waiting:
            session = await load.log_in(apps[number % len(apps)])
            await act(session)
            load.finished.append(session.family)

    async def all_of_them() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(together):
                    group.create_task(one_after_another())
        finally:
            await load.recorder.network.close()

    asyncio.run(all_of_them())
    return load
