"""Counters in a Redis or Valkey, for all machines together; where it is of no use now, that is told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dragoman.core.throttle import Alarm, Held, Holding, Standing, Standings, Verdict, Wrong
from dragoman.throttle.counters import BUSY, Reserved

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dragoman.core.throttle import Limits, Outcome, Policy
    from dragoman.throttle.keys import Keys
    from dragoman.throttle.script_server import ScriptServer

_MOST_NAMES: Final = 1_000_000
"""About 150 bytes each."""
_COMMON: Final = 1024
_ALARMS: Final = ((1, Alarm.ADDRESS_HELD), (2, Alarm.ACCOUNT_CLOSED), (4, Alarm.CLIENT_GUESSED_AT))


class RemoteCounters:
    """The same verbs as `counters.Counters`; each answers None where the server is of no use now."""

    def __init__(self, server: ScriptServer, policy: Policy, prefix: str, most_names: int = _MOST_NAMES) -> None:
        """Names at the server begin with `prefix`; beyond `most_names` of them new ones share theirs."""
        self._server = server
        self._policy = policy
        self._prefix = f"{prefix}:throttle"
        self._most_names = most_names

    async def take(self, keys: Keys) -> Reserved | Holding | None:
        """Reserve one guess, where the account and the address allow it."""
        match await self._call("take", keys):
            case [b"admitted", _, int(known), int(common_account), int(common_address)]:
                return Reserved(
                    keys=keys,
                    known=bool(known),
                    common_account=bool(common_account),
                    common_address=bool(common_address),
                )
            case [b"account", *_]:
                return Holding(by=Held.ACCOUNT, retry_after=1)
            case [b"address", int(seconds), *_]:
                return Holding(by=Held.ADDRESS, retry_after=seconds)
            case [b"busy", *_]:
                return BUSY
        return None

    async def settle(self, ticket: Reserved, outcome: Outcome) -> tuple[Alarm, ...] | None:
        """Say what became of it; what somebody should look at."""
        match await self._call("settle", ticket.keys, ticket, outcome.value):
            case int(alarms):
                return _alarms(alarms)
        return None

    async def count_wrong_secret(self, keys: Keys) -> Wrong | None:
        """One more wrong secret of a client; whether its address is held now."""
        match await self._call("count", keys):
            case [int(held_for), int(alarms)]:
                return Wrong(alarms=_alarms(alarms), held_for=held_for or None)
        return None

    async def look(self, keys: Keys) -> Standings | None:
        """How the counters of an attempt stand; nothing is changed."""
        match await self._call("look", keys):
            case [known, strangers, address, client]:
                return Standings(
                    known=_standing(known),
                    strangers=_standing(strangers),
                    address=_standing(address),
                    client=_standing(client),
                )
        return None

    async def close(self) -> None:
        """Let go of its connections."""
        await self._server.close()

    async def _call(self, verb: str, keys: Keys, ticket: Reserved | None = None, outcome: str = "") -> object:
        policy = self._policy
        flags = (keys.known, *((False,) * 3 if ticket is None else _flags(ticket)))
        address = policy.shared_address if keys.shared_address else policy.address
        numbers = (
            *(str(int(flag)) for flag in flags),
            outcome,
            *(text for one in (policy.known, policy.strangers, address, policy.client) for text in _numbers(one)),
        )
        names = self._names(keys)
        words = (str(len(names)), *names, verb, str(policy.lease), str(self._most_names), *numbers)
        return await self._server.ask(words)

    def _names(self, keys: Keys) -> Sequence[str]:
        account, address = keys.account.hex(), keys.address.hex()
        common = [int.from_bytes(key[:2], "big") % _COMMON for key in (keys.account, keys.address)]
        return tuple(
            f"{self._prefix}:{name}"
            for name in (
                f"known:{account}",
                f"account:{account}",
                f"address:{address}",
                f"client:{keys.client.hex()}",
                "names",
                f"account:common:{common[0]}",
                f"address:common:{common[1]}",
            )
        )


def _flags(ticket: Reserved) -> tuple[bool, bool, bool]:
    return ticket.known, ticket.common_account, ticket.common_address


def _numbers(limits: Limits) -> Iterator[str]:
    yield from map(str, (limits.free, limits.most, limits.first_wait, limits.longest_wait, limits.memory))
    yield str(int(limits.since_first))


def _standing(told: object) -> Standing:
    match told:
        case [int(failures), int(checking), bytes(verdict), int(closed_for), int(since)]:
            return Standing(
                failures=failures,
                checking=checking,
                verdict=Verdict(verdict.decode()),
                closed_for=closed_for,
                since=since,
            )
    raise TypeError("the script has not told how a counter stands")


def _alarms(bits: int) -> tuple[Alarm, ...]:
    return tuple(alarm for bit, alarm in _ALARMS if bits & bit)
