"""Mounts whose old server still runs: in its shadow, or with a bridge to it."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dragoman.wiring.bridge import opened_bridge
from dragoman.wiring.shadow import behind, open_shadows, sentence_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from dragoman.config.settings import Configuration
    from dragoman.http.endpoints import Desk
    from dragoman.http.log import Log
    from dragoman.store.store import Store
    from dragoman.wiring.chores import Chore


@dataclass(frozen=True, slots=True, kw_only=True)
class DesksWithOldServers:
    """Desks, and what goes with them."""

    desks: Sequence[Desk]
    sentences: tuple[str, ...]
    """For whoever starts the server: what other servers have to do with it."""
    chores: tuple[Chore, ...]


@asynccontextmanager
async def opened_old_servers(
    configuration: Configuration, desks: Sequence[Desk], store: Store, log: Log
) -> AsyncIterator[DesksWithOldServers]:
    """The same desks, with the old servers that are configured, until the block ends. Raises Fault."""
    async with AsyncExitStack() as closing:
        mounts, now = tuple(desk.mount for desk in desks), desks[0].now
        bridge = await closing.enter_async_context(opened_bridge(configuration, mounts, store, now, log))
        if bridge is not None:
            desks = [
                replace(
                    desk,
                    services=bridge.shut(desk.services),
                    around_client=bridge.around if desk.mount is bridge.mount else None,
                )
                for desk in desks
            ]
        shadows = open_shadows(configuration, desks, log)
        for shadow in shadows:
            closing.push_async_callback(shadow.close)
        yield DesksWithOldServers(
            desks=behind(shadows, desks),
            sentences=(*map(sentence_of, shadows), *([] if bridge is None else [bridge.sentence])),
            chores=tuple(chore for shadow in shadows for chore in (shadow.compare_all, shadow.keep_record)),
        )
