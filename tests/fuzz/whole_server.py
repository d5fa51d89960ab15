"""The whole application under damaged requests: an answer below 500, in time, and no fault in the log."""

from __future__ import annotations

import asyncio
import re
import time
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.core.model import RefreshPolicy
from tests.attacks.harness import DIALECTS, PASSWORD, Server, ask
from tests.fuzz.mutation import mutate_request
from tests.fuzz.requests import read_parts, seeds_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

_ACCEPTABLE = 500
_AT_ONCE = 8
"""Requests that run beside each other: what one leaves undone, another may stumble over."""
_FAVOUR = 5
_HEADER = re.compile(rb"[\x20-\x7e]*")


@dataclass(frozen=True, slots=True)
class Broken:
    """A request that was not answered as every request must be."""

    request: bytes
    why: str


def seeds_for(server: Server) -> list[bytes]:
    """The contracts' requests with a client, a person and tokens that this server knows."""
    client, username = server.add_client(refresh=RefreshPolicy.REUSE), server.add_owner(email="fuzz@corp.example")
    tokens, secret = server.log_in(client, username).document, server.secret_of(client)
    cast = {
        "id": client, "secret": secret, "basic": b64encode(f"{client}:{secret}".encode()).decode(), "name": client,
        "username": username, "password": PASSWORD, "owner": server.owner_id(username), "email": "fuzz@corp.example",
        "access": tokens["access_token"], "refresh": tokens["refresh_token"],
    }  # fmt: skip
    return [seed for dialect in DIALECTS for seed in seeds_of(dialect, cast, f"/{dialect}")]


def favour_granted(server: Server, seeds: Sequence[bytes]) -> list[bytes]:
    """The seeds, and those that the server grants a few times more: they reach furthest."""
    return [*seeds, *(seed for seed in seeds if _is_granted(server, seed) for _ in range(_FAVOUR))]


def _is_granted(server: Server, seed: bytes) -> bool:
    statuses: Counter[int] = Counter()
    return server.run(_ask(server, seed, statuses)) is None and statuses[200] == 1


def send_all(
    server: Server, seeds: Sequence[bytes], chance: Random, count: int
) -> tuple[list[Broken], float, Counter[int]]:
    """What was answered wrongly out of so many requests, the seconds of the slowest eight, and the answers by status."""
    statuses: Counter[int] = Counter()

    async def send() -> tuple[list[Broken], float]:
        broken, slowest = [], 0.0
        for begun in range(0, count, _AT_ONCE):
            texts = [next_request(chance, seeds) for _ in range(min(_AT_ONCE, count - begun))]
            began = time.perf_counter()
            told = await asyncio.gather(*(_ask(server, text, statuses) for text in texts))
            slowest = max(slowest, time.perf_counter() - began)
            broken += [Broken(text, why) for text, why in zip(texts, told, strict=True) if why]
        return broken, slowest

    broken, slowest = server.run(send())
    faults = [line for line in server.log_lines() if line.get("event") == "fault"]
    broken += [Broken(b"one of the last ones", str(line)) for line in faults]
    server.log.seek(0)
    server.log.truncate()
    return broken, slowest, statuses


def next_request(chance: Random, seeds: Sequence[bytes]) -> bytes:
    """One of ten as it is: it finds the server as the others left it."""
    seed = chance.choice(seeds)
    return mutate_request(chance, seed, seeds) if chance.randrange(10) else seed


async def _ask(server: Server, text: bytes, statuses: Counter[int]) -> str | None:
    parts = read_parts(text)
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in parts.headers]
    try:
        answer = await ask(
            server.application, parts.method, parts.path, query=parts.query, headers=headers, body=parts.body
        )
    except Exception as error:  # noqa: BLE001 (told with the request that caused it)
        return repr(error)
    statuses[answer.status] += 1
    if answer.status >= _ACCEPTABLE or b"Traceback" in answer.body:
        return f"{answer.status} {answer.body[:200]!r}"
    bad = [value for _, value in answer.headers if not _HEADER.fullmatch(value)]
    return f"header {bad[0]!r}" if bad else None
