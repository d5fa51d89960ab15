"""Who waits for a slot: in turn by client, inside a client by address, and the greediest give way when it is full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

Item = TypeVar("Item")


class WaitingLine(Generic[Item]):
    """At most `most` items. Belongs to whoever holds the lock around it.

    The next one is the first of the client whose turn it is, and of that client's address whose turn it is: however
    many one of them sends, the others wait for a round and no longer. When it is full, the newest of the client that
    has most gives way to a client with fewer, and the same inside a client; the newest, since it has lost least.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._length = 0
        self._clients: dict[str, dict[str, dict[Item, None]]] = {}
        self._counts: dict[str, int] = {}

    def __len__(self) -> int:
        """How many wait."""
        return self._length

    def has_place(self, client: str, address: str) -> bool:
        """Whether somebody from there could join, be it that another gives way."""
        return self._length < self._most or self._most_greedy(client, address) is not None

    def join(self, client: str, address: str, item: Item) -> Item | None:
        """Stand in line; whoever had to leave it, which is the item itself if there is no place for it."""
        gone = None
        if self._length >= self._most:
            place = self._most_greedy(client, address)
            if place is None:
                return item
            gone = next(reversed(self._clients[place[0]][place[1]]))
            self.leave(*place, gone)
        self._clients.setdefault(client, {}).setdefault(address, {})[item] = None
        self._counts[client] = self._counts.get(client, 0) + 1
        self._length += 1
        return gone

    def next(self) -> Item | None:
        """Whose turn it is, taken out; None if nobody waits."""
        for client, addresses in self._clients.items():
            for address, items in addresses.items():
                item = next(iter(items))
                self.leave(client, address, item)
                _to_the_end(addresses, address)
                _to_the_end(self._clients, client)
                return item
        return None

    def leave(self, client: str, address: str, item: Item) -> bool:
        """Give the place up; False if it was not in line any more."""
        addresses = self._clients.get(client, {})
        items = addresses.get(address, {})
        if item not in items:
            return False
        del items[item]
        if not items:
            del addresses[address]
        self._length -= 1
        self._counts[client] -= 1
        if not addresses:
            del self._clients[client], self._counts[client]
        return True

    def _most_greedy(self, client: str, address: str) -> tuple[str, str] | None:
        """Who has so much more than the newcomer that giving way leaves them no worse off than him; None if nobody."""
        if not self._length:
            return None
        greedy = max(self._counts, key=self._counts.__getitem__)
        if self._counts[greedy] > self._counts.get(client, 0) + 1:
            return greedy, _longest(self._clients[greedy])
        own = self._clients.get(client)
        if own is None:
            return None
        crowded = _longest(own)
        return (client, crowded) if len(own[crowded]) > len(own.get(address, ())) + 1 else None


def _longest(addresses: Mapping[str, Mapping[Item, None]]) -> str:
    return max(addresses, key=lambda address: len(addresses[address]))


def _to_the_end(turns: dict[str, Item], name: str) -> None:
    if name in turns:
        turns[name] = turns.pop(name)
