"""A process that answers: the whole of a server by itself, or one worker of several."""

from __future__ import annotations

import asyncio
import faulthandler
import signal
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import uvloop

from dragoman import __version__
from dragoman.core.errors import Fault, OAuthError
from dragoman.metrics.tally import Tally
from dragoman.serving.descriptors import most_connections
from dragoman.serving.forking import Ready, Status, Unusable, tell, tell_that_it_turns
from dragoman.serving.front import Departure, Front
from dragoman.serving.listening import refuse_unusable_tls
from dragoman.serving.meter import opened_meter
from dragoman.serving.watching import ASKING, turn_seconds
from dragoman.wiring.foundation import Role
from dragoman.wiring.server import Served, open_server

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Coroutine, Sequence
    from typing import TypeVar

    from dragoman.config.settings import Configuration
    from dragoman.serving.meter import Share
    from dragoman.wiring.shared_memory import SharedMemory

    Result = TypeVar("Result")

_WATCH_SECONDS = 0.2
_MOST_SCRAPING = 8
"""Connections to the port of the metrics, whose descriptors are kept back from others."""


def run(
    configuration: Configuration,
    announce: Callable[[Sequence[str]], None],
    listening: socket.socket,
    started: Callable[[], None],
) -> None:
    """Serve in this process until a signal; a second one ends it at once. Raises Fault.

    `announce` gets what is switched on against RFC 9700; `started` is called once the server answers.
    """

    async def serve(share: Share | None) -> None:
        departure = Departure()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, departure.ask)
        role = Role(leaving=departure.leaving.is_set, tally=_tally(share))
        async with open_server(configuration, role=role) as served:
            announce(served.exposures)
            await _serve(_fronts(configuration, served, listening, share, departure), served, departure, started)
            if reason := served.broken():
                raise Fault(f"{reason}; look after the disk, then start again")

    with opened_meter(configuration) as meter:
        _run(serve(None if meter is None else meter.share()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What a worker is given."""

    listening: socket.socket
    """Shared with the other workers."""
    channel: socket.socket
    """To the parent, who closes it when the worker is to leave."""
    positions: int
    """The descriptor to which this process writes where its threads stand, when it is asked with `ASKING`."""
    purges: bool
    memory: SharedMemory | None = None
    hashing: socket.socket | None = None
    """Where the hash processes are asked that all workers share."""
    share: Share | None = None
    """Of the memory in which is counted, if anything is."""


def work(configuration: Configuration, post: Post) -> int:
    """Be a worker: answer until the parent closes the channel or SIGTERM comes; the status to end with.

    SIGUSR1 ends it at once.
    """
    faulthandler.register(ASKING, post.positions)
    try:
        refuse_unusable_tls(configuration)
        return _run(_answer_at(post, configuration))
    except Fault as fault:
        tell(post.channel, Unusable(reason=str(fault)))
    except OAuthError as refused:
        tell(post.channel, Unusable(reason=f"the database cannot be used now ({refused.detail}); try again"))
        return Status.WAITING
    return Status.FAULT


async def _answer_at(post: Post, configuration: Configuration) -> int:
    departure = Departure()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, departure.leaving.set)
    loop.add_signal_handler(signal.SIGUSR1, departure.end)
    loop.add_reader(post.channel, _leave_with_parent, loop, post.channel, departure)
    role = Role(
        alone=False,
        purges=post.purges,
        leaving=departure.leaving.is_set,
        tally=_tally(post.share),
        memory=post.memory,
        hashing=post.hashing,
    )
    async with open_server(configuration, role=role) as served:
        ready = Ready(exposures=tuple(served.exposures))
        fronts = _fronts(configuration, served, post.listening, post.share, departure)
        await _serve(fronts, served, departure, partial(_begin, post.channel, ready, configuration.server.hang_seconds))
        if reason := served.broken():
            tell(post.channel, Unusable(reason=reason))
            return Status.BROKEN
    return 0


def _begin(channel: socket.socket, ready: Ready, patience: float) -> None:
    """The parent hears that this worker answers, and from then on that its loop turns, until it ends."""
    tell(channel, ready)
    if patience:
        _turn(asyncio.get_running_loop(), channel, turn_seconds(patience))


def _turn(loop: asyncio.AbstractEventLoop, channel: socket.socket, seconds: float) -> None:
    tell_that_it_turns(channel)
    loop.call_later(seconds, _turn, loop, channel, seconds)


def _run(serving: Coroutine[object, object, Result]) -> Result:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(serving)


def _tally(share: Share | None) -> Tally | None:
    return None if share is None else Tally(share.memory, share.place)


def _fronts(
    configuration: Configuration,
    served: Served,
    listening: socket.socket,
    share: Share | None,
    departure: Departure,
) -> tuple[Front, ...]:
    """What answers clients, and what tells metrics if anything does. Raises Fault."""
    scraping = 0 if share is None else _MOST_SCRAPING
    most = most_connections(configuration, scraping)
    public = Front(
        configuration, served.application, listening, departure, most=most, log=served.log, tally=served.tally
    )
    if share is None:
        return (public,)
    from dragoman.http.scrape import build_scraped  # noqa: PLC0415 (it costs a moment and memory)

    server = msgspec.structs.replace(configuration.server, tls_certificate=None, tls_key=None)
    plain = msgspec.structs.replace(configuration, server=server)
    scraped = build_scraped(share.memory, __version__, served.look)
    return public, Front(plain, scraped, share.listening, departure, most=scraping, log=served.log)


async def _serve(fronts: Sequence[Front], served: Served, departure: Departure, started: Callable[[], None]) -> None:
    """Answer until the departure; a store that is broken for good is one. `started` is called once all do."""
    watching = asyncio.create_task(_leave_when_broken(served, departure))
    public, *further = fronts
    try:
        await asyncio.gather(*(front.serve(_say_nothing) for front in further), public.serve(started))
    finally:
        watching.cancel()


def _say_nothing() -> None:
    """Who is waited for is the front that answers clients."""


async def _leave_when_broken(served: Served, departure: Departure) -> None:
    while served.broken() is None:  # noqa: ASYNC110 (it breaks in the writer's thread)
        await asyncio.sleep(_WATCH_SECONDS)
    departure.leaving.set()


def _leave_with_parent(loop: asyncio.AbstractEventLoop, channel: socket.socket, departure: Departure) -> None:
    """The parent says nothing on the channel, so what can be read is its end: it wants this, or was killed."""
    loop.remove_reader(channel)
    departure.leaving.set()
