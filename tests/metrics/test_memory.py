"""The memory of the counts: places, heirs, bounds."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from dragoman.core.model import Sender
from dragoman.core.ports import Event
from dragoman.metrics.counting import Counting
from dragoman.metrics.exposition import expose
from dragoman.metrics.memory import Memory
from dragoman.metrics.reading import read
from dragoman.metrics.series import (
    GRANT_REVOCATIONS,
    MOST_CLIENTS,
    OTHER,
    PASSWORD_HASHES_SHED,
    PASSWORD_HASHES_WAITING,
    STORE_WRITABLE,
    TOKEN_RESPONSES,
)
from dragoman.metrics.tally import Tally
from tests.metrics.scraping import read_scrape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.metrics.scraping import Scrape

LABELS = ("shop", "revoked_by_client", "not_applicable")


@pytest.fixture
def memory() -> Iterator[Memory]:
    one = Memory()
    yield one
    one.close()


class Silent:
    """An audit that nobody reads."""

    def record(self, event: Event) -> None:
        pass


def told(memory: Memory) -> Scrape:
    return read_scrape(expose(memory.descriptor, "1").decode())


def settled(memory: Memory, process: int) -> Tally:
    """The tally of a process that has just been started."""
    place = memory.free_place()
    memory.take(place, process)
    return Tally(memory.descriptor, place)


def ending(client: str | None, **facts: str | int | None) -> Event:
    return Event(name="grant_revoked", dialect="standard", sender=Sender(), client_id=client, facts=facts)


def test_an_heir_goes_on_from_what_was_counted_and_says_nothing_of_the_moment_before(memory: Memory):
    first, second = settled(memory, 100), settled(memory, 101)
    for tally in (first, second):
        tally.count(GRANT_REVOCATIONS, LABELS)
        tally.count(PASSWORD_HASHES_SHED, more=2)
        tally.tell(PASSWORD_HASHES_WAITING, 3)
    first.tell(STORE_WRITABLE, 0)
    assert told(memory).of(STORE_WRITABLE.name) == 0
    assert told(memory).of(PASSWORD_HASHES_WAITING.name) == 6
    memory.bury(100)
    memory.bury(4711)  # a stranger
    assert told(memory).of("dragoman_workers") == 1
    assert told(memory).of(STORE_WRITABLE.name) == 1
    assert told(memory).of(PASSWORD_HASHES_WAITING.name) == 3
    assert told(memory).of(GRANT_REVOCATIONS.name) == 2
    size = os.fstat(memory.descriptor).st_size
    heir = settled(memory, 102)
    heir.count(GRANT_REVOCATIONS, LABELS)
    assert told(memory).of("dragoman_workers") == 2
    assert told(memory).of(PASSWORD_HASHES_WAITING.name) == 3
    assert told(memory).of(GRANT_REVOCATIONS.name, client="shop") == 3
    assert told(memory).of(PASSWORD_HASHES_SHED.name) == 4
    assert os.fstat(memory.descriptor).st_size == size


def test_only_so_many_clients_are_told_apart_and_a_name_that_was_shown_stays(memory: Memory):
    countings = [Counting(settled(memory, process), Silent(), ()) for process in (1, 2)]
    for number in range(700):
        countings[0].record(ending(f"a{number}", because="revoked_by_client"))
    early = told(memory).values("client")
    assert len(early) == 700
    for number in range(700):
        countings[1].record(ending(f"b{number}", because="refresh_token_reuse", looked_like_retry=1))
    for number in range(700):
        countings[0].record(ending(f"c{number}", because="refresh_token_reuse", looked_like_retry=0))
    late = told(memory)
    assert len(late.values("client") - {OTHER}) == MOST_CLIENTS
    assert early < late.values("client")
    assert late.of(GRANT_REVOCATIONS.name) == 2100
    assert late.of(GRANT_REVOCATIONS.name, client=OTHER) == 1100
    countings[1].record(ending("b699", because="refresh_token_reuse", looked_like_retry=1))
    assert told(memory).of(GRANT_REVOCATIONS.name, client=OTHER) == 1101


def test_what_is_in_no_closed_set_is_other(memory: Memory):
    counting = Counting(settled(memory, 1), Silent(), ("password",))
    counting.record(ending(None, because="odd", looked_like_retry="odd"))
    counting.record(ending("x" * 257, because="revoked_by_client"))
    refused = Event(name="token_refused", dialect="standard", sender=Sender(), facts={"grant_type": "odd"})
    counting.record(refused)
    counting.observe("token", "standard", "unknown_client", 9.0)
    text = told(memory)
    assert text.values("client") | text.values("grant_type") == {OTHER}
    assert text.values("reason") == {OTHER, "revoked_by_client"}
    assert text.values("looked_like_retry") == {"not_applicable"}
    assert text.of("dragoman_request_duration_seconds_bucket", le="5.0") == 0
    assert text.of("dragoman_request_duration_seconds_count") == 1


def test_where_there_is_no_more_room_it_is_other_and_nothing_is_lost(memory: Memory):
    tally = settled(memory, 1)
    for number in range(12_000):
        tally.count(TOKEN_RESPONSES, ("standard", "password", f"{number:0100}"))
    numbers = read(memory.descriptor).series[TOKEN_RESPONSES.name]
    assert sum(own[0] for own in numbers.values()) == 12_000
    assert numbers[OTHER, OTHER, OTHER][0] > 1000
    assert read(memory.descriptor).series.keys() >= {GRANT_REVOCATIONS.name}
    heir = Tally(memory.descriptor, 0)
    heir.count(TOKEN_RESPONSES, ("standard", "password", f"{0:0100}"))
    assert sum(own[0] for own in read(memory.descriptor).series[TOKEN_RESPONSES.name].values()) == 12_001


def test_names_are_told_as_the_format_has_them(memory: Memory):
    odd = 'a"b\\c\nd é'
    Counting(settled(memory, 1), Silent(), ()).record(ending(odd, because="revoked_by_client"))
    assert told(memory).of(GRANT_REVOCATIONS.name, client=odd) == 1


def test_without_metrics_nothing_of_them_is_loaded():
    program = "import sys, dragoman.cli.commands.serve, dragoman.serving.answering; sys.exit('prometheus_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
