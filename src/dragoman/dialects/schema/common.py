"""What all tables of a dialect file are made of."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Names = tuple[str, ...]
Ordered = dict[str, object]
Path = Annotated[str, Meta(pattern=r"^/[!-~]*$")]
Status = Annotated[int, Meta(ge=200, le=599)]


class Words(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a dialect file."""


class EndpointWords(Words, frozen=True):
    """Where an endpoint stands."""

    paths: tuple[Path, ...] = ()
    """Paths below the mount's prefix; `{name}` stands for one segment. No path: the dialect has no such endpoint."""
    methods: tuple[Literal["GET", "POST"], ...] = ("POST",)
    """Methods that are answered; others get the refusal `method_not_allowed`."""
