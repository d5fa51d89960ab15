"""A token that was read before is read again without its signature, and never for longer than its key is good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from token_workshop import AT_JWT, NOW, Workshop

from dragoman.core.errors import Refusal
from dragoman.tokens.keyring import add_key, create_missing, load_keyring, retire_key
from dragoman.tokens.keys import Purpose
from dragoman.tokens.remembered import RememberedTokens

if TYPE_CHECKING:
    from pathlib import Path


def test_a_token_says_the_same_each_time(workshop: Workshop) -> None:
    token = workshop.access_token(AT_JWT)
    first = workshop.read(token)
    assert workshop.read(token) == first


def test_any_other_spelling_of_a_token_that_was_read_is_refused(workshop: Workshop) -> None:
    token = workshop.access_token(AT_JWT)
    workshop.read(token)
    for other in (token + "A", token[:-1], token.swapcase(), token + "=", " " + token):
        assert workshop.access_refusal(other) is Refusal.MALFORMED_TOKEN


def test_a_token_is_forgotten_with_its_key(tmp_path: Path) -> None:
    create_missing(tmp_path, frozenset({"ES256", "RS256", "EdDSA", "HS256"}), NOW)
    kid = add_key(tmp_path, Purpose.ACCESS, "ES256", NOW, NOW + 1)
    old = next(
        one for one in load_keyring(tmp_path, NOW).access_keys.values() if one.algorithm == "ES256" and one.kid != kid
    )
    retire_key(tmp_path, old.kid, NOW + 60, NOW)
    workshop = Workshop(load_keyring(tmp_path, NOW))
    token = workshop.access_token(AT_JWT)
    assert workshop.read(token).expires_at == NOW + 3600
    workshop.now = NOW + 59
    assert workshop.read(token).expires_at == NOW + 3600
    workshop.now = NOW + 60
    assert workshop.access_refusal(token) is Refusal.MALFORMED_TOKEN


def test_of_many_tokens_the_last_are_remembered(workshop: Workshop) -> None:
    remembered = RememberedTokens(most=2)
    key = next(iter(workshop.keyring.access_keys.values()))
    texts = [workshop.access_token(AT_JWT) for _ in range(3)]
    for text in texts:
        remembered.keep(text, key, workshop.read(text))
    assert [remembered.find(text, NOW) is not None for text in texts] == [False, True, True]
