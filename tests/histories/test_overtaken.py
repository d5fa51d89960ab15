"""A refresh token that was live when it was presented, and spent by others before its own request came to that."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from dragoman.config.reading import read_configuration
from tests.cli.keeping import make_site
from tests.store.store_cast import blocked, session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.keeping import Asking, Site
    from tests.postgresql import Cluster


@pytest.fixture
def site(postgresql: Cluster, tmp_path: Path) -> Iterator[Site]:
    with postgresql.new_database() as name:
        yield make_site(tmp_path / "server", postgresql, name)


def overtaken(site: Site, server: Asking, presented: dict, times: int) -> tuple[int, dict]:
    """What it is answered if others rotate so often between its judgement and its own statement."""

    async def scenario() -> tuple[int, dict]:
        async with session(read_configuration(site.folder.file).location()) as others:
            await others.execute("BEGIN")
            await others.execute("SELECT 1 FROM grants FOR UPDATE")
            asking = asyncio.create_task(asyncio.to_thread(server.refresh, presented))
            await blocked(others, 1)
            advance = "UPDATE grants SET generation = generation + $1, rotated_at = extract(epoch FROM now())::bigint"
            await others.execute(advance, times)
            await others.execute("COMMIT")
            return await asking

    return asyncio.run(scenario())


def session_of(site: Site) -> dict:
    (one,) = site.folder.done("token", "list", "--user", "ann", "--json").json
    return one


def test_overtaken_once_it_is_answered_as_a_retry(site: Site):
    with site.serving() as server:
        status, answer = overtaken(site, server, server.log_in(), 1)
        assert status == 200
        assert server.refresh(answer)[0] == 200


@pytest.mark.parametrize("times", [2, 3])
def test_overtaken_farther_it_is_refused_and_nobody_is_logged_out(site: Site, times: int):
    with site.serving() as server:
        status, refused = overtaken(site, server, server.log_in(), times)
        assert (status, refused["error"]) == (400, "invalid_grant")
        assert session_of(site)["revoked_because"] is None


def test_presented_again_it_is_a_replay(site: Site):
    with site.serving() as server:
        first = server.log_in()
        overtaken(site, server, first, 2)
        assert server.refresh(first)[0] == 400
        assert session_of(site)["revoked_because"] == "refresh_token_reuse"


def test_a_client_without_a_grace_window_is_logged_out_and_the_report_knows_how_it_looked(site: Site):
    site.folder.done("client", "update", "app", "--grace", 0)
    with site.serving() as server:
        assert overtaken(site, server, server.log_in(), 2)[0] == 400
    assert session_of(site)["revoked_because"] == "refresh_token_reuse"
    (told,) = site.folder.done("token", "report", "--json").json
    assert (told["because"], told["sessions"], told["looked_like_retry"]) == ("refresh_token_reuse", 1, 1)
