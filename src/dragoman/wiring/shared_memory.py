"""The memory that the workers of a server share: made by their parent, handed to each of them, kept over a reload."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.store.cache.changes import CHANGES_BYTES
from dragoman.throttle.memory import MEMORY_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedMemory:
    """Descriptors of it."""

    throttle: int
    """Where workers count guesses together."""
    changes: int
    """Where each tells the others what it has changed."""


@contextmanager
def opened_memory() -> Iterator[SharedMemory]:
    """All of it."""
    with shared_memory("throttle", MEMORY_BYTES) as throttle, shared_memory("changes", CHANGES_BYTES) as changes:
        yield SharedMemory(throttle=throttle, changes=changes)


@contextmanager
def shared_memory(name: str, length: int) -> Iterator[int]:
    """The descriptor of so many bytes, all zero; they end with the last process that has them."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create(f"dragoman-{name}")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    try:
        os.ftruncate(descriptor, length)
        yield descriptor
    finally:
        os.close(descriptor)
