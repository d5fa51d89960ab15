"""Values that live as long as one request: frozen for who writes the code, cheap for who runs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

ClassT = TypeVar("ClassT")


@dataclass_transform(kw_only_default=True, frozen_default=True)
def value(described: type[ClassT]) -> type[ClassT]:
    """A frozen dataclass with slots and keyword arguments, whose frozenness the type checker alone enforces.

    Frozen at run time too, each field would cost a call when the value is made, and a request makes a dozen of them
    (docs/adr/values.md).
    """
    return dataclass(slots=True, kw_only=True)(described)
