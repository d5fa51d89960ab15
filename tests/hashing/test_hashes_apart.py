"""Hashes in processes of their own: the same answers, nothing of the server's, and no end but the server's."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.secret import Secret
from dragoman.hashing import pool as pool_module
from dragoman.hashing.format import name_format
from dragoman.hashing.formats.argon2 import CHEAPEST, Argon2Profile, make_hash
from dragoman.hashing.hashes_apart import HashesApart
from dragoman.hashing.pool import PasswordHasher
from tests.coroutines import on_a_loop
from tests.hashing.stored_hashes import KNOWN
from tests.hashing.vectors import ORIGINS
from tests.processes import children, is_alive, kill, wait_for_end, wait_until

RIGHT, WRONG = Secret("correct horse battery"), Secret("correct horse bakery")
STORED = make_hash(RIGHT.reveal().encode(), b"s" * 16, CHEAPEST)
OF_EACH_FORMAT = {
    name_format(KNOWN, stored): (password, stored) for pairs in ORIGINS.values() for password, stored in pairs
}
SLOW = make_hash(RIGHT.reveal().encode(), b"s" * 16, Argon2Profile(memory_kib=65536, passes=10))
"""Takes a hundred times as long as what the system counts a process's time in."""
SERVER = f"""
import asyncio, os, signal
from dragoman.core.secret import Secret
from dragoman.hashing.hashes_apart import HashesApart
from dragoman.hashing.pool import PasswordHasher
pool = PasswordHasher(slots=1, apart=HashesApart.alone(1))
print(asyncio.run(pool.check({STORED!r}, Secret("correct horse battery"))).matches, flush=True)
signal.pause()
"""


@pytest.fixture
def pool():
    made = PasswordHasher(profile=CHEAPEST, slots=2, apart=HashesApart.alone(2))
    yield made
    made.close()


@pytest.fixture
def apart():
    made = HashesApart.alone(1)
    yield made
    made.close()


