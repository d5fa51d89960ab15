"""An export moves a server from one database to another: what was live goes on, what was spent or revoked does not."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import time
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dragoman.config.reading import read_configuration
from dragoman.store.backup import export
from tests.cli.commanding import PROGRAM, Folder, make_folder
from tests.cli.keeping import Site, post_bare, site

if TYPE_CHECKING:
    from tests.postgresql import Cluster

__all__ = ["site"]  # a fixture


@pytest.fixture
def moved(site: Site, postgresql: Cluster, tmp_path: Path):
    """The same server's configuration with an empty database of the other kind."""
    folder = Folder(tmp_path / "moved")
    folder.path.mkdir()
    folder.file.write_text(site.folder.file.read_text())
    if site.cluster is None:
        with postgresql.new_database() as name:
            folder.change(database=f"database = {json.dumps(postgresql.url(name).reveal())}")
            yield Site(folder=folder, secret=site.secret, cluster=postgresql)
    else:
        folder.change(database='database = "dragoman.db"')
        yield Site(folder=folder, secret=site.secret, cluster=None)


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def state(path: Path) -> list[bytes]:
    """All of it but what is of the file itself."""
    return path.read_bytes().splitlines()[1:-1]


def test_sessions_go_on_in_the_other_database_and_what_was_spent_or_revoked_does_not(
    site: Site, moved: Site, tmp_path: Path
):
    with site.serving() as server:
        first = server.log_in()
        second = server.refreshed(first)
        service, revoked_service = server.for_itself(), server.for_itself()
        ended = server.log_in()
        post_bare(f"{server.address}/oauth2/revoke", server.client, token=ended["refresh_token"])
        server.revoke(revoked_service)
    site.folder.done("export", tmp_path / "export", "--with-keys")
    assert moved.folder.run("restore", tmp_path / "export", "--nothing-lost").status == 2, "there are no keys"
    told = moved.folder.done("restore", tmp_path / "export", "--nothing-lost", "--with-keys", "--json").json
    assert (told["sessions_ended"], told["not_before"]) == (0, "-")
    with moved.serving() as server:
        assert server.is_active(second)
        assert server.is_active(service)
        assert not server.is_active(ended)
        assert not server.is_active(revoked_service)
        assert server.refresh(ended)[0] == 400
        third = server.refreshed(second)
        assert third["refresh_token"] != second["refresh_token"]
        assert server.is_active(server.log_in())
    with moved.serving() as server:
        assert server.refresh(first)[1]["error"] == "invalid_grant"
        assert server.refresh(third)[1]["error"] == "invalid_grant", "what came of a spent token ends with it"


def test_an_export_of_yesterday_brings_no_token_back_to_life(site: Site, moved: Site, tmp_path: Path):
    with site.serving() as server:
        first, service = server.log_in(), server.for_itself()
        site.folder.done("export", tmp_path / "export", "--with-keys")
        second = server.refreshed(first)
        server.revoke(service)
    (tmp_path / "export.keys").rename(tmp_path / "moved" / "keys")
    refused = moved.folder.run("restore", tmp_path / "export", "--nothing-lost").fault
    assert "A server ran when" in refused
    assert moved.folder.done("restore", tmp_path / "export", "--json").json["sessions_ended"] == 1
    with moved.serving() as server:
        for answer in (first, second):
            assert server.refresh(answer)[1]["error"] == "invalid_grant"
        for answer in (first, second, service):
            assert not server.is_active(answer)
        server.refreshed(server.log_in())


def test_the_same_export_once_more_changes_nothing(site: Site, moved: Site, tmp_path: Path):
    with site.serving() as server:
        first = server.log_in()
    site.folder.done("export", tmp_path / "export", "--with-keys")
    (tmp_path / "export.keys").rename(tmp_path / "moved" / "keys")
    moved.folder.done("restore", tmp_path / "export", "--nothing-lost")
    with moved.serving() as server:
        second = server.refreshed(first)
    again = moved.folder.done("restore", tmp_path / "export", "--nothing-lost")
    assert "nothing was changed" in again.err
    with moved.serving() as server:
        server.refreshed(second)
    other = moved.folder.done("export", tmp_path / "other")
    assert "nothing is ever overwritten" not in other.err
    assert site.folder.run("restore", tmp_path / "other").status == 2, "a database that is there is not overwritten"


