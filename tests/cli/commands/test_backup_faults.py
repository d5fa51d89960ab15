"""Backups where the file system does not play along: nothing is left half done, and nothing is overwritten."""

from __future__ import annotations

import errno
import os
import resource
import sqlite3
from contextlib import closing
from pathlib import Path
from unittest import mock

import pytest

from dragoman.core.errors import Fault
from dragoman.store.backup import back_up, restore
from dragoman.store.draft import drafted
from tests.cli.commands.test_backup_sqlite import TERMS, database, fill, live, log_in_once

__all__ = ["database"]  # a fixture


def test_where_files_have_one_name_only_a_backup_is_renamed(database: Path, tmp_path: Path):
    fill(database)
    no_links = mock.patch.object(os, "link", side_effect=PermissionError(errno.EPERM, "Operation not permitted"))
    with no_links:
        back_up(database, tmp_path / "backup")
        with pytest.raises(Fault, match="there already"):
            back_up(database, tmp_path / "backup")
    with no_links, pytest.raises(Fault, match="cannot be restored"):
        restore(database, tmp_path / "backup", TERMS)
    assert live(tmp_path / "backup") == live(database) == 30


def test_a_backup_without_room_leaves_nothing(database: Path, tmp_path: Path):
    fill(database)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(Fault):
            back_up(database, tmp_path / "backup")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [one.name for one in tmp_path.iterdir()] == ["folder"]
    log_in_once(database)


def test_a_database_whose_rows_contradict_each_other_is_not_saved_as_whole(database: Path, tmp_path: Path):
    fill(database)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DELETE FROM subjects")
    with pytest.raises(Fault, match="refers to nothing"):
        back_up(database, tmp_path / "backup")


def test_of_a_file_that_another_finished_first_nothing_is_overwritten(tmp_path: Path):
    with pytest.raises(Fault, match="there already"), drafted(tmp_path / "backup"):
        (tmp_path / "backup").write_text("the other's")
    assert (tmp_path / "backup").read_text() == "the other's"
    assert [one.name for one in tmp_path.iterdir()] == ["backup"]
