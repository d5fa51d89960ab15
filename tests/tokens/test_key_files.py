"""A key file, or a folder of them, that cannot be trusted is refused and not shown (attack J16)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from key_editing import edit, file_of, refuses
from token_workshop import NOW

from dragoman.tokens.keyring import load_keyring
from dragoman.tokens.keys import KeyFault

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o666])
def test_a_key_file_open_to_others_is_refused(folder: Path, mode: int) -> None:
    path = file_of(folder, "access", "ES256")
    path.chmod(mode)
    assert f"chmod 600 {path}" in refuses(folder, path, "open to other accounts")


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701])
def test_a_key_folder_open_to_others_is_refused(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    with pytest.raises(KeyFault, match="chmod 700"):
        load_keyring(folder, NOW)


def test_a_key_file_of_another_account_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only root may give files away, so here it is the process that becomes another."""
    path = min(folder.glob("*.json"))
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    with pytest.raises(KeyFault, match="belongs to another account"):
        load_keyring(folder, NOW)
    monkeypatch.undo()
    load_keyring(folder, NOW)
    if mine == 0:
        os.chown(path, 12345, -1)
        refuses(folder, path, "belongs to another account")


def test_a_linked_key_file_is_refused(folder: Path) -> None:
    path = file_of(folder, "seal")
    target = folder.parent / "elsewhere.json"
    path.rename(target)
    path.symlink_to(target)
    refuses(folder, path, "is a link")


def test_a_linked_key_folder_is_refused(folder: Path) -> None:
    link = folder.parent / "link"
    link.symlink_to(folder)
    with pytest.raises(KeyFault, match="is a link"):
        load_keyring(link, NOW)


def test_a_pipe_among_the_keys_is_refused_and_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe.json", 0o600)
    with pytest.raises(KeyFault, match="no regular file"):
        load_keyring(folder, NOW)


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(KeyFault, match="cannot be read"):
        load_keyring(tmp_path / "nothing", NOW)


def test_a_truncated_key_file_is_refused_at_every_length(folder: Path) -> None:
    path = file_of(folder, "access", "ES256")
    whole = path.read_bytes()
    for length in range(0, len(whole) - 1, 7):
        path.write_bytes(whole[:length])
        with pytest.raises(KeyFault, match="no complete key file") as refused:
            load_keyring(folder, NOW)
        assert path.name in str(refused.value)


@pytest.mark.parametrize(
    "change",
    [
        {"unknown": 1},
        {"purpose": "other"},
        {"kid": "../x"},
        {"created_at": -1},
        {"created_at": "5"},
        {"retires_at": 2**63},
    ],
)
def test_a_key_file_with_wrong_fields_is_refused(folder: Path, change: dict[str, object]) -> None:
    path = file_of(folder, "refresh")
    edit(path, **change)
    refuses(folder, path, "no complete key file")


def test_a_renamed_key_file_is_refused(folder: Path) -> None:
    path = file_of(folder, "refresh")
    renamed = path.rename(folder / "other.json")
    refuses(folder, renamed, "rename the file")
