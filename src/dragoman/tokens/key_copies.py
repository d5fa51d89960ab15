"""Copies of a folder of keys, to be kept beside a backup and put back with it."""

from __future__ import annotations

import secrets
import shutil
from typing import TYPE_CHECKING

from dragoman.tokens.key_files import make_folder, only_writer, read_keys, write_key
from dragoman.tokens.keys import KeyFault

if TYPE_CHECKING:
    from pathlib import Path


_ENDING = ".keys"


def keys_beside(saved: Path) -> Path:
    """Where the keys are that are saved beside this file: a folder that is called after it."""
    return saved.with_name(saved.name + _ENDING)


def copy_keys(folder: Path, copy: Path) -> int:
    """Copy all keys into a new private folder, whole or not at all; how many. Raises KeyFault.

    An empty folder is as good as none.
    """
    if copy.is_symlink() or copy.is_file() or (copy.is_dir() and any(copy.iterdir())):
        raise KeyFault(f"{copy} is there already, and nothing is ever overwritten; move it away")
    draft = copy.with_name(f".{copy.name}.{secrets.token_hex(4)}.unfinished")
    with only_writer(folder):
        keys = read_keys(folder)
    if not keys:
        raise KeyFault(f"there is no key in {folder}")
    try:
        make_folder(draft)
        for key in keys:
            write_key(draft, key)
        draft.replace(copy)
    except OSError as fault:
        raise KeyFault(f"{copy} cannot be made: {fault.strerror}") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return len(keys)
