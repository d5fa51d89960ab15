"""Who hashes has the lowest priority: where they compete for a core, the event loop goes first."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress

_NICENESS = 19
"""All the way (nice(1))."""


def stand_back() -> None:
    """From now on, this thread alone: Linux has a niceness for each. A service manager may forbid it."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
