"""The HTTP connection: uvicorn's, but for one thing. An answer leaves in one piece."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from asyncio import Transport

_INTERIM = b"HTTP/1.1 1"
"""How an interim answer begins (RFC 9110 §15.2): nothing follows it at once."""


class Connection(HttpToolsProtocol):
    """Speaks HTTP/1.1. The head of an answer waits for its body, so that both cost one packet and wake nobody twice."""

    receiving = False
    """Whether a request has begun, if only with a part of its head, and is not answered yet."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin."""
        self._whole = WholeAnswers(transport)
        super().connection_made(self._whole)  # type: ignore[arg-type]  # all of a transport that uvicorn uses

    def on_message_begin(self) -> None:
        """Its first byte is here."""
        self.receiving = True
        super().on_message_begin()

    def on_response_complete(self) -> None:
        """Send what an answer without a body left waiting; then go on with the next request."""
        self.receiving = False
        self._whole.finish()
        super().on_response_complete()


class WholeAnswers:
    """A transport that keeps the first piece of an answer until the second comes, or the answer ends."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._head = b""
        self._begun = False
        self.get_extra_info = transport.get_extra_info
        self.is_closing = transport.is_closing
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading

    def write(self, piece: bytes) -> None:
        """Keep it if it begins an answer; otherwise send it with what was kept."""
        if self._head:
            self._transport.write(self._head + piece)
            self._head, self._begun = b"", True
        elif self._begun or piece.startswith(_INTERIM):
            self._transport.write(piece)
        else:
            self._head = piece

    def finish(self) -> None:
        """The answer is complete."""
        if self._head:
            self._transport.write(self._head)
        self._head, self._begun = b"", False

    def close(self) -> None:
        """Send what was kept, and close."""
        self.finish()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (the transport's own, whatever it is)
        return getattr(self._transport, name)
