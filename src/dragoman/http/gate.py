"""Whether a connection is read: uvicorn's rules, and ours above them."""

from __future__ import annotations

from uvicorn.protocols.http.flow_control import FlowControl


class Gate(FlowControl):
    """Reading goes on where uvicorn wants it, unless it is held."""

    _held = False

    def hold(self, held: bool) -> None:
        """Read no more, or as before."""
        released = self._held and not held
        self._held = held
        if held:
            self.pause_reading()
        elif released:
            self.resume_reading()

    def resume_reading(self) -> None:
        """Go on, unless it is held."""
        if not self._held:
            super().resume_reading()
