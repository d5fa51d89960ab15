"""Whatever happens between the mirror and the store: no token without its row, and nobody is logged out."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec
import pytest

from dragoman.config.mirror import MirrorTable
from dragoman.core.model import RefreshPolicy
from dragoman.mirror import mirror as mirroring
from dragoman.tokens.identifiers import read_token_id
from tests.attacks.harness import FORM, START, ask, configuration_of, running
from tests.directories.test_liars import CANARY, LIES, _liar
from tests.mirror.conftest import mirrored
from tests.mirror.laravel import MariaDbLaravel, SqliteLaravel, documented
from tests.old_servers import ANN, cast_of, old_server
from tests.processes import wait_until
from tests.shadow.watching import ask as shadowed
from tests.shadow.watching import password, watching

if TYPE_CHECKING:
    import socket
    import threading
    from pathlib import Path

    from tests.mariadb import MariaDb
    from tests.mirror.conftest import Story


@pytest.mark.parametrize("policy", RefreshPolicy)
def test_a_session_that_ends_while_its_row_is_written_gets_no_token(file_story: Story, policy: RefreshPolicy):
    story, client_id = file_story, file_story.database.client_id
    story.server.change_client(client_id, refresh=policy)
    first = story.log_in(story.add_user(10)).document
    (grant,) = story.server.grants(client_id)
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    body = urlencode({**story.server.credentials(client_id), **form}).encode()

    async def its_serial_is_taken() -> bool:
        return (await story.server.tool.find_grant(grant.id)).issued > 1

    async def race(lock: sqlite3.Connection):
        lock.execute("BEGIN IMMEDIATE")
        headers = [("Content-Type", FORM)]
        asked = asyncio.ensure_future(ask(story.server.application, "POST", story.path, headers=headers, body=body))
        if policy is RefreshPolicy.REUSE:  # then the serial is taken first, and the row waits for the lock
            async with asyncio.timeout(60):
                while not await its_serial_is_taken():  # noqa: ASYNC110 (the store sets no event)
                    await asyncio.sleep(0.01)
        assert await story.server.tool.revoke_grant(grant.id, START, "signed_out")
        lock.rollback()
        return await asked

    with closing(sqlite3.connect(story.database.path, isolation_level=None)) as lock:
        answer = story.server.run(race(lock))
    assert answer.status >= 400
    assert "access_token" not in answer.document
    story.ends(first["access_token"])


def test_where_the_refresh_token_stays_the_same_each_token_has_its_row(file_story: Story):
    story = file_story
    story.server.change_client(story.database.client_id, refresh=RefreshPolicy.REUSE, refresh_ends_access_token=True)
    first = story.log_in(story.add_user(10)).document
    tokens = [story.refresh(first["refresh_token"]).document["access_token"] for _ in range(3)]
    assert story.api.lets_in(tokens[2])
    for ended in (first["access_token"], *tokens[:2]):
        story.ends(ended)
    assert story.api.lets_in(tokens[2])


def test_nothing_is_shown_of_what_others_could_not_look_up(file_story: Story):
    story, client_id = file_story, file_story.database.client_id
    ann = story.add_user(10)
    assert story.server.log_in(client_id, ann).status == 200  # a mount that is not named
    story.server.change_client(client_id, token_format="opaque")
    assert story.log_in(ann).status == 200
    assert story.database.rows() == []


def test_a_token_in_our_own_shape_has_a_row_as_well(file_story: Story):
    story, client_id = file_story, file_story.database.client_id
    story.server.change_client(client_id, token_format="at+jwt")
    token = story.log_in(story.add_user(10)).document["access_token"]
    (row,) = story.database.rows()
    assert len(row["id"]) == 22
    story.revoke(token)
    story.becomes(lambda: story.database.rows()[0]["revoked"])


def test_rows_are_taken_away_a_day_after_their_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mirroring, "_PURGE_SECONDS", 0.05)
    database = SqliteLaravel(12, tmp_path / "laravel.sqlite")
    with mirrored(database, tmp_path) as story:
        ann = story.add_user(10)
        old = story.log_in(ann).document["access_token"]
        story.server.clock.now += 3600 + 86400 - 10
        new = story.log_in(ann).document["access_token"]
        story.server.run(asyncio.sleep(0.2))
        assert len(database.rows()) == 2
        story.server.clock.now += 60
        story.becomes(lambda: story.api.row(old) is None)
        assert story.api.row(new) is not None


def test_what_ended_before_there_was_a_mirror_is_told_at_its_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mirroring, "_AT_ONCE", 4)
    database = SqliteLaravel(12, tmp_path / "laravel.sqlite")
    with mirrored(database, tmp_path) as story:
        configuration, api, ann = story.server.configuration, story.api, story.add_user(10)
        tokens = [story.log_in(ann).document["access_token"] for _ in range(11)]
        single = story.for_itself().document["access_token"]
    with running(msgspec.structs.replace(configuration, mirror=MirrorTable())) as server:
        server.run(server.tool.administration.revoke_grants_of_subject("10", START, "signed_out"))
        token_id = read_token_id(api.claims(single)["jti"])
        server.run(server.tool.revoke_access_token(token_id, None, START + 3600, START))
    assert all(map(api.lets_in, (*tokens[:3], single)))
    with running(configuration) as server:
        ended = iter((*tokens, single))
        token = next(ended)
        wait_until(lambda: (server.run(asyncio.sleep(0.05)), not api.lets_in(token))[1])
        for token in ended:
            wait_until(lambda token=token: not api.lets_in(token) or server.run(asyncio.sleep(0.05)))


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_mirror_that_is_dead_or_lies_is_503_in_time_and_nothing_is_spent(tmp_path: Path, scheme: str):
    lies = ["silent", "hangs up", "ones"]

    def speak(connection: socket.socket, stop: threading.Event) -> None:
        LIES[lies[0]](connection, stop)

    with _liar(speak) as port:
        given = documented(scheme) | {"url": f"{scheme}://u:{CANARY}@127.0.0.1:{port}/d", "timeout_seconds": 1}
        table = msgspec.convert(given | {"dialects": ["passport-12"]}, MirrorTable)
        with running(configuration_of(tmp_path, mirror=table)) as server:
            client, ann = server.add_client(id="2"), server.add_owner(id="10")
            form = {
                "grant_type": "password", "username": ann, "password": "correct horse battery",
                **server.credentials(client),
            }  # fmt: skip
            for _ in range(3):
                with server.nothing_issued():
                    answer = server.form("/passport-12/oauth/token", form)
                assert answer.status == 503
                assert int(answer.header("Retry-After")) > 0
                lies.append(lies.pop(0))
            assert [line["reason"] for line in server.log_lines() if line["event"] == "mirror_away"]
            assert CANARY.encode() not in server.log.getvalue()
            assert server.log_in(client, ann).status == 200  # who needs no mirror notices nothing


def test_connections_that_were_cut_meanwhile_are_no_reason_to_refuse(tmp_path: Path, mariadb: MariaDb):
    with mariadb.new_database() as name:
        database = MariaDbLaravel(12, mariadb, name)
        with mirrored(database, tmp_path) as story:
            ann = story.add_user(10)
            first = story.log_in(ann).document
            cut = mariadb.query(f"SELECT id FROM information_schema.processlist WHERE db = '{name}'", "mysql")
            assert cut
            mariadb.run(*(f"KILL {one['id']}" for one in cut))
            assert story.api.lets_in(story.refresh(first["refresh_token"]).document["access_token"])


def test_a_mount_in_shadow_writes_nothing(tmp_path: Path):
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    ours.mkdir()
    database = SqliteLaravel(12, tmp_path / "laravel.sqlite")
    cast = cast_of(ANN)
    with (
        old_server(theirs, "passport-12", cast) as url,
        watching(ours, "passport-12", cast, url, further={"mirror": database.table()}) as watched,
    ):
        assert shadowed(watched.url, "/oauth/token", password(ANN)).status == 200
        assert watched.exchanges(1).compared is not None
        assert database.rows() == []
