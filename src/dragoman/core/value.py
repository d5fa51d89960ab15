"""Values that live as long as one request: frozen for who writes the code, cheap for who runs it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, TypeVar, dataclass_transform

if TYPE_CHECKING:
    from collections.abc import Callable

ClassT = TypeVar("ClassT")
ValueT = TypeVar("ValueT")


@dataclass_transform(kw_only_default=True, frozen_default=True)
def value(described: type[ClassT]) -> type[ClassT]:
    """A frozen dataclass with slots and keyword arguments, whose frozenness the type checker alone enforces.

    Frozen at run time too, each field would cost a call when the value is made, and a request makes a dozen of them
    (docs/adr/values.md).
    """
    return dataclass(slots=True, kw_only=True)(described)


def changed(old: ValueT, **changes: object) -> ValueT:
    """Another value that differs in these fields: `dataclasses.replace` at a fifth of its price, unchecked by mypy.

    For what is done at each request, and has several fields.
    """
    kind: Callable[..., ValueT] = type(old)
    names, read = _fields_of(kind)
    return kind(**dict(zip(names, read(old), strict=True)) | changes)


@lru_cache(maxsize=256)
def _fields_of(kind: type) -> tuple[tuple[str, ...], Callable[[object], tuple[object, ...]]]:
    """The names of its fields, and what reads all of them at once."""
    names = tuple(field.name for field in fields(kind))
    return names, attrgetter(*names)
