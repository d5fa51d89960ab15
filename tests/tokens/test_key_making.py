"""Keys are made once, whole, and those that nothing can replace are not made anew (fault F05)."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from key_editing import edit, file_of
from token_workshop import NOW

from dragoman.tokens.keyring import create_missing, load_keyring
from dragoman.tokens.keys import KeyFault, Purpose

if TYPE_CHECKING:
    from pathlib import Path


def test_the_second_time_nothing_is_made(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert create_missing(folder, ("ES256", "EdDSA", "HS256"), NOW + 5) == ()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_keys_are_readable_by_their_owner_alone(folder: Path) -> None:
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_a_loose_umask_does_not_open_keys(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        create_missing(tmp_path / "keys", ("ES256",), NOW)
    finally:
        os.umask(before)
    load_keyring(tmp_path / "keys", NOW)


def test_expired_keys_alone_are_no_keys(folder: Path) -> None:
    edit(file_of(folder, "refresh"), retires_at=NOW)
    with pytest.raises(KeyFault, match=r"refresh .* have all retired"):
        load_keyring(folder, NOW)
    assert create_missing(folder, ("ES256",), NOW) == ()


def test_a_missing_purpose_is_told(folder: Path) -> None:
    file_of(folder, "digest").unlink()
    with pytest.raises(KeyFault, match=r"digest .* are missing"):
        load_keyring(folder, NOW)


@pytest.mark.parametrize("purpose", [Purpose.REFRESH, Purpose.SEAL])
def test_whoever_lost_a_key_is_not_told_to_make_another_before_he_looks_for_it(folder: Path, purpose: Purpose) -> None:
    """Another one would be the end of every session."""
    file_of(folder, purpose.value).unlink()
    with pytest.raises(KeyFault, match=f"restore the key from a backup or.*never.*`dragoman key rotate {purpose}`"):
        load_keyring(folder, NOW)


def test_what_a_crash_left_behind_is_no_key(folder: Path) -> None:
    (folder / ".half.0011.unfinished").write_text('{"purpose":')
    load_keyring(folder, NOW)


@pytest.mark.parametrize("purpose", [Purpose.DIGEST, Purpose.IDENTIFIER])
def test_a_lost_key_that_nothing_can_replace_is_not_made_anew(folder: Path, purpose: Purpose) -> None:
    file_of(folder, purpose.value).unlink()
    with pytest.raises(KeyFault, match="restore it from a backup"):
        create_missing(folder, ("ES256",), NOW)
    with pytest.raises(KeyFault, match="restore the key from a backup"):
        load_keyring(folder, NOW)


@pytest.mark.parametrize("survivors", range(6))
def test_making_keys_is_finished_after_a_crash_at_any_point(tmp_path: Path, survivors: int) -> None:
    folder = tmp_path / "keys"
    made = create_missing(folder, ("ES256", "EdDSA"), NOW)
    for kid in made[survivors:]:
        (folder / f"{kid}.json").unlink()
    assert len(create_missing(folder, ("ES256", "EdDSA"), NOW)) == 6 - survivors
    load_keyring(folder, NOW)


def test_two_processes_that_start_at_once_make_one_set_of_keys(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: create_missing(folder, ("ES256",), NOW), range(8)))
    assert sum(map(len, made)) == 5
    load_keyring(folder, NOW)
