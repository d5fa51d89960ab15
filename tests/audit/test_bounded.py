"""Whoever floods a server with requests that cost nothing does not fill the audit, and hides nothing in it either."""

from __future__ import annotations

import asyncio

import pytest

from dragoman.audit.bounded import FREE_OF_CHARGE, NOT_LISTED, BoundedAudit
from dragoman.core.errors import Refusal
from tests.audit.writing import event

MOST = 3


class Kept:
    """An audit in memory."""

    def __init__(self) -> None:
        self.events = []

    def record(self, one) -> None:
        self.events.append(one)

    def of(self, name: str) -> list:
        return [one for one in self.events if one.name == name]


def refused(refusal: Refusal, name: str = "token_refused", dialect: str = "standard"):
    return event(1, name=name, dialect=dialect, client_id=None, facts={"refusal": refusal.value, "detail": ""})


def test_of_a_flood_some_have_a_line_and_the_others_are_counted_in_one():
    kept = Kept()
    audit = BoundedAudit(kept, MOST)
    for _ in range(1000):
        audit.record(refused(Refusal.BODY_TOO_LARGE))
    assert len(kept.events) == MOST
    audit.sum_up()
    [told] = kept.of(NOT_LISTED)
    assert told.dialect == "standard"
    assert told.facts == {"of": "token_refused", "refusal": "body_too_large", "requests": 997}


def test_a_flood_of_one_kind_hides_no_other():
    kept = Kept()
    audit = BoundedAudit(kept, MOST)
    for _ in range(1000):
        audit.record(refused(Refusal.METHOD_NOT_ALLOWED))
    others = (
        refused(Refusal.PARAMETER_IN_QUERY),
        refused(Refusal.METHOD_NOT_ALLOWED, name="revocation_refused"),
        refused(Refusal.METHOD_NOT_ALLOWED, dialect="axosoft"),
        event(7, name="token_refused", facts={"refusal": "method_not_allowed", "detail": ""}),
    )
    for one in others:
        audit.record(one)
    assert kept.events[-4:] == [*others]


def test_after_a_sum_lines_begin_anew_and_without_a_flood_there_is_none():
    kept = Kept()
    audit = BoundedAudit(kept, MOST)
    for _ in range(2):
        for _ in range(MOST):
            audit.record(refused(Refusal.MALFORMED_REQUEST))
        audit.sum_up()
    assert len(kept.of("token_refused")) == 2 * MOST
    assert kept.of(NOT_LISTED) == []


@pytest.mark.parametrize("refusal", sorted(set(Refusal) - FREE_OF_CHARGE))
def test_each_guess_at_a_secret_and_whatever_the_server_has_judged_has_its_line(refusal: Refusal):
    kept = Kept()
    audit = BoundedAudit(kept, MOST)
    for _ in range(10 * MOST):
        audit.record(refused(refusal))
    assert len(kept.events) == 10 * MOST


def test_who_is_held_is_listed_a_few_times_and_each_guess_that_was_checked_always():
    kept = Kept()
    audit = BoundedAudit(kept, MOST)
    held = event(1, name="token_refused", facts={"refusal": "wrong_credentials", "detail": "throttled: account"})
    checked = event(1, name="token_refused", facts={"refusal": "wrong_credentials", "detail": "wrong password"})
    for _ in range(100):
        audit.record(held)
        audit.record(checked)
    audit.sum_up()
    [told] = kept.of(NOT_LISTED)
    assert told.client_id == "client-1"
    assert told.facts == {
        "of": "token_refused", "refusal": "wrong_credentials", "detail": "throttled: account", "requests": 100 - MOST,
    }  # fmt: skip
    assert kept.events.count(checked) == 100


def test_an_alarm_is_never_counted_only():
    kept = Kept()
    audit = BoundedAudit(kept, MOST)
    alarm = event(1, name="token_refused", alarm=True, facts={"refusal": "too_many_requests"})
    for _ in range(100):
        audit.record(alarm)
    assert kept.events.count(alarm) == 100


def test_what_was_issued_is_never_counted_only():
    kept = Kept()
    audit = BoundedAudit(kept, MOST)
    for number in range(10 * MOST):
        audit.record(event(number))
    assert len(kept.events) == 10 * MOST


def test_at_its_end_a_server_tells_what_has_no_line():
    kept = Kept()
    audit = BoundedAudit(kept, MOST)

    async def serve() -> None:
        summing = asyncio.create_task(audit.keep_summing_up())
        await asyncio.sleep(0)
        for _ in range(MOST + 1):
            audit.record(refused(Refusal.TOO_MANY_REQUESTS))
        summing.cancel()
        await asyncio.wait([summing])

    asyncio.run(serve())
    assert [one.facts["requests"] for one in kept.of(NOT_LISTED)] == [1]
