"""Keys are rotated with overlap, and retire when another takes their place (attack J11)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from key_editing import ALL, file_of
from token_workshop import AT_JWT, ENVELOPE, HANDLE, LONG_ENVELOPE, NOW, SEALED, Workshop

from dragoman.tokens.brought_keys import Terms, bring_key
from dragoman.tokens.key_files import write_key
from dragoman.tokens.keyring import add_key, create_missing, describe, load_keyring, retire_key
from dragoman.tokens.keys import ALGORITHMS, KeyFault, Purpose, new_key

if TYPE_CHECKING:
    from pathlib import Path

    from dragoman.core.rules import TokenRecipe


@pytest.mark.parametrize("purpose", [Purpose.DIGEST, Purpose.IDENTIFIER])
def test_a_second_key_of_what_is_never_rotated_is_refused(folder: Path, purpose: Purpose) -> None:
    write_key(folder, new_key(purpose, ALGORITHMS[purpose][0], NOW))
    with pytest.raises(KeyFault, match=f"several {purpose.value} keys"):
        load_keyring(folder, NOW)


def test_the_fingerprint_tells_lost_keys_and_survives_rotation(folder: Path, tmp_path: Path) -> None:
    before = load_keyring(folder, NOW).fingerprint()
    add_key(folder, Purpose.REFRESH, "HS256", NOW, NOW)
    assert load_keyring(folder, NOW).fingerprint() == before
    create_missing(tmp_path / "other", ("ES256",), NOW)
    assert load_keyring(tmp_path / "other", NOW).fingerprint() != before


@pytest.mark.parametrize("purpose", [Purpose.DIGEST, Purpose.IDENTIFIER])
def test_some_keys_are_never_rotated_or_retired(folder: Path, purpose: Purpose) -> None:
    with pytest.raises(KeyFault, match="never rotated"):
        add_key(folder, purpose, ALGORITHMS[purpose][0], NOW, NOW)
    with pytest.raises(KeyFault, match="never retires"):
        retire_key(folder, file_of(folder, purpose.value).stem, NOW + 10, NOW)


def test_the_last_key_of_a_purpose_does_not_retire(folder: Path) -> None:
    kid = file_of(folder, "refresh").stem
    with pytest.raises(KeyFault, match="is the last"):
        retire_key(folder, kid, NOW + 100, NOW)
    add_key(folder, Purpose.REFRESH, "HS256", NOW, NOW + 200)
    with pytest.raises(KeyFault, match="is the last"):
        retire_key(folder, kid, NOW + 100, NOW)
    retire_key(folder, kid, NOW + 300, NOW)


def test_an_unknown_key_does_not_retire(folder: Path) -> None:
    with pytest.raises(KeyFault, match="no key of this id"):
        retire_key(folder, "unknown", NOW, NOW)


def states(folder: Path, now: int) -> dict[str, str]:
    return {key.kid: key.state for key in describe(load_keyring(folder, now), now) if key.algorithm == "ES256"}


def test_a_new_key_is_published_first_then_signs_and_the_old_one_is_accepted_until_it_retires(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    create_missing(folder, ALL, NOW - 5)
    old = file_of(folder, "access", "ES256").stem
    new = add_key(folder, Purpose.ACCESS, "ES256", NOW, NOW + 100)
    assert states(folder, NOW) == {old: "in use", new: "waiting"}
    assert {old, new} <= {key["kid"] for key in load_keyring(folder, NOW).public_jwks(NOW)["keys"]}
    workshop = Workshop(load_keyring(folder, NOW))
    before = workshop.access_token(AT_JWT)
    workshop.now = NOW + 100
    after = workshop.access_token(AT_JWT)
    retire_key(folder, old, NOW + 200, NOW + 100)
    assert states(folder, NOW + 100) == {old: "accepted", new: "in use"}
    later = Workshop(load_keyring(folder, NOW + 100), now=NOW + 199)
    assert later.access_refusal(before) is None
    later.now = NOW + 200
    assert later.access_refusal(before) is not None
    assert later.access_refusal(after) is None
    assert states(folder, NOW + 200) == {old: "retired", new: "in use"}
    assert old not in {key["kid"] for key in load_keyring(folder, NOW + 200).public_jwks(NOW + 200)["keys"]}


def test_a_removed_key_is_accepted_never_again(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    create_missing(folder, ALL, NOW - 5)
    workshop = Workshop(load_keyring(folder, NOW))
    tokens = [workshop.access_token(AT_JWT), workshop.access_token(SEALED)]
    for purpose, algorithm in ((Purpose.ACCESS, "ES256"), (Purpose.SEAL, "A256GCM")):
        old = file_of(folder, purpose.value, algorithm)
        add_key(folder, purpose, algorithm, NOW, NOW)
        old.unlink()
    later = Workshop(load_keyring(folder, NOW))
    assert all(later.access_refusal(token) for token in tokens)


@pytest.mark.parametrize("recipe", [HANDLE, ENVELOPE, LONG_ENVELOPE])
def test_rotating_the_refresh_key_logs_nobody_out_and_keeps_repeated_answers_the_same(
    tmp_path: Path, recipe: TokenRecipe
) -> None:
    folder = tmp_path / "keys"
    create_missing(folder, ALL, NOW - 5)
    workshop = Workshop(load_keyring(folder, NOW))
    grant = workshop.grant(generation=3, rotated_at=NOW)
    facts = workshop.facts(grant)
    token = workshop.issuer.write_refresh_token(recipe, facts).reveal()
    old = file_of(folder, "refresh").stem
    add_key(folder, Purpose.REFRESH, "HS256", NOW, NOW + 10)
    later = Workshop(load_keyring(folder, NOW + 20), now=NOW + 20)
    assert later.refresh_refusal(token) is None
    repeated = later.issuer.write_refresh_token(recipe, replace(facts, issued_at=NOW + 20)).reveal()
    assert repeated == token
    fresh = later.refresh_token(recipe, replace(grant, generation=4, rotated_at=NOW + 20))
    retire_key(folder, old, NOW + 1000, NOW + 20)
    last = Workshop(load_keyring(folder, NOW + 20), now=NOW + 30)
    assert last.refresh_token(recipe, grant) != token  # moved to the key that stays
    last.now = NOW + 1000
    assert last.refresh_refusal(token) is not None
    assert last.refresh_refusal(fresh) is None


def test_a_key_that_is_brought_in_the_second_of_another_signs_from_the_next_on(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    create_missing(folder, ["HS256"], NOW)
    terms = Terms(kid="old", active_from=NOW, weak=False)
    brought = bring_key(folder, b"thirty-two bytes of a shared key.", terms, NOW)
    assert brought.active_from == NOW + 1
    for moment, signs in ((NOW, False), (NOW + 1, True)):
        chosen = load_keyring(folder, moment).signing_key(Purpose.ACCESS, "HS256", moment)
        assert (chosen.kid == "old") is signs