def processor_time(process: int) -> int:
    """In the system's ticks (proc(5), utime and stime)."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def is_stopped(process: int) -> bool:
    """Whether it stands still (proc(5), state)."""
    return Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "T"


async def process_of(pool: PasswordHasher) -> int:
    """The one that it begins for its first hash."""
    before = children(os.getpid())
    assert (await pool.check(STORED, RIGHT)).matches
    (begun,) = children(os.getpid()) - before
    return begun


@pytest.mark.parametrize("name", OF_EACH_FORMAT)
def test_a_hash_of_each_format_is_judged_apart_as_here(apart: HashesApart, name: str) -> None:
    password, stored = OF_EACH_FORMAT[name]
    assert apart.verify(stored, password.encode())
    assert not apart.verify(stored, b"x" + password[1:].encode())


@on_a_loop
async def test_what_is_made_apart_is_checked_apart_and_here(pool: PasswordHasher) -> None:
    made = await pool.hash_new(RIGHT)
    here = PasswordHasher(profile=CHEAPEST, slots=1)
    for one in (pool, here):
        assert (await one.check(made, RIGHT)).matches
        assert not (await one.check(made, WRONG)).matches
        assert not (await one.check(None, RIGHT)).matches
    here.close()


@on_a_loop
async def test_one_question_more_than_there_are_processes_lies_before_them_and_no_more() -> None:
    before = children(os.getpid())
    pool = PasswordHasher(profile=CHEAPEST, slots=1, waiting=1, apart=HashesApart.alone(1))
    try:
        checking = [asyncio.create_task(pool.check(SLOW, RIGHT)) for _ in range(3)]
        await asyncio.sleep(0)
        assert (pool.running, pool.waiting) == (2, 1)
        with pytest.raises(OAuthError):
            await pool.check(STORED, RIGHT)
        assert all(one.matches for one in await asyncio.gather(*checking))
        assert len(children(os.getpid()) - before) == 1
    finally:
        pool.close()


@on_a_loop
async def test_k01_a_process_that_is_killed_while_it_rests_costs_nothing(pool: PasswordHasher) -> None:
    kill(await process_of(pool))
    await process_of(pool)


@on_a_loop
async def test_k01_a_process_that_is_stopped_is_ended_and_costs_nothing(pool: PasswordHasher) -> None:
    process = await process_of(pool)
    os.kill(process, signal.SIGSTOP)
    wait_until(lambda: is_stopped(process))
    assert (await pool.check(STORED, RIGHT)).matches
    assert not is_alive(process)


@on_a_loop
async def test_k01_a_process_that_is_killed_costs_the_log_in_that_it_was_at_and_the_next_has_another(
    pool: PasswordHasher,
) -> None:
    process = await process_of(pool)
    before = processor_time(process)
    checking = asyncio.create_task(pool.check(SLOW, RIGHT))
    await asyncio.to_thread(wait_until, lambda: processor_time(process) > before + 2)
    os.kill(process, signal.SIGKILL)
    with pytest.raises(OAuthError) as refused:
        await checking
    assert refused.value.refusal is Refusal.TEMPORARILY_UNAVAILABLE
    assert (await pool.check(STORED, RIGHT)).matches


@on_a_loop
async def test_what_stops_a_server_leaves_the_hash_that_has_begun_to_its_end(pool: PasswordHasher) -> None:
    process = await process_of(pool)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(process, number)
    assert (await pool.check(STORED, RIGHT)).matches
    assert is_alive(process)


def test_a_process_ends_with_its_server_however_that_ends() -> None:
    server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    assert server.stdout.readline() == "True\n"
    (process,) = children(server.pid)
    server.kill()
    server.wait()
    wait_for_end(frozenset({process}))
    server.stdout.close()


@on_a_loop
async def test_no_process_is_left_when_the_pool_is_closed(pool: PasswordHasher) -> None:
    process = await process_of(pool)
    pool.close()
    assert not is_alive(process)


def test_nothing_is_begun_for_a_hash_that_comes_too_late(apart: HashesApart) -> None:
    assert apart.verify(STORED, RIGHT.reveal().encode())
    apart.close()
    before = children(os.getpid())
    with pytest.raises(MemoryError):
        apart.verify(STORED, RIGHT.reveal().encode())
    assert children(os.getpid()) == before


def test_the_process_stands_back_and_the_server_does_not(pool: PasswordHasher) -> None:
    before = set(Path("/proc/self/task").iterdir())
    process = asyncio.run(process_of(pool))
    assert os.getpriority(os.PRIO_PROCESS, process) == 19
    begun = set(Path("/proc/self/task").iterdir()) - before
    assert begun
    assert {os.getpriority(os.PRIO_PROCESS, int(one.name)) for one in begun} == {
        os.getpriority(os.PRIO_PROCESS, os.getpid())
    }


def test_a_process_knows_no_setting_of_the_server(pool: PasswordHasher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRAGOMAN_DATABASE", "postgresql://name:secret@host/database")
    monkeypatch.setenv("PGPASSWORD", "secret")
    process = asyncio.run(process_of(pool))
    environment = Path(f"/proc/{process}/environ").read_bytes()
    assert b"DRAGOMAN" not in environment
    assert b"PGPASSWORD" not in environment


@on_a_loop
async def test_where_no_process_could_be_had_for_a_while_one_is_had_again(
    pool: PasswordHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One fork refused for want of memory must not cost a server its processes until its next start."""
    monkeypatch.setattr(pool_module, "_HERE_SECONDS", 0)
    with monkeypatch.context() as system:
        system.setattr(sys, "executable", "/nonexistent")
        assert (await pool.check(STORED, RIGHT)).matches
    await process_of(pool)


@pytest.mark.parametrize("instead", ["/nonexistent", "/bin/false"])
@on_a_loop
async def test_where_no_process_can_be_had_hashes_are_computed_here(
    pool: PasswordHasher, monkeypatch: pytest.MonkeyPatch, instead: str
) -> None:
    before = children(os.getpid())
    monkeypatch.setattr(sys, "executable", instead)
    for _ in range(2):
        assert (await pool.check(STORED, RIGHT)).matches
        assert not (await pool.check(STORED, WRONG)).matches
    assert children(os.getpid()) == before


def test_a_fault_there_is_raised_where_it_was_asked_and_the_process_goes_on(apart: HashesApart) -> None:
    with pytest.raises(RuntimeError, match="StopIteration"):
        apart.verify("a hash of no format", b"correct horse")
    assert apart.verify(STORED, RIGHT.reveal().encode())
