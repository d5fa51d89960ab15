"""The HTTP connection (RFC 9112): requests are answered in order, within bounds of room and time, without a timer."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from http import HTTPStatus
from typing import TYPE_CHECKING

from dragoman.http.answers import GO_ON, head_of
from dragoman.http.bounds import FAILED, Ending, Unacceptable, spell_refusal
from dragoman.http.phase import Phase
from dragoman.http.reading import Reader
from dragoman.http.request import ClientGone, Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.http.commons import Commons

_PIECE = 2048
"""Bytes that are read at once where there are more; some eighty of the shortest requests."""
_LIES_IN_TLS = 65536
"""Bytes in each direction; left alone TLS would keep a quarter and half a megabyte for each connection."""
_DROP_WHAT_IS_UNSENT = struct.pack("ii", 1, 0)
_WHOLE = Phase.WHOLE  # a look-up at each request would cost more than what it is for


class Connection(asyncio.Protocol):
    """Reads requests and answers them."""

    def __init__(self, commons: Commons, *, lost: Callable[[], None] | None = None) -> None:
        """`lost` is called when it has ended, if it ever began. Belongs to the event loop that runs."""
        self._loop = asyncio.get_running_loop()
        self._commons = commons
        self._bounds = commons.bounds
        self._lost = lost
        self.since = self._loop.time()
        """When the phase began, on the loop's clock."""
        self.answered = False
        """Whether it ever had an answer."""
        self.begun = False
        self._held = b""
        self._over = False
        """Whether whatever comes now is nobody's; what was read before is still answered, unless it was closed."""
        self._reading = True
        self._writing = True
        self._answering: Request | None = None
        self._task: asyncio.Task[None]
        """What answers it, once something does."""
        self._waiting: deque[Request] = deque()
        self._waiting_bytes = 0
        """Roughly: what has come since the first of them began to wait."""
        self._unsent_since: float | None = None

    @property
    def phase(self) -> Phase:
        """How far its latest request has come."""
        return self._reader.phase

    @property
    def receiving(self) -> bool:
        """Whether a request has begun, if only with a part of its head, and is not answered yet."""
        latest = self._reader.latest
        if self.phase is Phase.BODY:
            return latest is not None and not latest.answered
        return self.phase is not Phase.NOTHING

    @property
    def is_busy(self) -> bool:
        """Whether a request that is whole is being answered, whatever has come behind it."""
        if self._answering is None or self._answering.answered:
            return False
        return self.phase is not Phase.BODY or self._answering is not self._reader.latest

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # the one kind there is
        """The event loop hands over the transport: the connection begins."""
        self.begun = True
        self.since = self._loop.time()
        self.transport = transport
        peer = transport.get_extra_info("peername")
        self._encrypted = transport.get_extra_info("sslcontext") is not None
        if self._encrypted:
            _bound_what_lies_in(transport)
        self._reader = Reader(
            self._bounds, self._begin, self._ask, str(peer[0]) if peer else "", encrypted=self._encrypted
        )
        self._commons.connections.add(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        """The other side, or this one, has closed it: what is under way is told, and the rest forgotten."""
        self._commons.connections.discard(self)
        self._reader.end()
        self._waiting.clear()
        if self._answering is not None:
            self._answering.leave()
        if self._lost is not None:
            self._lost()

    def eof_received(self) -> bool:
        """Nothing more comes. Whoever waits for answers gets them: it may be there still, and nobody can tell."""
        self._commons.outbox.flush()
        if self._answering is None or not self.is_busy or self._encrypted:
            return False  # over TLS nothing can be sent any more
        self._refuse(Unacceptable(HTTPStatus.BAD_REQUEST, "the request is not whole"), Ending.UNACCEPTABLE)
        for request in (self._answering, *self._waiting):
            request.say_all()
        return True

    def pause_writing(self) -> None:
        """Too much lies here: nothing more is read, and no further request answered, until it is taken."""
        self._writing = False
        self._set_reading()

    def resume_writing(self) -> None:
        """What lay here was taken by the other side: reading and answering go on."""
        self._writing = True
        if self._answering is None or self._answering.answered:
            self._go_on()
        else:
            self._set_reading()

    def data_received(self, data: bytes) -> None:
        """Take what has arrived, as far as it is acceptable; what is too much for now waits, and no more is read."""
        if self._over:  # over TLS it comes though we have closed
            return
        if self._held or len(data) > _PIECE or self._waiting:
            self._held += data
            self._take_held()
        else:
            self._take(data)

    def _take_held(self) -> None:
        """In pieces, so that one of them cannot hold many more requests than may wait."""
        held, start = self._held, 0
        while start < len(held) and not self._is_full() and not self._over:
            piece = held[start : start + _PIECE]
            self._take(piece)
            self._waiting_bytes += len(piece)
            start += _PIECE
        self._held = b"" if self._over else held[start:]
        self._set_reading()

    def _is_full(self) -> bool:
        if not self._waiting:
            self._waiting_bytes = 0
        return len(self._waiting) >= self._bounds.pipelined or self._waiting_bytes >= self._bounds.waiting_bytes

    def _take(self, data: bytes) -> None:
        reader = self._reader
        try:
            reader.feed(data)
        except Unacceptable as refused:
            self._commons.ended[Ending.UNACCEPTABLE.value] += 1
            self._refuse(refused, Ending.UNACCEPTABLE)
        if reader.moved and reader.phase is not _WHOLE:
            reader.moved = False
            self.since = self._loop.time()

    def _set_reading(self) -> None:
        reading = self._writing and not self._held and not self._over
        if reading is not self._reading and not self.transport.is_closing():
            self._reading = reading
            (self.transport.resume_reading if reading else self.transport.pause_reading)()

    def _ask(self) -> None:
        if not self.transport.is_closing():
            self._commons.outbox.flush()
            self.transport.write(GO_ON)

    def _begin(self, request: Request) -> None:
        """Answer it, or let it wait for those before it."""
        before = self._answering
        if self._waiting or not self._writing or (before is not None and not before.answered):
            self._waiting.append(request)
        else:
            self._start(request)

    def _start(self, request: Request) -> None:
        self._answering = request
        self._task = self._loop.create_task(self._answer(request))
        self._commons.answering.add(self._task)

    async def _answer(self, request: Request) -> None:
        commons = self._commons
        try:
            response = await commons.application(request)
            head = head_of(response.status, response.headers)
        except ClientGone:
            return
        except asyncio.CancelledError:
            self.close()
            raise
        except Exception as fault:  # noqa: BLE001 (what no endpoint has caught)
            commons.tell_fault(fault)
            response, head = FAILED, head_of(FAILED.status, FAILED.headers)
        finally:
            commons.answering.discard(self._task)
        request.finish()
        if request.gone or self.transport.is_closing():
            return
        closing = head.closing or request.last or ((commons.leaving or self._over) and not self._waiting)
        commons.outbox.put(self.transport, head.with_body(
            commons.date, response.body, sent=request.head.method != "HEAD", closing=closing
        ))  # fmt: skip
        self.answered = True
        if closing:
            self.close()
        else:
            self._go_on()

    def _go_on(self) -> None:
        """What was being answered has its answer; now with what has come since."""
        if self.transport.is_closing():
            return
        if self._waiting:
            if self._writing:
                self._start(self._waiting.popleft())
        elif self._over:
            self.close()
        elif self._reader.phase is _WHOLE:
            self._reader.answered()
            self.since = self._loop.time()
        if self._held:
            self._take_held()
        elif not self._reading:
            self._set_reading()

    def _refuse(self, refused: Unacceptable, ending: Ending) -> None:
        """Say so and close; behind the answers to what was asked before, the closing says it. It is never acted on."""
        self._over = True
        latest = self._reader.latest if self.phase is Phase.BODY else None
        if latest is not None and self._waiting and self._waiting[-1] is latest:
            self._waiting.pop()
        if self.is_busy or self._waiting:
            self._set_reading()
            return
        if latest is not None and not latest.answered:
            latest.leave(ending.value)
        if latest is None or not latest.answered:
            response = spell_refusal(refused)
            head = head_of(response.status, response.headers)
            answer = head.with_body(self._commons.date, response.body, sent=True, closing=True)
            self._commons.outbox.put(self.transport, answer)
        self.close()

    def make_room(self) -> None:
        """End it now, in favour of others."""
        if self._answering is not None:
            self._answering.leave(Ending.MADE_ROOM.value)
        self._commons.outbox.flush()
        self.transport.abort()

    def close(self) -> None:
        """End it with what was written so far; no more is answered."""
        self._over = True
        self._commons.outbox.flush()
        self.transport.close()

    def tend(self, now: float) -> Ending | None:
        """End it where it has taken too long; why, if so. To be asked now and then; `now` is the loop's."""
        if self.transport.get_write_buffer_size():
            if self._unsent_since is None:
                self._unsent_since = now
            elif now - self._unsent_since > self._bounds.answer_seconds:
                self.drop()
                return Ending.UNREAD
            return None
        self._unsent_since = None
        if not self._reading:  # it may be done with its part: it waits for us
            self.since = now
        ending, seconds = self._bounds.patience(self.phase, answered=self.answered)
        if now - self.since <= seconds or self._over or self.transport.is_closing():
            return None
        if ending is Ending.SLOW_HEAD or (ending is Ending.SLOW_BODY and self.receiving):
            self._refuse(Unacceptable(HTTPStatus.REQUEST_TIMEOUT, "the request took too long to arrive"), ending)
        else:
            self.close()
        return ending

    def drop(self) -> None:
        """End it now, with what it has not taken."""
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DROP_WHAT_IS_UNSENT)
        self.transport.abort()


def _bound_what_lies_in(transport: asyncio.Transport) -> None:
    """Of what nobody has read, and of what nobody has taken, between the system and us: so much as without TLS."""
    transport.set_write_buffer_limits(_LIES_IN_TLS)
    transport.set_read_buffer_limits(_LIES_IN_TLS)  # type: ignore[attr-defined]  # TLS has it, and its type does not
