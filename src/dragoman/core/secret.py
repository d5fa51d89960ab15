"""A value that must be asked to reveal itself."""

from __future__ import annotations

import hmac
from typing import final


@final
class Secret:
    """Text that never prints itself: not in `repr`, not in a format string, not in a traceback's locals."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself. Each call is a place to review."""
        return self._text

    def equals(self, other: Secret) -> bool:
        """Whether both are the same; how long it takes tells nothing of where they differ."""
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.equals(other)

    __hash__ = None  # type: ignore[assignment]  # a secret is no dictionary key

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__
