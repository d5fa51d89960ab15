"""Guesses are counted before they are sent to the old server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec.structs import replace

from dragoman.config.settings import ThrottleTable
from tests.bridge.crossing import crossing
from tests.bridge.pairs import PATH, ROOT, TOLD, WRONG, says
from tests.old_servers import ANN, Talker, cast_of
from tests.shadow.watching import ask, credentials, password, refresh


def test_u13_u16_guesses_over_the_bridge_are_counted_before_they_are_sent(tmp_path: Path):
    strict = {
        "throttle": ThrottleTable(account_failures=3, account_limit=50, address_failures=1000, first_wait_seconds=900)
    }
    with (
        Talker(WRONG).listening() as talker,
        crossing(tmp_path / "ours", "standard", cast_of(), talker.url, further=strict, **TOLD) as crossed,
    ):
        with ThreadPoolExecutor(10) as pool:
            statuses = set(pool.map(lambda _: ask(crossed.url, PATH, password(ANN)).status, range(20)))
        assert statuses <= {400, 503}
        assert len(talker.requests) == 3
        asked = len(talker.requests)
        talker.answer = says(sub="owner-ann")
        assert ask(crossed.url, PATH, password(ANN)).status == 400  # held, although it would be right now
        assert len(talker.requests) == asked


def test_u09_u13_spellings_that_may_be_one_name_at_the_old_server_are_counted_together(tmp_path: Path):
    """To many a MySQL `ann`, `änn`, and `ann` with a sign of no weight behind it are the same name."""
    strict = {
        "throttle": ThrottleTable(account_failures=3, account_limit=50, address_failures=1000, first_wait_seconds=900)
    }
    spellings = ["ann", "änn", "ãnn", "aññ", "ann\ufe0f", "ann\ufe0f\ufe0f", "Ⱥnn", "a n n"]
    with (
        Talker(WRONG).listening() as talker,
        crossing(tmp_path / "ours", "standard", cast_of(), talker.url, further=strict, **TOLD) as crossed,
    ):
        for spelling in spellings:
            assert ask(crossed.url, PATH, password(replace(ANN, username=spelling))).status == 400
        assert len(talker.requests) == 3


def test_u12_guessed_refresh_tokens_count_for_their_address(tmp_path: Path):
    strict = {"throttle": ThrottleTable(address_failures=5)}
    with (
        Talker(WRONG).listening() as talker,
        crossing(tmp_path / "ours", "standard", cast_of(), talker.url, further=strict, **TOLD) as crossed,
    ):
        statuses = [ask(crossed.url, PATH, refresh(f"a-token-of-nobody-{number}")).status for number in range(8)]
        assert statuses == [400] * 5 + [429] * 3
        assert len(talker.requests) == 5


def test_signing_people_out_is_no_guessing(tmp_path: Path):
    strict = {"throttle": ThrottleTable(address_failures=2)}
    with (
        Talker(WRONG).listening() as talker,
        crossing(tmp_path / "ours", "standard", cast_of(ROOT), talker.url, further=strict, **TOLD) as crossed,
    ):
        for number in range(4):
            form = {"token": f"an-access-token-of-theirs-{number}", **credentials()}
            assert ask(crossed.url, "/oauth2/revoke", form).status == 200
        assert ask(crossed.url, PATH, password(ROOT)).status == 200
