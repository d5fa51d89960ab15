"""The rules, whatever happens in whatever order."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from dragoman.core.throttle import Held, Holding, Outcome
from tests.throttle.guessers import Elapsed, attempt, in_memory, namer, policy

ACCOUNTS = ("ann", "bob")
ADDRESSES = ("192.0.2.1", "192.0.2.2", "2001:db8::1")
RULES = policy()


class Guessing(RuleBasedStateMachine):
    """People who know their password and people who guess, at once, with a clock that runs on.

    The model of each half of an account's allowance (known or not) is the row of failures that were verified in it.
    """

    tickets = Bundle("tickets")

    def __init__(self) -> None:
        super().__init__()
        self.elapsed = Elapsed()
        self.counters = in_memory(RULES, self.elapsed)
        self.namer = namer()
        halves = [(account, known) for account in ACCOUNTS for known in (True, False)]
        self.row = dict.fromkeys(halves, 0)
        self.latest = dict.fromkeys(halves, 0.0)
        self.open = dict.fromkeys(halves, 0)
        self.at_address: dict[str, list[float]] = {address: [] for address in ADDRESSES}

    @rule(target=tickets, account=st.sampled_from(ACCOUNTS), address=st.sampled_from(ADDRESSES), known=st.booleans())
    def begin(self, account: str, address: str, known: bool):
        answer = self.counters.take(self.namer.keys(attempt(account, known=known, address=address)))
        if isinstance(answer, Holding):
            self.may_be_held(account, address, known, answer)
            return None
        self.open[account, answer.known] += 1
        return account, address, answer, self.elapsed.now

    def may_be_held(self, account: str, address: str, known: bool, answer: Holding):
        assert not known or self.row[account, True] + self.open[account, True] >= RULES.known.free
        recent = [one for one in self.at_address[address] if one > self.elapsed.now - RULES.address.memory]
        assert answer.by is not Held.ADDRESS or len(recent) >= RULES.address.most

    @rule(ticket=consumes(tickets), outcome=st.sampled_from(Outcome))
    def end(self, ticket: tuple | None, outcome: Outcome):
        if ticket is None:
            return
        account, address, reserved, since = ticket
        self.open[account, reserved.known] -= 1
        dead = self.elapsed.now - since >= RULES.lease
        self.counters.settle(reserved, outcome)
        if dead or outcome is Outcome.WRONG:
            at = since + RULES.lease if dead else self.elapsed.now
            self.fails(account, reserved.known, at)
            self.at_address[address].append(at)
        if outcome is Outcome.RIGHT:
            self.row[account, True] = self.row[account, False] = 0

    def fails(self, account: str, known: bool, now: float):
        half = account, known
        if now - self.latest[half] >= RULES.strangers.memory:
            self.row[half] = 0
        self.row[half] += 1
        self.latest[half] = max(now, self.latest[half])

    @rule(seconds=st.sampled_from([0.5, 2.0, 29.0, 31.0, 450.0, 900.0]))
    def wait(self, seconds: float):
        self.elapsed.now += seconds

    @rule(
        account=st.sampled_from(ACCOUNTS), known=st.booleans(), count=st.integers(1, 30), wait=st.sampled_from([0, 901])
    )
    def hammer(self, account: str, known: bool, count: int, wait: int):
        for number in range(count):
            keys = self.namer.keys(attempt(account, known=known, address=f"198.51.{number % 200}.{count}"))
            answer = self.counters.take(keys)
            if not isinstance(answer, Holding):
                self.counters.settle(answer, Outcome.WRONG)
                self.fails(account, answer.known, self.elapsed.now)
            self.elapsed.now += wait

    @invariant()
    def no_row_is_longer_than_its_limit(self):
        for (_, known), row in self.row.items():
            assert row <= (RULES.known if known else RULES.strangers).most


TestGuessing = Guessing.TestCase
TestGuessing.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
