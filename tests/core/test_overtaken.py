"""How a refresh token is judged that was live when it was presented, and spent by others before its turn came."""

from dataclasses import replace

import pytest
from tests.store.store_cast import NOW, new_grant

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.model import Client, RefreshHandle
from dragoman.core.refresh import RefreshTokenReuse, judge_overtaken

CLIENT = Client(id="app", name="App", grace=30)
GRANT = new_grant(generation=7, rotated_at=NOW)


def presented(behind: int) -> RefreshHandle:
    return RefreshHandle(grant_id=GRANT.id, generation=GRANT.generation - behind)


def test_overtaken_once_it_is_a_retry():
    assert judge_overtaken(GRANT, presented(1), CLIENT, NOW + 1) == GRANT


@pytest.mark.parametrize("behind", [2, 3])
def test_overtaken_farther_it_is_refused_and_shows_no_theft(behind: int):
    with pytest.raises(OAuthError) as refused:
        judge_overtaken(GRANT, presented(behind), CLIENT, NOW + 1)
    assert refused.value.refusal is Refusal.REVOKED_REFRESH_TOKEN
    assert not isinstance(refused.value, RefreshTokenReuse)


def test_a_client_without_a_grace_window_takes_it_for_theft():
    with pytest.raises(RefreshTokenReuse) as reuse:
        judge_overtaken(GRANT, presented(2), replace(CLIENT, grace=0), NOW + 1)
    assert reuse.value.overtaken
    assert reuse.value.behind == 2
