"""What the doctor finds in time, keys, certificates and limits; and how the time is reset."""

from __future__ import annotations

import json
import resource
import sqlite3
import time
from contextlib import closing

import pytest

from tests.certificates import write_certificate
from tests.cli.commanding import Folder
from tests.cli.keeping import Site, site

__all__ = ["site"]  # a fixture


def found(folder: Folder, check: str) -> list[tuple[str, str]]:
    told = json.loads(folder.run("doctor", "--json").out)["findings"]
    return [(one["state"], f"{one['text']}; {one['remedy']}") for one in told if one["check"] == check]


def states(folder: Folder, check: str) -> list[str]:
    return [state for state, _ in found(folder, check)]


@pytest.mark.parametrize(("days", "state"), [(-1, "problem"), (3, "warning"), (90, "ok")])
def test_a_certificate_that_ends_is_told_in_time(folder: Folder, days: int, state: str):
    write_certificate(folder.path / "chain.pem", "login.example.com", days)
    folder.change(tls_certificate='tls_certificate = "chain.pem"', tls_key='tls_key = "chain.pem"')
    told = found(folder, "tls")
    assert [one for one, _ in told] == [state]
    assert state == "ok" or "SIGHUP" in told[0][1]  # whoever renews it need end nobody's requests


def test_a_key_of_last_year_is_to_be_rotated(folder: Folder):
    for file in (folder.path / "keys").glob("*.json"):
        key = json.loads(file.read_text())
        moved = {name: key[name] - 400 * 86400 for name in ("created_at", "active_from") if name in key}
        file.write_text(json.dumps({**key, **moved}))
    told = [text for state, text in found(folder, "keys") if state == "warning"]
    assert len(told) == 3
    for text in told:
        folder.done(*text.partition("`dragoman ")[2].partition("`")[0].split())
    assert [text for _, text in found(folder, "keys") if "waiting" in text] == []


def test_too_few_files_are_told(folder: Folder):
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        assert states(folder, "files") == ["warning"]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert states(folder, "files") == ["ok"]


def set_latest(site: Site, text: str) -> None:
    statement = f"UPDATE installation SET value = '{text}' WHERE name = 'latest time'"
    if site.cluster is None:
        with closing(sqlite3.connect(site.folder.path / "dragoman.db")) as connection, connection:
            assert connection.execute(statement).rowcount == 1
    else:
        name = site.folder.file.read_text().rpartition("/dragoman_")[2].partition("?")[0]
        site.cluster.run(statement, database=f"dragoman_{name}")


def test_a_time_far_ahead_is_told_and_can_be_reset(site: Site):
    with site.serving() as server:
        first = server.log_in()
        assert "in use" in site.folder.run("doctor", "--reset-clock").fault
    assert "problem" not in states(site.folder, "clock")
    set_latest(site, f"{int(time.time()) + 86400:012d}")
    state, text = found(site.folder, "clock")[-1]
    assert state == "problem"
    assert "dragoman doctor --reset-clock" in text
    reset = site.folder.run("doctor", "--reset-clock", "--json")
    assert reset.status == 0
    assert "sessions ended: 0" in reset.err
    assert "problem" not in states(site.folder, "clock")
    with site.serving() as server:
        server.refreshed(first)
        assert server.is_active(server.for_itself())


def test_a_restore_in_a_time_far_ahead_can_be_reset_too(site: Site):
    with site.serving():
        pass
    set_latest(site, f"{int(time.time()) + 86400:012d}")
    site.folder.done("restore", "--in-place", "--yes")
    site.folder.run("doctor", "--reset-clock")
    with site.serving() as server:
        assert server.is_active(server.for_itself())
        assert server.is_active(server.log_in())