def test_an_export_of_an_export_is_the_same(site: Site, moved: Site, tmp_path: Path):
    with site.serving() as server:
        server.refreshed(server.log_in())
        server.revoke(server.log_in())
        server.revoke(server.for_itself())
    site.folder.user("böb@example.com")
    site.folder.done("export", tmp_path / "export", "--with-keys")
    (tmp_path / "export.keys").rename(tmp_path / "moved" / "keys")
    moved.folder.done("restore", tmp_path / "export", "--nothing-lost")
    moved.folder.done("export", tmp_path / "again")
    assert state(tmp_path / "again") == state(tmp_path / "export")
    assert lines(tmp_path / "again")[0]["installation"] == lines(tmp_path / "export")[0]["installation"]
    counted = lines(tmp_path / "export")[-1]["lines"]
    assert (counted["client"], counted["resource_owner"], counted["grant"]) == (1, 2, 2)


def test_an_export_is_private_counts_itself_and_overwrites_nothing(site: Site, tmp_path: Path):
    path = tmp_path / "export"
    told = site.folder.done("export", path, "--json")
    assert path.stat().st_mode & 0o777 == 0o600
    assert "password hashes and digests of secrets are in it" in told.err
    assert "the keys are not in it" in told.err
    whole = path.read_bytes()
    body, _, last = whole.rstrip(b"\n").rpartition(b"\n")
    end = json.loads(last)
    assert end["sha256"] == sha256(body + b"\n").hexdigest()
    assert end["lines"] == told.json["lines"]
    assert end["lines"] == {
        "client": 1, "resource_owner": 1, "grant": 0, "access_token": 0, "revoked_access_token": 0,
        "former_session": 0, "ended_subject": 0,
    }  # fmt: skip
    assert site.secret not in whole.decode()
    assert "is there already" in site.folder.run("export", path).fault
    path.with_name("other.keys").mkdir()
    assert "is there already" in site.folder.run("export", path.with_name("other"), "--with-keys").fault
    assert path.read_bytes() == whole
    assert [one.name for one in tmp_path.iterdir() if "unfinished" in one.name] == []


def test_an_export_goes_to_a_pipe_and_never_to_a_terminal(site: Site, tmp_path: Path):
    piped = site.folder.done("export", "-")
    site.folder.done("export", tmp_path / "export")
    assert piped.out.splitlines()[1:-1] == (tmp_path / "export").read_text().splitlines()[1:-1]
    assert "needs a file" in site.folder.run("export", "-", "--with-keys").err
    ours, terminal = os.openpty()
    command = [*PROGRAM, "export", "-", "--config", str(site.folder.file)]
    told = subprocess.run(command, stdin=terminal, stdout=terminal, stderr=subprocess.PIPE, check=False, timeout=120)
    assert b"not for a terminal" in told.stderr
    os.write(terminal, b"that was all")
    assert os.read(ours, 100) == b"that was all"
    os.close(terminal)
    os.close(ours)


def test_a_full_disk_is_not_told_of_the_database(site: Site):
    def write(_content: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="No space left on device"):
        export(read_configuration(site.folder.file).location(), write, int(time.time()))


def _cut(whole: bytes) -> bytes:
    return whole[: whole.rstrip(b"\n").rindex(b"\n") + 1]


def _renamed(whole: bytes) -> bytes:
    return whole.replace(b'"username":"ann"', b'"username":"eve"')


def _summed(whole: bytes, old: bytes, new: bytes) -> bytes:
    """Changed by somebody who makes the sum right."""
    body = _cut(whole).replace(old, new)
    end = json.loads(whole.splitlines()[-1])
    return body + json.dumps({**end, "sha256": sha256(body).hexdigest()}).encode() + b"\n"


DAMAGE = {
    "cut": (_cut, "cut short"),
    "cut in a line": (lambda whole: whole[:-9], "cut short"),
    "changed": (_renamed, "is damaged"),
    "more after its end": (lambda whole: whole + whole.splitlines()[-1] + b"\n", "is damaged"),
    "unknown member": (lambda whole: _summed(whole, b'"locked":false', b'"locked":false,"admin":true'), "line 3"),
    "wrong type": (lambda whole: _summed(whole, b'"locked":false', b'"locked":"no"'), "line 3"),
    "later version": (lambda whole: _summed(whole, b'"version":1', b'"version":2'), "of version 2 of the format"),
    "no time": (lambda whole: _summed(whole, b'"installation":{', b'"installation":{"not before":"soon",'), "line 1"),
    "counted wrong": (lambda whole: whole.replace(b'"client":1', b'"client":2'), "is damaged"),
    "nobody's": (lambda whole: _summed(whole, b'"belongs_to":null', b'"belongs_to":"none"'), "contradicts itself"),
    "out of order": (
        lambda whole: _summed(whole, whole.splitlines()[1] + b"\n" + whole.splitlines()[2],
                              whole.splitlines()[2] + b"\n" + whole.splitlines()[1]), "comes too late",
    ),
    "a long line": (lambda whole: _summed(whole, b'"first_name":""', b'"first_name":"%s"' % (b"x" * (1 << 20))), "line 3"),
}  # fmt: skip


