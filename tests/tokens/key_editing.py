"""Key files of a folder, found by what they are for, changed, and refused."""

from __future__ import annotations

import json
import traceback
from typing import TYPE_CHECKING

import pytest
from token_workshop import NOW

from dragoman.tokens.keyring import load_keyring
from dragoman.tokens.keys import KeyFault

if TYPE_CHECKING:
    from pathlib import Path

ALL = ("ES256", "RS256", "EdDSA", "HS256")


def file_of(folder: Path, purpose: str, algorithm: str | None = None) -> Path:
    for path in sorted(folder.glob("*.json")):
        content = json.loads(path.read_text())
        if content["purpose"] == purpose and algorithm in (None, content["alg"]):
            return path
    raise AssertionError(purpose)


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def put_jwk(path: Path, jwk: dict[str, object]) -> None:
    edit(path, jwk={name: value for name, value in jwk.items() if name not in ("kid", "use", "alg")})


def refuses(folder: Path, path: Path, match: str) -> str:
    """It refuses, names the file, and shows none of the key's bytes, not even in the traceback."""
    secrets = [value for value in json.loads(path.read_text())["jwk"].values() if len(str(value)) > 12]
    with pytest.raises(KeyFault, match=match) as refused:
        load_keyring(folder, NOW)
    shown = "".join(traceback.format_exception(refused.value))
    assert path.name in str(refused.value)
    assert not any(str(secret) in shown for secret in secrets)
    assert refused.value.__cause__ is None
    return str(refused.value)
