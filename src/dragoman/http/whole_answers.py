"""An answer leaves in one piece: its head waits for its body, so that both cost one packet and wake nobody twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncio import Transport

_INTERIM = b"HTTP/1.1 1"
"""How an interim answer begins (RFC 9110 §15.2): nothing follows it at once."""


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
