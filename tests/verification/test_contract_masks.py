from __future__ import annotations

import pytest
from tiny_server import Contracts, TinyServer, exchange, jwt, only

SECRETS = ["s3cr&t=1", "s3cr%26t%3D1", "YXBwOnMzY3ImdD0x", "correct horse+battery", "correct+horse%2Bbattery"]


@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_is_in_a_difference(contracts: Contracts, server: TinyServer, secret: str):
    server.answer(f"you sent {secret} to us", 200, ("X-Echo", secret), ("X-Other", f"<{secret}>"))
    text = exchange("GET /", f"200\nX-Echo: {secret[:4]}\n\nyou said", more='absent = ["X-Other"]')
    verdict = only(contracts, server, text)
    assert len(verdict.differences) == 3
    assert secret not in repr(verdict.differences)
    assert all("«client." in one.actual or "«user.password»" in one.actual for one in verdict.differences)


def test_a_secret_that_differs_halfway_is_masked_as_a_whole(contracts: Contracts, server: TinyServer):
    server.answer("correct horse+battery")
    (difference,) = only(contracts, server, exchange("GET /", "200\n\ncorrect house")).differences
    assert difference.actual == "correct ho▶«user.password»"


def test_tokens_are_not_printed(contracts: Contracts, server: TinyServer):
    access, other = jwt({"n": 1}), "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4"
    server.answer(f'{{"access":"{access}","other":"{other}","again":"{access}"}}')
    (difference,) = only(contracts, server, exchange("GET /", '200\n\n{"access":"«access=jwt»","x":1}')).differences
    assert difference.actual == '{"access":"«access=jwt»","▶other":"Zm9v…(32 characters)","again":"«access»"}'


@pytest.mark.parametrize("filling", ["x", "x-", "-" + "x" * 60, "s3cr&t=1 "])
def test_an_answer_without_end_costs_no_more_than_what_is_shown(contracts: Contracts, server: TinyServer, filling: str):
    server.answer(filling * (3_000_000 // len(filling)) + "A")
    (difference,) = only(contracts, server, exchange("GET /", "200\n\ny")).differences
    assert len(difference.actual) <= 101
    assert "s3cr" not in difference.actual
