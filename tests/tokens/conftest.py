"""A folder of keys, and a workshop over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from token_workshop import NOW, Workshop

from dragoman.tokens.keyring import Keyring, create_missing, load_keyring

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def key_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workshop") / "keys"
    create_missing(folder, ("ES256", "RS256", "EdDSA", "HS256"), NOW - 1000)
    return folder


@pytest.fixture(scope="session")
def keyring(key_folder: Path) -> Keyring:
    return load_keyring(key_folder, NOW)


@pytest.fixture
def workshop(keyring: Keyring) -> Workshop:
    return Workshop(keyring)


@pytest.fixture(scope="session")
def shared_workshop(keyring: Keyring) -> Workshop:
    """For properties, which run one test many times."""
    return Workshop(keyring)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of keys, for one test, which may damage it."""
    create_missing(tmp_path / "keys", ("ES256", "EdDSA", "HS256"), NOW)
    return tmp_path / "keys"
