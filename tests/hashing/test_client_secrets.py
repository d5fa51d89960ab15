"""Client secrets: one keyed digest, and nothing stored is a secret (attacks C06, C11, C12, K03)."""

from __future__ import annotations

import asyncio
import hmac
import re
from base64 import urlsafe_b64encode
from hashlib import sha256

import bcrypt
import pytest

from dragoman.core.secret import Secret
from dragoman.hashing.client_secrets import ClientSecretHasher, ending, without_end
from dragoman.hashing.format import Limits
from dragoman.hashing.formats.argon2 import CHEAPEST
from dragoman.hashing.pool import PasswordHasher

KEY = b"k" * 32
NOW = 1_800_000_000


@pytest.fixture
def passwords():
    made = PasswordHasher(profile=CHEAPEST, slots=1)
    yield made
    made.close()


@pytest.fixture
def hasher(passwords: PasswordHasher) -> ClientSecretHasher:
    return ClientSecretHasher(KEY, passwords)


def matches(hasher: ClientSecretHasher, stored: tuple[str, ...], sent: str, now: int = NOW) -> bool:
    return asyncio.run(hasher.matches(stored, Secret(sent), now))


def test_a_new_secret_is_known_and_is_written_in_unreserved_characters(hasher: ClientSecretHasher) -> None:
    new = hasher.new_secret()
    text = new.secret.reveal()
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", text)
    assert matches(hasher, (new.stored,), text)
    assert not matches(hasher, (new.stored,), text[:-1])
    assert not matches(hasher, (new.stored,), text + "=")
    assert hasher.new_secret().stored != new.stored


def test_the_stored_form_is_the_keyed_digest_it_says_it_is(hasher: ClientSecretHasher) -> None:
    digest = urlsafe_b64encode(hmac.digest(KEY, b"tested by another implementation", sha256)).decode().rstrip("=")
    assert hasher.store(Secret("tested by another implementation")) == f"hmac-sha256${digest}"


def test_the_stored_form_presented_as_secret_fails(hasher: ClientSecretHasher) -> None:
    new = hasher.new_secret()
    imported = bcrypt.hashpw(b"old secret", bcrypt.gensalt(4)).decode()
    for stored in (new.stored, imported, "{noop}plain", "plain"):
        assert not matches(hasher, (stored,), stored)
    assert not matches(hasher, (new.stored,), new.stored.removeprefix("hmac-sha256$"))


@pytest.mark.parametrize("stored", [(), ("",), ("hmac-sha256$",), ("{noop}",), ("plain",)])
def test_an_empty_secret_never_matches(hasher: ClientSecretHasher, stored: tuple[str, ...]) -> None:
    assert not matches(hasher, stored, "")
    assert not matches(hasher, stored, "hmac-sha256$")


def test_the_digest_of_nothing_does_not_match_nothing_and_is_told(hasher: ClientSecretHasher) -> None:
    empty = hasher._digest(b"")
    assert not matches(hasher, (empty,), "")
    assert "empty" in (hasher.find_defect(empty) or "")
    with pytest.raises(ValueError, match="empty"):
        hasher.store(Secret(""))


def test_several_secrets_count_during_a_rotation(hasher: ClientSecretHasher) -> None:
    old, new = hasher.new_secret(), hasher.new_secret()
    stored = (old.stored, new.stored)
    assert matches(hasher, stored, old.secret.reveal())
    assert matches(hasher, stored, new.secret.reveal())
    assert not matches(hasher, (new.stored,), old.secret.reveal())


def test_an_unknown_client_costs_no_slow_hash(hasher: ClientSecretHasher, passwords: PasswordHasher) -> None:
    new = hasher.new_secret()
    for stored, sent in (((), "anything"), ((new.stored,), "wrong"), ((new.stored,), "\ud800"), ((), "")):
        assert not matches(hasher, stored, sent)
    assert passwords.hashes_computed == 0


def test_an_imported_slow_hash_counts(hasher: ClientSecretHasher) -> None:
    imported = bcrypt.hashpw(b"old secret", bcrypt.gensalt(4)).decode()
    for stored in (imported, "{bcrypt}" + imported):
        assert matches(hasher, (stored,), "old secret")
        assert matches(hasher, (hasher.new_secret().stored, stored), "old secret")
        assert not matches(hasher, (stored,), "other secret")
        assert not matches(hasher, (stored,), "")


