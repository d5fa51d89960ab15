"""Tests that are coroutines."""

from __future__ import annotations

import asyncio
from functools import wraps


def on_a_loop(test):
    """The coroutine function as a test."""

    @wraps(test)
    def run(*arguments, **named) -> None:
        asyncio.run(test(*arguments, **named))

    return run
