"""A process of its own for a piece of work, with a channel to the process that forked it.

Fork, because a listening socket and the database's lock go along by themselves; so the parent must have no thread and
no event loop. The channel tells the parent how the work began, and each side that the other is gone: the kernel closes
it with the process, however that ends.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, NoReturn, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_LONGEST_WORD = 2**17
_LONGEST_TEXT = 1000
_MOST_EXPOSURES = 100
_HELD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGUSR1)


class Status(IntEnum):
    """How a process of a server ends, besides 0."""

    CRASHED = 1
    FAULT = 2
    """Something is to be mended; there was a sentence that says what."""
    BROKEN = 3
    """The store cannot be trusted any more."""
    GIVEN_UP = 4
    """No worker lives long enough to answer."""
    WAITING = 5
    """What it needs is away for the moment, such as a database on another machine."""


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The worker answers."""

    exposures: tuple[str, ...]
    """What is switched on against RFC 9700, a sentence each."""


class Turning(msgspec.Struct, frozen=True, tag="turning"):
    """The worker's event loop turns."""


class Unusable(msgspec.Struct, frozen=True, tag="unusable"):
    """The work cannot begin; an operator has to mend something."""

    reason: str


Word = Ready | Turning | Unusable
_TURNING = msgspec.json.encode(Turning())
_decoder = msgspec.json.Decoder(Ready | Turning | Unusable)


class Closing(Protocol):
    """Something of the parent's that is none of the child's business."""

    def close(self) -> None:
        """Let go of it, in this process."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A process that was forked."""

    pid: int
    channel: socket.socket
    """The parent's end. Closing it asks the child to leave."""


def tell(channel: socket.socket, word: Word) -> None:
    """Tell the parent; where it has gone, nobody."""
    try:
        channel.send(msgspec.json.encode(_short(word)))
    except OSError:
        return


def tell_that_it_turns(channel: socket.socket) -> None:
    """Tell the parent; where it reads nothing, it has heard enough of the kind, and nobody waits for it."""
    with suppress(OSError):
        channel.send(_TURNING, socket.MSG_DONTWAIT)


def _short(word: Word) -> Word:
    """The word in such a length that it is one datagram, whatever is in it."""
    match word:
        case Unusable(reason=reason):
            return Unusable(reason=reason[:_LONGEST_TEXT])
        case Ready(exposures=exposures):
            told = tuple(one[:_LONGEST_TEXT] for one in exposures[:_MOST_EXPOSURES])
            more = (f"… and {len(exposures) - len(told)} more",) if len(exposures) > len(told) else ()
            return Ready(exposures=told + more)
        case Turning():
            return word


def hear(channel: socket.socket) -> Word | None:
    """What the child tells next; None when it has nothing more to tell."""
    try:
        text = channel.recv(_LONGEST_WORD)
    except ConnectionResetError:
        return None
    return _decoder.decode(text) if text else None


def fork(work: Callable[[socket.socket], int], strangers: Iterable[Closing]) -> Child:
    """Run the work in a child, which ends with the status that it returns. The child lets go of the strangers."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    held = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)  # else one for the child could reach the parent's handlers
    try:
        pid = os.fork()
    except OSError:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
        ours.close()
        theirs.close()
        raise
    if pid == 0:
        _live(work, theirs, (ours, *strangers), held)
    signal.pthread_sigmask(signal.SIG_SETMASK, held)
    theirs.close()
    ours.setblocking(False)
    return Child(pid=pid, channel=ours)


def _live(
    work: Callable[[socket.socket], int],
    channel: socket.socket,
    strangers: Iterable[Closing],
    mask: Iterable[int],
) -> NoReturn:
    status: int = Status.CRASHED
    try:
        signal.set_wakeup_fd(-1)
        for number in _HELD:  # Ctrl-C and a lost terminal reach every process; what follows is the parent's to say
            ignored = number in (signal.SIGINT, signal.SIGHUP)
            signal.signal(number, signal.SIG_IGN if ignored else signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for stranger in strangers:
            stranger.close()
        status = work(channel)
    except BaseException:  # noqa: BLE001 (the last place where it can be told)
        traceback.print_exc()
    finally:
        try:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
        finally:  # what comes after the fork in the caller's code is the parent's alone, whatever fails here
            os._exit(status)


def how_it_ended(wait_status: int) -> str:
    """A process's end in words, from what `waitpid` says."""
    code = os.waitstatus_to_exitcode(wait_status)
    return f"status {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