def test_k03_a_slow_hash_is_computed_until_it_was_matched_once(
    hasher: ClientSecretHasher, passwords: PasswordHasher
) -> None:
    one, other = (bcrypt.hashpw(text, bcrypt.gensalt(4)).decode() for text in (b"one secret", b"other secret"))
    computed = []
    for stored, sent, right in (
        ((one,), "wrong secret", False),
        ((one,), "one secret", True),
        ((one,), "one secret", True),
        ((one,), "wrong secret", False),
        ((one, other), "other secret", True),  # both are good while one takes the other's place
        ((one, other), "one secret", True),
        ((other,), "one secret", False),
    ):
        assert matches(hasher, stored, sent) is right
        computed.append(passwords.imports_checked)
    assert computed == [1, 2, 2, 2, 3, 3, 3]


def test_a_plain_secret_counts_only_where_it_is_allowed(passwords: PasswordHasher) -> None:
    assert not matches(ClientSecretHasher(KEY, passwords), ("{noop}old secret",), "old secret")
    allowing = PasswordHasher(profile=CHEAPEST, slots=1, limits=Limits(weak_formats=frozenset({"noop"})))
    assert matches(ClientSecretHasher(KEY, allowing), ("{noop}old secret",), "old secret")
    allowing.close()


def test_another_key_knows_none_of_the_secrets(hasher: ClientSecretHasher, passwords: PasswordHasher) -> None:
    new = hasher.new_secret()
    assert not matches(ClientSecretHasher(b"K" * 32, passwords), (new.stored,), new.secret.reveal())


def test_a_short_key_is_refused(passwords: PasswordHasher) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        ClientSecretHasher(b"k" * 31, passwords)


@pytest.mark.parametrize("stored", ["", "plain", "hmac-sha256$short", "hmac-sha256$", "{noop}x", "{unknown}x"])
def test_a_row_that_could_never_match_is_told(hasher: ClientSecretHasher, stored: str) -> None:
    assert hasher.find_defect(stored)
    assert hasher.find_defect(hasher.new_secret().stored) is None


def test_k03_a_secret_longer_than_any_password_is_not_hashed(
    hasher: ClientSecretHasher, passwords: PasswordHasher
) -> None:
    """phpass reads all of it in each of half a million rounds: 32 KB took half a minute of a slot."""
    phpass = "$P$H12345678" + "A" * 22
    assert not matches(hasher, (phpass,), "x" * 1025)
    assert not matches(hasher, (phpass,), "\N{EURO SIGN}" * 1024)
    assert passwords.imports_checked == 0


@pytest.mark.parametrize("kind", ["digest", "imported"])
def test_c10_a_secret_that_ends_is_good_until_its_second_and_the_newest_for_ever(
    hasher: ClientSecretHasher, kind: str
) -> None:
    imported = bcrypt.hashpw(b"old secret", bcrypt.gensalt(4)).decode()
    old = imported if kind == "imported" else hasher.store(Secret("old secret"))
    stored = (ending(old, NOW), hasher.store(Secret("new secret")))
    for sent, before, after in (("old secret", True, False), ("new secret", True, True), ("another", False, False)):
        assert matches(hasher, stored, sent, NOW - 1) is before, sent
        assert matches(hasher, stored, sent, NOW) is after, sent
        assert matches(hasher, stored, sent, NOW + 1) is after, sent
    for presented in stored:
        assert not matches(hasher, stored, presented, NOW - 1)


def test_c10_an_end_may_come_earlier_and_never_later(hasher: ClientSecretHasher) -> None:
    stored = hasher.store(Secret("old secret"))
    assert without_end(stored) == (stored, None)
    assert without_end(ending(ending(stored, NOW), NOW + 1)) == (stored, NOW)
    assert without_end(ending(ending(stored, NOW), NOW - 1)) == (stored, NOW - 1)
    assert hasher.find_defect(ending(stored, NOW)) is None
    assert hasher.find_defect(ending(hasher._digest(b""), NOW)) == "the digest of an empty secret"


@pytest.mark.parametrize(
    "mark", ["until$", "until$$", "until$-1$", "until$1e9$", "until$" + "9" * 5000 + "$", "until$\u0661$"]
)
def test_c10_an_end_that_cannot_be_read_is_no_secret_without_one(hasher: ClientSecretHasher, mark: str) -> None:
    stored = mark + hasher.store(Secret("old secret"))
    assert without_end(stored) == (stored, None)
    assert not matches(hasher, (stored,), "old secret")
    assert hasher.find_defect(stored)
