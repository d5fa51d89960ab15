"""What is shown of keys lets nobody sign."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from token_workshop import NOW

from dragoman.tokens.keyring import describe, load_keyring

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_shown_of_keys_holds_no_byte_of_them(folder: Path) -> None:
    keyring = load_keyring(folder, NOW)
    shown = repr(keyring) + repr(describe(keyring, NOW)) + json.dumps(keyring.public_jwks(NOW))
    for path in folder.glob("*.json"):
        jwk = json.loads(path.read_text())["jwk"]
        assert not any(jwk[name] in shown for name in ("d", "k", "p", "q") if name in jwk)


def test_shared_keys_are_never_published(folder: Path) -> None:
    assert {key["kty"] for key in load_keyring(folder, NOW).public_jwks(NOW)["keys"]} == {"EC", "OKP"}
