"""The HTTP connection: uvicorn's, within bounds that hold before any work is done, and without a timer of its own."""

from __future__ import annotations

import socket
import struct
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from httptools import HttpParserError, HttpParserUpgrade
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from dragoman.http.bounds import DEFAULT, Ending, Unacceptable, refuse_older, spell_refusal, too_long
from dragoman.http.continued import continued_parser
from dragoman.http.exchange import ALL_SAID
from dragoman.http.gate import Gate
from dragoman.http.phase import Phase
from dragoman.http.whole_answers import WholeAnswers

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Transport
    from collections.abc import Callable

    from uvicorn import Config
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
    from uvicorn.server import ServerState

    from dragoman.http.bounds import Bounds

_PIECE = 2048
"""Bytes that are read at once where there are more; some eighty of the shortest requests."""
_WATCHED = frozenset({b"host", b"transfer-encoding", b"upgrade", b"expect"})
_DROP_WHAT_IS_UNSENT = struct.pack("ii", 1, 0)
_NOTHING, _HEAD, _BODY, _WHOLE = Phase  # a look-up of each would cost more than what it is for


class Connection(HttpToolsProtocol):
    """Speaks HTTP/1.1 (RFC 9112)."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: AbstractEventLoop | None = None,
        *,
        bounds: Bounds = DEFAULT,
        lost: Callable[[], None] | None = None,
    ) -> None:
        """`lost` is called when it has ended, if it ever began."""
        super().__init__(config, server_state, {**app_state, ALL_SAID: self._has_said_all}, _loop)
        self.since = self.loop.time()
        """When the phase began, on the loop's clock."""
        self.phase = Phase.NOTHING
        self.answered = False
        """Whether it ever had an answer."""
        self.begun = False
        self._bounds = bounds
        self._moved = False
        self._lost = lost
        self._held = b""
        self._read = 0
        self._fresh = False
        self._hosts = 0
        self._coding: bytes | None = None
        self._upgrades = False
        self._refused = False
        self._said_all = False
        self._answering: RequestResponseCycle | None = None
        self._unsent_since: float | None = None

    @property
    def receiving(self) -> bool:
        """Whether a request has begun, if only with a part of its head, and is not answered yet."""
        if self.phase is Phase.BODY:
            return not self.cycle.response_complete
        return self.phase is not Phase.NOTHING

    @property
    def is_busy(self) -> bool:
        """Whether a request that is whole is being answered, whatever has come behind it."""
        if self._answering is None or self._answering.response_complete:
            return False
        return self.phase is not Phase.BODY or self._answering is not self.cycle

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin."""
        self.begun = True
        self.since = self.loop.time()
        self._whole = WholeAnswers(transport)
        super().connection_made(self._whole)  # type: ignore[arg-type]  # all of a transport that uvicorn uses
        self.flow = self._gate = Gate(self.transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended. With requests that wait for each other it is not the latest one that was being answered."""
        if self._answering is not None and not self._answering.response_complete:
            self._answering.disconnected = True
            self._answering.message_event.set()
        super().connection_lost(exc)
        if self._lost is not None:
            self._lost()

    def _has_said_all(self) -> bool:
        return self._said_all

    def eof_received(self) -> bool:  # type: ignore[override]  # uvicorn hangs up on who has said all
        """Nothing more comes. Whoever waits for answers gets them: it may be there still, and nobody can tell."""
        answering = self._answering
        if answering is None or not self.is_busy or self.transport.get_extra_info("sslcontext") is not None:
            return False  # over TLS nothing can be sent any more
        self._refuse(Unacceptable(HTTPStatus.BAD_REQUEST, "the request is not whole"))
        self._said_all = True
        answering.message_event.set()
        return True

    def data_received(self, data: bytes) -> None:
        """Take what has arrived, as far as it is acceptable; what is too much for now waits, and no more is read."""
        if self._held or len(data) > _PIECE or len(self.pipeline) >= self._bounds.pipelined:
            self._held += data
            self._take_held()
        elif not self._refused:
            self._take(data)

    def _take_held(self) -> None:
        """In pieces, so that one of them cannot hold many more requests than may wait."""
        held, start = self._held, 0
        while start < len(held) and len(self.pipeline) < self._bounds.pipelined and not self._refused:
            self._take(held[start : start + _PIECE])
            start += _PIECE
        self._held = b"" if self._refused else held[start:]
        self._gate.hold(bool(self._held))

    def _take(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
            if self.phase is not _WHOLE:
                self._bound_what_comes_in_pieces(len(data))
        except HttpParserUpgrade as upgrade:
            self._upgrades = False
            self.parser = continued_parser(self, self.headers)
            self._take(data[upgrade.args[0] :])
        except HttpParserError as error:
            cause = error.__context__
            if not isinstance(cause, Unacceptable):
                cause = Unacceptable(HTTPStatus.BAD_REQUEST, "the message is not HTTP/1.1")
            self._refuse(cause)
        except Unacceptable as refused:
            self._refuse(refused)

    def _bound_what_comes_in_pieces(self, size: int) -> None:
        """Raises Unacceptable. The piece in which a message begins is not counted: others may lie before it."""
        if self._moved:
            self._moved = False
            self.since = self.loop.time()
        if self._fresh or self.phase is _NOTHING:
            self._fresh = False
            return
        self._read += size
        if self.phase is _HEAD and self._read > self._bounds.head_bytes:
            raise too_long()
        if self._read > self._bounds.message_bytes:
            raise Unacceptable(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the request is too long")

    def on_message_begin(self) -> None:
        """Its first byte is here."""
        self.phase = _HEAD
        self._read, self._hosts, self._coding = 0, 0, None
        self._fresh = self._moved = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a field of the head. Those of the trailer are never taken for it (RFC 9110 §6.5.1)."""
        if self.phase is not _HEAD:
            return
        name = name.lower()
        self.headers.append((name, value))
        if name in _WATCHED:
            self._watch(name, value)
        if len(self.headers) > self._bounds.fields:
            raise Unacceptable(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "too many header fields")

    def _watch(self, name: bytes, value: bytes) -> None:
        if name == b"host":
            self._hosts += 1
        elif name == b"transfer-encoding":
            self._coding = value.lower()
        elif name == b"upgrade":
            self._upgrades = True
        else:
            self.expect_100_continue = value.lower() == b"100-continue"

    def on_headers_complete(self) -> None:
        """Begin to answer, if the head is acceptable."""
        self._check_head()
        self._upgrades = self._upgrades and self.parser.should_upgrade()
        super().on_headers_complete()
        self.phase = _BODY
        self._moved = True
        if not self.pipeline:
            self._answering = self.cycle
        version = self.scope["http_version"]
        if version != "1.1":
            refuse_older(version, self._coding)

    def _check_head(self) -> None:
        """Raises Unacceptable, which the parser takes as its own error."""
        if self._hosts != 1 and (self._hosts or self.parser.get_http_version() == "1.1"):  # RFC 9112 §3.2
            raise Unacceptable(HTTPStatus.BAD_REQUEST, "there must be one Host")
        if self._coding is not None and self._coding != b"chunked":  # RFC 9112 §6.1
            raise Unacceptable(HTTPStatus.NOT_IMPLEMENTED, "the only Transfer-Encoding is chunked")
        if len(self.url) > self._bounds.url_bytes:
            raise Unacceptable(HTTPStatus.REQUEST_URI_TOO_LONG, "the URL is too long")
        if not self._fresh:  # else all of it is in one piece
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > self._bounds.head_bytes:
                raise too_long()

    def on_message_complete(self) -> None:
        """All of it is here; unless it asks for another protocol: then its body is still to come (RFC 9110 §7.8)."""
        if self._upgrades:
            return
        self.phase = _WHOLE
        if self.cycle.response_complete:
            self.phase, self._moved = _NOTHING, True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Send what an answer without a body left waiting; then go on with the next request."""
        self._whole.finish()
        self.answered = True
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._answering, application = self.pipeline.pop()
            self._start_asgi_task(self._answering, application)
        elif self._refused:
            self.transport.close()
        elif self.phase is _WHOLE:
            self.phase = _NOTHING
            self.since = self.loop.time()
        if self._held:
            self._take_held()

    def _refuse(self, refused: Unacceptable) -> None:
        """Say so and close, once those who asked before have their answers. What was refused is never acted on."""
        self._refused = True
        if self.phase is Phase.BODY and self.pipeline and self.pipeline[0][0] is self.cycle:
            self.pipeline.popleft()
        if self.is_busy:
            self.flow.pause_reading()
            return
        waiting = self._answering if self.phase is Phase.BODY else None
        if waiting is not None and not waiting.response_complete:
            waiting.disconnected = True
            waiting.message_event.set()
        if waiting is None or not waiting.response_started:
            self.transport.write(spell_refusal(refused))
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
        if self.flow.read_paused:  # it may be done with its part: it waits for us
            self.since = now
        ending, seconds = self._patience()
        if now - self.since <= seconds or self._refused or self.transport.is_closing():
            return None
        if ending is Ending.SLOW_HEAD or (ending is Ending.SLOW_BODY and not self.cycle.response_complete):
            self._refuse(Unacceptable(HTTPStatus.REQUEST_TIMEOUT, "the request took too long to arrive"))
        else:
            self.transport.close()
        return ending

    def _patience(self) -> tuple[Ending, float]:
        match self.phase:
            case Phase.HEAD:
                return Ending.SLOW_HEAD, self._bounds.head_seconds
            case Phase.BODY:
                return Ending.SLOW_BODY, self._bounds.body_seconds
            case Phase.NOTHING if not self.answered:
                return Ending.SILENT, self._bounds.head_seconds
            case Phase.NOTHING:
                return Ending.IDLE, self._bounds.idle_seconds
            case Phase.WHOLE:
                return Ending.IDLE, float("inf")

    def drop(self) -> None:
        """End it now, with what it has not taken."""
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DROP_WHAT_IS_UNSENT)
        self.transport.abort()
