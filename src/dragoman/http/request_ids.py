"""What the log calls each request: cheap, and told apart among all processes."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def request_ids(prefix: str) -> Callable[[], str]:
    """Draws an identifier at each call: the prefix, which is one process's own, and a number that counts up.

    It is a name and no secret: whoever sees two of them knows how many requests were between.
    """
    numbers = count(1)

    def draw() -> str:
        return f"{prefix}-{next(numbers)}"

    return draw