def test_an_export_that_is_not_whole_restores_nothing(site: Site, moved: Site, tmp_path: Path):
    site.folder.done("export", tmp_path / "export", "--with-keys")
    (tmp_path / "export.keys").rename(tmp_path / "moved" / "keys")
    whole = (tmp_path / "export").read_bytes()
    for damage, (change, words) in DAMAGE.items():
        (tmp_path / "damaged").write_bytes(change(whole))
        told = moved.folder.run("restore", tmp_path / "damaged").fault
        assert words in told, damage
        assert "ann" not in told, damage
    moved.folder.done("restore", tmp_path / "export")


def test_an_export_of_other_keys_is_refused(site: Site, moved: Site, tmp_path: Path):
    with site.serving() as server:
        server.log_in()
    site.folder.done("export", tmp_path / "export")
    (make_folder(tmp_path / "stranger").path / "keys").rename(tmp_path / "moved" / "keys")
    assert "keys of another installation" in moved.folder.run("restore", tmp_path / "export").fault


def test_both_commands_are_in_the_audit(site: Site, moved: Site, tmp_path: Path):
    site.folder.done("export", tmp_path / "export", "--with-keys")
    (tmp_path / "export.keys").rename(tmp_path / "moved" / "keys")
    moved.folder.done("restore", tmp_path / "export")
    for folder, name in ((site.folder, "export"), (moved.folder, "restore")):
        told = map(json.loads, folder.done("audit", "tail", "--json").out.splitlines())
        acts = [one["outcome"] for one in told if one.get("command") == name]
        assert acts == ["command_begun", "command_done"]


def test_a_restore_that_is_killed_leaves_nothing_and_the_next_is_as_a_clean_one(
    site: Site, moved: Site, tmp_path: Path
):
    site.folder.done("export", tmp_path / "export", "--with-keys")
    (tmp_path / "export.keys").rename(tmp_path / "moved" / "keys")
    large = tmp_path / "large"
    large.write_bytes(with_people((tmp_path / "export").read_bytes(), 6_000))
    command = [*PROGRAM, "restore", str(large), "--nothing-lost", "--config", str(moved.folder.file)]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while running.poll() is None and not is_loading(moved):
        time.sleep(0.005)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert running.returncode == -signal.SIGKILL, "it was over before it could be killed"
    if moved.cluster is None:
        assert not (moved.folder.path / "dragoman.db").exists()
    moved.folder.done("restore", large, "--nothing-lost")
    moved.folder.done("export", tmp_path / "again")
    assert state(tmp_path / "again") == state(large)


def with_people(whole: bytes, number: int) -> bytes:
    """The same export with so many accounts more."""
    header, client, person, *_ = whole.splitlines(keepends=True)
    like = json.loads(person)
    numbered = ({**like, "id": f"person {one:09d}", "username": f"person{one}"} for one in range(number))
    people = (json.dumps(one, separators=(",", ":"), ensure_ascii=False, sort_keys=False).encode() for one in numbered)
    body = b"".join((header, client, *sorted([person, *(one + b"\n" for one in people)], key=lambda one: one)))
    end = json.loads(whole.splitlines()[-1])
    counts = {**end["lines"], "resource_owner": number + 1}
    return body + json.dumps({**end, "lines": counts, "sha256": sha256(body).hexdigest()}).encode() + b"\n"


def is_loading(site: Site) -> bool:
    """Whether rows are on their way into the database."""
    if site.cluster is None:
        draft = site.folder.path / "dragoman.db.restoring"
        return draft.exists() and draft.stat().st_size > 0
    asked = "SELECT 1 FROM pg_stat_activity WHERE backend_type = 'client backend' AND query LIKE 'INSERT INTO%'"
    return bool(site.cluster.run(asked))
