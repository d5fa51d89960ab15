"""A running server looks at its keys again: what was mended is read, what is strange is refused, nothing is lost."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from token_workshop import AT_JWT, ISSUER, NOW

from dragoman.tokens.current import CurrentTokens
from dragoman.tokens.format import Issuers
from dragoman.tokens.issuer import open_issuer
from dragoman.tokens.key_files import read_keys
from dragoman.tokens.keyring import (
    add_key,
    create_missing,
    describe,
    keyring_of,
    load_keyring,
    retire_key,
)
from dragoman.tokens.keys import KeyFault, Purpose

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dragoman.tokens.issuer import TokenIssuer
    from dragoman.tokens.keyring import KeyDescription, Keyring


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create_missing(tmp_path / "keys", ("ES256",), NOW - 100)
    return tmp_path / "keys"


async def no_row(_digest: bytes) -> None:
    return None


def open_current(folder: Path, faults: Iterator[None] | None = None) -> CurrentTokens:
    def open_over(keyring: Keyring) -> TokenIssuer:
        if faults is not None:
            next(faults)
        return open_issuer(
            keyring=keyring,
            access_recipes=(AT_JWT,),
            refresh_recipes=(),
            find_access_token=no_row,
            clock=lambda: NOW,
            issuers=Issuers(own=ISSUER),
        )

    return CurrentTokens(folder, open_over, lambda: NOW)


def test_keys_that_did_not_change_are_not_read_again(folder: Path) -> None:
    current = open_current(folder)
    assert not current.read_again()
    add_key(folder, Purpose.SEAL, "A256GCM", NOW, NOW)
    assert current.read_again()
    assert not current.read_again()


def test_a_key_file_mended_by_chmod_is_read_on_the_next_look(folder: Path) -> None:
    current = open_current(folder)
    kid = add_key(folder, Purpose.ACCESS, "ES256", NOW, NOW)
    (folder / f"{kid}.json").chmod(0o640)
    for _ in range(2):
        with pytest.raises(KeyFault, match="chmod"):
            current.read_again()
        assert kid not in current.keyring.access_keys
    (folder / f"{kid}.json").chmod(0o600)
    assert current.read_again()
    assert kid in current.keyring.access_keys


def test_a_key_file_opened_to_others_is_noticed_though_its_content_stays(folder: Path) -> None:
    current = open_current(folder)
    path = next(folder.glob("*.json"))
    path.chmod(0o644)
    with pytest.raises(KeyFault, match="open to other accounts"):
        current.read_again()


def test_a_key_file_replaced_at_the_same_moment_is_noticed(folder: Path) -> None:
    current = open_current(folder)
    path = next(folder.glob("*.json"))
    before = path.stat()
    path.write_bytes(path.read_bytes() + b"\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert current.read_again()


def test_a_look_that_failed_for_a_reason_outside_the_folder_is_repeated(folder: Path) -> None:
    def fail_once() -> Iterator[None]:
        yield
        raise KeyFault("the recipes could not be opened")

    current = open_current(folder, fail_once())
    before = current.keyring
    add_key(folder, Purpose.SEAL, "A256GCM", NOW, NOW)
    with pytest.raises(KeyFault):
        current.read_again()
    assert current.keyring is before
    with pytest.raises(StopIteration):  # asked a second time, though nothing in the folder changed
        current.read_again()


def test_a_dangling_link_among_the_keys_is_a_fault_of_keys(folder: Path) -> None:
    (folder / "gone.json").symlink_to(folder / "nowhere")
    with pytest.raises(KeyFault, match="is a link"):
        open_current(folder)


def test_keys_of_another_installation_do_not_take_over(folder: Path, tmp_path: Path) -> None:
    current = open_current(folder)
    kids = set(current.keyring.access_keys)
    for path in folder.glob("*.json"):
        path.unlink()
    create_missing(tmp_path / "other", ("ES256",), NOW)
    for path in (tmp_path / "other").glob("*.json"):
        shutil.copy2(path, folder)
    with pytest.raises(KeyFault, match="another installation"):
        current.read_again()
    assert set(current.keyring.access_keys) == kids


@pytest.mark.parametrize(("purpose", "algorithm"), [(Purpose.ACCESS, "ES256"), (Purpose.REFRESH, "HS256")])
def test_of_keys_made_for_the_same_second_the_last_made_takes_over(
    folder: Path, purpose: Purpose, algorithm: str
) -> None:
    for _ in range(8):
        kid = add_key(folder, purpose, algorithm, NOW, NOW)
        assert load_keyring(folder, NOW + 10).signing_key(purpose, algorithm, NOW + 10).kid == kid
    begin = [key.active_from for key in load_keyring(folder, NOW).keys if key.purpose is purpose]
    assert sorted(begin) == [NOW - 100, *range(NOW, NOW + 8)]


def test_an_urgent_key_does_not_wait_for_one_that_begins_later(folder: Path) -> None:
    later = add_key(folder, Purpose.ACCESS, "ES256", NOW, NOW + 600)
    urgent = add_key(folder, Purpose.ACCESS, "ES256", NOW, NOW)
    keyring = load_keyring(folder, NOW)
    assert keyring.signing_key(Purpose.ACCESS, "ES256", NOW).kid == urgent
    assert keyring.signing_key(Purpose.ACCESS, "ES256", NOW + 600).kid == later


def test_keys_of_other_kinds_may_begin_in_the_same_second(folder: Path) -> None:
    add_key(folder, Purpose.ACCESS, "ES256", NOW, NOW)
    kid = add_key(folder, Purpose.ACCESS, "RS256", NOW, NOW)
    assert load_keyring(folder, NOW).access_keys[kid].active_from == NOW


def test_a_folder_is_described_also_where_no_server_would_start_with_it(folder: Path) -> None:
    assert described(folder, NOW) == describe(load_keyring(folder, NOW), NOW)
    add_key(folder, Purpose.ACCESS, "ES256", NOW, NOW + 50)
    (old,) = (one.kid for one in described(folder, NOW) if one.purpose == "access" and one.state == "in use")
    retire_key(folder, old, NOW + 60, NOW)
    next(folder.glob("*.json")).unlink()
    assert len(described(folder, NOW + 100)) == 5
    with pytest.raises(KeyFault, match="cannot be read"):
        described(folder / "nowhere", NOW)


def described(folder: Path, now: int) -> tuple[KeyDescription, ...]:
    return describe(keyring_of(read_keys(folder)), now)
