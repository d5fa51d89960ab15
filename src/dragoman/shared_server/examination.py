"""Looks at the shared server and changes nothing: for `dragoman doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.core.ip_address import is_this_machine
from dragoman.shared_server.connection import connected
from dragoman.shared_server.faults import Away
from dragoman.shared_server.hints import channel_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dragoman.shared_server.address import Address
    from dragoman.shared_server.connection import Connection

_SECONDS = 2.0
_OLDEST = (6, 2)
"""Of Redis; every Valkey is younger."""
_MESSAGE = "doctor"
"""No hint: whoever listens passes it over."""
_MESSAGES_AWAITED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What was found."""

    version: str
    """Its name and version, as far as it tells them."""
    warnings: tuple[tuple[str, str], ...]
    """A sentence and a remedy each."""


async def examine(address: Address, prefix: str) -> Examined:
    """Whether hints arrive, and what could be better. Raises Away."""
    async with connected(address, _SECONDS) as asking, connected(address, _SECONDS) as listening:
        await _try_hints(asking, listening, channel_of(prefix))
        try:
            facts = _read_facts(await asking.ask("INFO"))
        except Away as away:
            facts = {}
            unseen = [(f"nothing more can be seen of it: {away}", "let its user run INFO")]
        else:
            unseen = []
    return Examined(version=_version(facts), warnings=(*unseen, *_warnings(address, facts)))


async def _try_hints(asking: Connection, listening: Connection, channel: str) -> None:
    """Send one message that means nothing, and wait for it. Raises Away."""
    await listening.ask("SUBSCRIBE", channel)
    await asking.ask("PUBLISH", channel, _MESSAGE)
    for _ in range(_MESSAGES_AWAITED):
        match await listening.read(_SECONDS):
            case [b"message", _, bytes(text)] if text == _MESSAGE.encode():
                return
            case None:
                break
    raise Away("it takes messages and does not pass them on")


def _read_facts(answer: object) -> Mapping[str, str]:
    """What INFO says: a fact on each line, `name:value`."""
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else ""
    pairs = (line.partition(":") for line in text.splitlines())
    return {name: value for name, colon, value in pairs if colon}


def _version(facts: Mapping[str, str]) -> str:
    if "valkey_version" in facts:
        return f"Valkey {facts['valkey_version']}"
    return f"Redis {facts['redis_version']}" if "redis_version" in facts else "of an unknown version"


def _warnings(address: Address, facts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if address.tls is None and not is_this_machine(address.host):
        yield "its password and all hints travel without TLS", "write its address with rediss://"
    if address.password is None:
        yield "whoever reaches it may use it: it asks for no password", "give it one, and write it into its address"
    if _number(facts.get("redis_version", "")) < _OLDEST and "redis_version" in facts:
        yield "it is older than what Dragoman is tested with", "use Redis 6.2 or later, or Valkey"
    if facts.get("role") == "slave":
        yield "it is a replica: others may announce elsewhere, and nothing can be kept in it", "name the primary"
    if facts.get("maxmemory", "0") != "0" and facts.get("maxmemory_policy") == "noeviction":
        yield "when it is full it refuses everything new", "set its maxmemory-policy to volatile-ttl"


def _number(version: str) -> tuple[int, ...]:
    parts = version.split(".")[:2]
    return tuple(map(int, parts)) if all(part.isdecimal() for part in parts) else ()
