import asyncio

import pytest

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.model import Client
from dragoman.store.cache.clients import CachedClients


class Registry:
    """Clients that count how often they are asked."""

    def __init__(self, *clients: Client) -> None:
        self.clients = {client.id: client for client in clients}
        self.asked: list[str] = []
        self.down = False

    async def find_client(self, client_id: str) -> Client | None:
        self.asked.append(client_id)
        if self.down:
            raise OAuthError(Refusal.TEMPORARILY_UNAVAILABLE)
        return self.clients.get(client_id)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


APP = Client(id="app", name="App")


def test_a_client_is_read_once_within_the_staleness() -> None:
    registry, clock = Registry(APP), Clock()
    cached = CachedClients(registry, clock)

    async def scenario() -> None:
        for _ in range(10):
            assert await cached.find_client("app") == APP
            assert await cached.find_client("nobody") is None
        assert registry.asked == ["app", "nobody"]
        clock.now += 0.999
        await cached.find_client("app")
        assert registry.asked == ["app", "nobody"]
        clock.now += 0.001
        await cached.find_client("app")
        await cached.find_client("nobody")
        assert registry.asked == ["app", "nobody", "app", "nobody"]

    asyncio.run(scenario())


def test_a_change_is_seen_after_the_staleness() -> None:
    registry, clock = Registry(APP), Clock()
    cached = CachedClients(registry, clock, staleness=5)

    async def scenario() -> None:
        assert await cached.find_client("app") == APP
        assert await cached.find_client("new") is None
        registry.clients = {"new": Client(id="new", name="New")}
        clock.now += 5
        assert await cached.find_client("app") is None
        assert await cached.find_client("new") == Client(id="new", name="New")

    asyncio.run(scenario())


def test_inventing_ids_pushes_no_client_out_and_fills_no_memory() -> None:
    registry = Registry(APP)
    cached = CachedClients(registry, Clock(), size=8)

    async def scenario() -> None:
        await cached.find_client("app")
        for number in range(100):
            await cached.find_client(f"invented {number}")
        await cached.find_client("x" * 100_000)
        await cached.find_client("app")
        assert registry.asked.count("app") == 1
        assert len(cached._unknown) == 8
        assert max(map(len, cached._unknown)) < 100

    asyncio.run(scenario())


def test_known_clients_are_bounded_too() -> None:
    registry = Registry(*(Client(id=f"{number}", name="") for number in range(20)))
    cached = CachedClients(registry, Clock(), size=8)

    async def scenario() -> None:
        for number in range(20):
            assert await cached.find_client(f"{number}") is not None
        assert len(cached._known) == 8

    asyncio.run(scenario())


def test_a_refusal_is_passed_on_and_not_remembered() -> None:
    registry = Registry(APP)
    cached = CachedClients(registry, Clock())

    async def scenario() -> None:
        registry.down = True
        with pytest.raises(OAuthError):
            await cached.find_client("app")
        registry.down = False
        assert await cached.find_client("app") == APP

    asyncio.run(scenario())


def test_what_is_forgotten_is_read_again_at_once_and_the_rest_stays() -> None:
    registry, clock = Registry(APP, Client(id="other", name="Other")), Clock()
    cached = CachedClients(registry, clock, staleness=60)

    async def scenario() -> None:
        for client_id in ("app", "other", "new"):
            await cached.find_client(client_id)
        changed, new = Client(id="app", name="Changed"), Client(id="new", name="New")
        registry.clients |= {"app": changed, "new": new}
        cached.forget("app")
        cached.forget("new")
        cached.forget("never heard of")
        clock.now += 1
        assert await cached.find_client("app") == changed
        assert await cached.find_client("new") == new
        await cached.find_client("other")
        assert registry.asked == ["app", "other", "new", "app", "new"]
        cached.forget_all()
        clock.now += 1
        for client_id in ("app", "other", "new") * 2:
            await cached.find_client(client_id)
        assert registry.asked[5:] == ["app", "other", "new"]

    asyncio.run(scenario())


@pytest.mark.parametrize("forget", [lambda cached: cached.forget("app"), CachedClients.forget_all])
def test_a_look_up_that_was_under_way_when_the_client_changed_is_not_remembered(forget) -> None:
    clock = Clock()

    class Slow(Registry):
        async def find_client(self, client_id: str) -> Client | None:
            found = await super().find_client(client_id)
            await arrived.wait()
            return found

    async def scenario() -> None:
        looking = asyncio.create_task(cached.find_client("app"))
        await asyncio.sleep(0)
        registry.clients = {}
        clock.now += 1
        forget(cached)
        clock.now += 1
        arrived.set()
        assert await looking == APP
        assert await cached.find_client("app") is None
        assert await cached.find_client("app") is None
        assert registry.asked == ["app", "app"]

    registry = Slow(APP)
    cached = CachedClients(registry, clock, staleness=60)
    arrived = asyncio.Event()
    asyncio.run(scenario())


def test_a_shorter_staleness_holds_for_what_is_kept_already() -> None:
    registry, clock = Registry(APP), Clock()
    cached = CachedClients(registry, clock, staleness=60)

    async def scenario() -> None:
        await cached.find_client("app")
        clock.now += 30
        await cached.find_client("app")
        assert registry.asked == ["app"]
        cached.keep_for(1)
        await cached.find_client("app")
        assert registry.asked == ["app", "app"]
        cached.keep_for(60)
        clock.now += 59
        await cached.find_client("app")
        assert registry.asked == ["app", "app"]

    asyncio.run(scenario())


def test_forgetting_invented_ids_fills_no_memory() -> None:
    cached = CachedClients(Registry(APP), Clock(), staleness=60, size=8)
    for number in range(100):
        cached.forget(f"invented {number}")
    cached.forget("x" * 100_000)
    assert len(cached._forgotten) == 8
    assert max(map(len, cached._forgotten)) < 100
