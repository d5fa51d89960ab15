"""Telling the service manager how the server fares: the datagrams of sd_notify(3), for systemd's Type=notify."""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLE = "NOTIFY_SOCKET"
_WATCHDOG = "WATCHDOG_USEC"
"""Microseconds after which a service that is silent is taken for dead (sd_watchdog_enabled(3))."""
_TIMES = 4
"""So often it is heard in that time."""


class ServiceManager:
    """Whoever started the server and wants to know; nobody, where the environment names none."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        name = environment.get(_VARIABLE, "")
        self._address = "\0" + name[1:] if name.startswith("@") else name
        text = environment.get(_WATCHDOG, "")
        watched = bool(self._address) and text.isdecimal() and int(text) > 0
        self.turn_seconds = int(text) / 1e6 / _TIMES if watched else None
        """How often `turning` is to be called at the least; None where nobody waits for it."""
        self._told = 0.0

    def ready(self) -> None:
        """The server answers; after a reload: with the new configuration, or still with the old one."""
        self._tell("READY=1")

    def reloading(self) -> None:
        """The configuration is read again. The time keeps a late datagram from ending a later reload."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def turning(self) -> None:
        """Whoever watches over the server still turns. To be called again and again."""
        now = time.monotonic()
        if self.turn_seconds is not None and now - self._told >= self.turn_seconds / 2:
            self._told = now
            self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        """The server is on its way out."""
        self._tell("STOPPING=1")

    def _tell(self, state: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sending:
            try:
                sending.setblocking(False)
                sending.sendto(state.encode(), self._address)
            except OSError:  # a manager that has gone must not take the server along
                return
