"""Many apps at once against a deployment, for some seconds, all of it written down."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.histories.behaviours import Session, live
from tests.histories.network import Network
from tests.histories.recorder import Recorder

if TYPE_CHECKING:
    from tests.histories.deployment import Deployment
    from tests.histories.history import Family
    from tests.histories.recorder import App

CLIENTS = 16
_TURNS = 8
_PAUSE_SECONDS = 0.01


@dataclass(slots=True, kw_only=True)
class Load:
    """Clients, each with one log-in after the other."""

    recorder: Recorder
    apps: list[App]
    draw: random.Random
    finished: list[Family] = field(default_factory=list)
    """Families for which nobody sends any more."""

    async def run(self, stopping: Callable[[], bool], clients: int = CLIENTS) -> None:
        """Until told to stop; then each client finishes what it is at."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(clients):
                    group.create_task(self._client(stopping))
        finally:
            await self.recorder.network.close()

    def take_finished(self) -> list[Family]:
        """What has finished since the last call."""
        taken, self.finished = self.finished, []
        return taken

    async def _client(self, stopping: Callable[[], bool]) -> None:
        while not stopping():
            session = await self.log_in(self.draw.choice(self.apps), stopping)
            await live(session, self.draw.randrange(1, _TURNS))
            self.finished.append(session.family)

    async def log_in(self, app: App, stopping: Callable[[], bool] = lambda: False) -> Session:
        """A log-in, tried until it is acknowledged."""
        while (family := await self.recorder.log_in(app)) is None:  # noqa: ASYNC110 (it asks again)
            await asyncio.sleep(_PAUSE_SECONDS)
        return Session(
            recorder=self.recorder,
            app=app,
            family=family,
            draw=self.draw,
            stopping=stopping,
            held=family.first,
            access_token=family.access_token,
        )


def open_load(deployment: Deployment, seed: int) -> Load:
    """Clients for this deployment, the same for the same seed as far as timing lets them be."""
    draw = random.Random(seed)
    recorder = Recorder(network=Network(deployment.ports, draw), settling_seconds=deployment.settling_seconds)
    return Load(recorder=recorder, apps=list(deployment.apps), draw=draw)


def run_load(deployment: Deployment, seconds: float, seed: int, clients: int = CLIENTS) -> Load:
    """A load of so many seconds on servers that run."""
    load = open_load(deployment, seed)
    until = time.monotonic() + seconds
    asyncio.run(load.run(lambda: time.monotonic() > until, clients))
    return load
