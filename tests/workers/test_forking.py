"""A process that was forked ends where its work ends, whatever fails on the way."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

import pytest

from dragoman.serving.forking import fork

if TYPE_CHECKING:
    from collections.abc import Callable


class Unflushable(io.StringIO):
    """As a stream is whose reader has gone."""

    def flush(self) -> None:
        raise BrokenPipeError


def return_7() -> int:
    return 7


def fail() -> int:
    raise ValueError


@pytest.mark.parametrize(("work", "status"), [(return_7, 7), (fail, 1)])
def test_a_child_that_cannot_flush_its_output_ends_all_the_same(work: Callable[[], int], status: int):
    def work_without_output(_channel: object) -> int:
        sys.stdout = sys.stderr = Unflushable()
        return work()

    child = fork(work_without_output, ())
    with child.channel:
        _, wait_status = os.waitpid(child.pid, 0)
    assert os.waitstatus_to_exitcode(wait_status) == status
