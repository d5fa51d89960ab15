"""A backup beside a running server, and its restore: nothing that was spent or revoked since comes back to life."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.cli.commanding import make_folder
from tests.cli.keeping import Site, site

__all__ = ["site"]  # a fixture


def test_a_restore_brings_no_token_back_to_life(site: Site, tmp_path: Path):
    backup, folder = tmp_path / "backup", site.folder
    with site.serving() as server:
        first = server.log_in()
        second = server.refreshed(first)
        service, revoked = server.for_itself(), server.for_itself()
        saved = folder.done("backup", backup, "--json").json
        assert saved["rows"]["clients"] == saved["rows"]["resource_owners"] == saved["rows"]["grants"] == 1
        third = server.refreshed(second)
        server.revoke(revoked)
        later = server.log_in()
        assert [server.is_active(one) for one in (third, later, service, revoked)] == [True, True, True, False]
        assert "in use" in folder.run("restore", backup, "--replace" if site.cluster is None else "--json").fault
    options = site.empty()
    restored = folder.done("restore", backup, *options, "--json").json
    assert restored["sessions_ended"] == 1
    with site.serving() as server:
        for answer in (first, second, third, later):
            status, refused = server.refresh(answer)
            assert (status, refused["error"]) == (400, "invalid_grant")
        for answer in (first, second, third, later, service, revoked):
            assert not server.is_active(answer)
        assert server.is_active(server.for_itself())
        renewed = server.refreshed(server.log_in())
        assert server.is_active(renewed)
    sessions = folder.done("token", "list", "--user", "ann", "--json").json
    assert sorted(one["revoked_because"] or "" for one in sessions) == ["", "restored"]


def test_a_server_that_was_moved_goes_on(site: Site, tmp_path: Path):
    with site.serving() as server:
        first, service = server.log_in(), server.for_itself()
    site.folder.done("backup", tmp_path / "backup")
    options = site.empty()
    restored = site.folder.done("restore", tmp_path / "backup", *options, "--nothing-lost", "--json").json
    assert (restored["sessions_ended"], restored["not_before"]) == (0, "-")
    with site.serving() as server:
        assert server.is_active(first)
        assert server.is_active(service)
        server.refreshed(first)


def test_what_was_restored_by_other_means_is_ended_in_its_place(site: Site):
    with site.serving() as server:
        first, service = server.log_in(), server.for_itself()
        assert "in use" in site.folder.run("restore", "--in-place", "--yes").fault
    assert "add --yes" in site.folder.run("restore", "--in-place").fault
    assert site.folder.done("restore", "--in-place", "--yes", "--json").json["sessions_ended"] == 1
    with site.serving() as server:
        assert server.refresh(first)[0] == 400
        assert not server.is_active(service)
        assert server.is_active(server.for_itself())


def test_a_backup_of_other_keys_is_refused(site: Site, tmp_path: Path):
    with site.serving() as server:
        server.log_in()
    site.folder.done("backup", tmp_path / "backup", "--with-keys")
    keys = site.folder.path / "keys"
    keys.rename(tmp_path / "old keys")
    shutil.copytree(make_folder(tmp_path / "other").path / "keys", keys)
    options = site.empty()
    assert "keys of another installation" in site.folder.run("restore", tmp_path / "backup", *options).fault
    refused = site.folder.run("restore", tmp_path / "backup", *options, "--with-keys").fault
    assert "nothing is ever overwritten" in refused
    for key in keys.iterdir():
        key.unlink()
    site.folder.done("restore", tmp_path / "backup", *options, "--with-keys")
    assert {key.name for key in keys.iterdir()} == {key.name for key in (tmp_path / "old keys").iterdir()}
    with site.serving() as server:
        server.log_in()


def test_a_backup_is_private_and_overwrites_nothing(site: Site, tmp_path: Path):
    backup = tmp_path / "backup"
    outcome = site.folder.done("backup", backup, "--with-keys")
    assert "can make tokens" in outcome.err
    assert backup.stat().st_mode & 0o777 == 0o600
    assert {key.stat().st_mode & 0o777 for key in (tmp_path / "backup.keys").iterdir()} == {0o600}
    before = backup.read_bytes()
    assert "already" in site.folder.run("backup", backup).fault
    (tmp_path / "backup.keys").rename(tmp_path / "elsewhere")
    assert "already" in site.folder.run("backup", backup).fault
    assert backup.read_bytes() == before
    assert "cannot be made" in site.folder.run("backup", tmp_path / "no" / "such" / "folder").fault
    assert [one.name for one in tmp_path.iterdir() if "unfinished" in one.name] == []
    assert "save the folder" in site.folder.done("backup", tmp_path / "other").err


@pytest.mark.parametrize("damage", ["cut", "changed", "foreign", "missing", "empty"])
def test_a_source_that_cannot_be_trusted_is_refused(site: Site, tmp_path: Path, damage: str):
    backup = tmp_path / "backup"
    site.folder.done("backup", backup)
    whole = backup.read_bytes()
    match damage:
        case "cut":
            backup.write_bytes(whole[: len(whole) // 2])
        case "changed":
            middle = len(whole) // 2
            backup.write_bytes(whole[: middle - 400] + os.urandom(800) + whole[middle + 400 :])
        case "foreign":
            backup.write_bytes(b"something else entirely, and longer than any magic number\n" * 100)
        case "missing":
            backup.unlink()
        case "empty":
            backup.write_bytes(b"")
    options = site.empty()
    assert site.folder.run("restore", backup, *options).fault
    if site.cluster is None:
        with site.serving() as server:
            server.log_in()


def test_what_stands_in_the_way_is_told(site: Site, tmp_path: Path):
    site.folder.done("backup", tmp_path / "backup")
    told = site.folder.run("restore", tmp_path / "backup").fault
    assert ("add --replace" if site.cluster is None else "create an empty database") in told
    assert site.folder.run("restore").status == 2
    assert site.folder.run("restore", tmp_path / "backup", "--in-place").status == 2
    assert site.folder.run("restore", "--in-place", "--replace").status == 2


def test_the_doctor_knows_of_the_backup(site: Site, tmp_path: Path):
    def told() -> str:
        found = json.loads(site.folder.run("doctor", "--json").out)["findings"]
        return next(one["text"] for one in found if one["check"] == "backup")

    assert "none" in told()
    site.folder.done("backup", tmp_path / "backup")
    assert "the last `dragoman backup` was made at 2" in told()
