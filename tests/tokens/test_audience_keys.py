"""Keys for some audiences alone: which one signs, and whose files may say so."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from joserfc.errors import BadSignatureError
from joserfc.jwk import OctKey
from joserfc.jws import JWSRegistry, deserialize_compact
from token_workshop import AT_JWT, ENVELOPE, HANDLE, LONG_ID, NOW, SEALED, SHARED_KEY, Workshop

from dragoman.tokens.brought_keys import Terms, bring_key
from dragoman.tokens.jose import read_object
from dragoman.tokens.key_copies import copy_keys
from dragoman.tokens.keyring import (
    add_key,
    create_missing,
    describe,
    keyring_of,
    load_keyring,
    retire_key,
    verification_key,
)
from dragoman.tokens.keys import Key, KeyFault, Purpose

if TYPE_CHECKING:
    from collections.abc import Sequence

ACCESS = Purpose.ACCESS
SOME = OctKey.import_key(b"one key does for all: here, none of them signs")
NAMES = ("orders", "billing", "stock")
audiences = st.lists(st.sampled_from((*NAMES, "nobody's")), unique=True, max_size=3).map(tuple)
moments = st.integers(NOW - 5, NOW + 5)


@st.composite
def keyrings(draw: st.DrawFn) -> tuple[Key, ...]:
    ages = draw(st.lists(moments, unique=True, min_size=1, max_size=8))
    return tuple(
        Key(
            purpose=draw(st.sampled_from((ACCESS, ACCESS, Purpose.REFRESH))),
            kid=f"key-{number}",
            algorithm=draw(st.sampled_from(("HS256", "HS256", "ES256"))),
            created_at=NOW - 10,
            active_from=active_from,
            retires_at=draw(st.none() | moments),
            audience=draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=2).map(tuple)),
            jose=SOME,
        )
        for number, active_from in enumerate(ages)
    )


def youngest(keys: Sequence[Key]) -> Key | None:
    return max(keys, key=lambda key: key.active_from) if keys else None


def by_the_rule(keys: tuple[Key, ...], now: int, audience: tuple[str, ...]) -> Key | None:
    """As the manual tells it: the youngest that names all of the token's audience, or else that names none."""
    in_force = [key for key in keys if key.purpose is ACCESS and key.algorithm == "HS256"]
    in_force = [key for key in in_force if key.active_from <= now and (key.retires_at is None or now < key.retires_at)]
    own = [key for key in in_force if audience and all(name in key.audience for name in audience)]
    return youngest(own) or youngest([key for key in in_force if key.audience == ()])


@given(keys=keyrings(), asked=st.lists(st.tuples(moments, audiences), min_size=1, max_size=6))
@example(keys=(), asked=[(NOW, ())])
def test_the_youngest_key_of_an_audience_signs_or_else_the_youngest_for_all(
    keys: tuple[Key, ...], asked: list[tuple[int, tuple[str, ...]]]
) -> None:
    """Whatever was asked before: what is remembered of one second or audience is no answer for another."""
    keyring = keyring_of(keys)
    for now, audience in asked:
        chosen = keyring.find_signing_key(ACCESS, "HS256", now, audience)
        assert chosen == by_the_rule(keys, now, audience)
        assert chosen is None or chosen.is_for(audience)


@given(keys=keyrings(), now=moments, audience=audiences)
def test_the_list_says_in_use_of_what_signs_for_anybody(
    keys: tuple[Key, ...], now: int, audience: tuple[str, ...]
) -> None:
    keyring = keyring_of(keys)
    in_use = {one.kid for one in describe(keyring, now) if one.state == "in use"}
    chosen = keyring.find_signing_key(ACCESS, "HS256", now, audience)
    assert chosen is None or chosen.kid in in_use


@pytest.fixture
def folder(key_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(key_folder, tmp_path / "keys"))


def opened(folder: Path, now: int = NOW) -> Workshop:
    return Workshop(load_keyring(folder, now), now=now)


def signers(workshop: Workshop, text: str, algorithm: str) -> list[str]:
    """Whose signature it is, as APIs find out that have these keys."""
    registry = JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    found = []
    for key in workshop.keyring.keys:
        if key.algorithm == algorithm and key.purpose is ACCESS:
            with suppress(BadSignatureError):
                deserialize_compact(text, key.jose, registry=registry)
                found.append(key.kid)
    return found


@pytest.mark.parametrize(("recipe", "algorithm"), [(AT_JWT, "ES256"), (LONG_ID, "RS256"), (SHARED_KEY, "HS256")])
def test_each_api_gets_tokens_of_its_own_key_whether_or_not_they_name_it(
    folder: Path, recipe: object, algorithm: str
) -> None:
    kids = {name: add_key(folder, ACCESS, algorithm, NOW, NOW, audience=(name,)) for name in ("orders", "billing")}
    workshop = opened(folder, NOW + 5)
    general = workshop.keyring.signing_key(ACCESS, algorithm, NOW + 5).kid
    expected = {
        ("orders",): kids["orders"],
        ("billing",): kids["billing"],
        ("orders", "billing"): general,
        ("stock",): general,
        ("orders", "stock"): general,
        (): general,
    }
    for audience, kid in expected.items():
        text = workshop.access_token(recipe, workshop.facts(workshop.grant(), audience=audience))
        assert signers(workshop, text, algorithm) == [kid], audience
        token = workshop.read(text)
        assert token.key_audience == (() if kid == general else audience)
        assert token == workshop.read(text), "remembered with what its key is for"
    both = add_key(folder, ACCESS, algorithm, NOW, NOW, audience=("billing", "orders"))
    later = opened(folder, NOW + 10)
    text = later.access_token(recipe, later.facts(later.grant(), audience=("orders", "billing")))
    assert signers(later, text, algorithm) == [both]


def test_other_tokens_and_the_keys_that_are_shown_know_no_audience_but_that_asked_for(folder: Path) -> None:
    before = opened(folder)
    grant = before.grant()
    tokens = [before.refresh_token(recipe, grant) for recipe in (HANDLE, ENVELOPE)]
    kid = add_key(folder, ACCESS, "HS256", NOW, NOW, audience=("https://api.example",))
    rsa = add_key(folder, ACCESS, "RS256", NOW, NOW + 600, audience=("https://api.example",))
    after = opened(folder)
    assert [after.refresh_token(recipe, grant) for recipe in (HANDLE, ENVELOPE)] == tokens
    assert after.read(after.access_token(SEALED)).key_audience == ()
    assert verification_key(after.keyring, "HS256", NOW, ("https://api.example",)).kid == kid
    assert verification_key(after.keyring, "HS256", NOW).kid != kid
    published = {jwk["kid"] for jwk in after.keyring.public_jwks(NOW)["keys"]}
    assert rsa in published, "before its time, so that the API can learn it"
    assert kid not in published


def test_a_key_for_audiences_takes_nothing_from_what_must_be_there_for_all(folder: Path) -> None:
    general = next(key for key in load_keyring(folder, NOW).keys if (key.purpose, key.algorithm) == (ACCESS, "EdDSA"))
    for key in load_keyring(folder, NOW).keys:
        if key.purpose is ACCESS and key.kid != general.kid:
            (folder / f"{key.kid}.json").unlink()
    own = add_key(folder, ACCESS, "EdDSA", NOW, NOW, audience=("orders",))
    with pytest.raises(KeyFault, match="is the last for access"):
        retire_key(folder, general.kid, NOW, NOW)
    (folder / f"{general.kid}.json").unlink()
    with pytest.raises(KeyFault, match="run `dragoman key rotate access`"):
        load_keyring(folder, NOW)
    (made,) = create_missing(folder, ("EdDSA",), NOW)
    keyring = load_keyring(folder, NOW)
    assert keyring.signing_key(ACCESS, "EdDSA", NOW).kid == made
    retire_key(folder, own, NOW, NOW)
    assert load_keyring(folder, NOW).signing_key(ACCESS, "EdDSA", NOW, ("orders",)).kid == made


def test_what_a_file_names_is_kept_and_a_file_that_names_nothing_is_as_it_ever_was(
    folder: Path, tmp_path: Path
) -> None:
    assert not any("audience" in json.loads(path.read_text()) for path in folder.glob("*.json"))
    kid = add_key(folder, ACCESS, "ES256", NOW, NOW, audience=("billing", "orders"))
    retire_key(folder, kid, NOW + 60, NOW)
    secret = tmp_path / "secret"
    secret.write_bytes(b"the secret of one API, and of it alone")
    terms = Terms(kid="brought", active_from=NOW, weak=False, audience=("stock",))
    assert bring_key(folder, secret.read_bytes(), terms, NOW).audience == ("stock",)
    copy_keys(folder, tmp_path / "copy")
    for one in (folder, tmp_path / "copy"):
        named = {key.kid: key.audience for key in load_keyring(one, NOW).keys if key.audience}
        assert named == {kid: ("billing", "orders"), "brought": ("stock",)}
        assert read_object((one / f"{kid}.json").read_bytes())["audience"] == ["billing", "orders"]


def test_a_key_of_another_purpose_names_no_audience(folder: Path) -> None:
    with pytest.raises(KeyFault, match="which no refresh key has"):
        add_key(folder, Purpose.REFRESH, "HS256", NOW, NOW, audience=("orders",))
    path = next(path for path in folder.glob("*.json") if json.loads(path.read_text())["purpose"] == "seal")
    path.write_text(json.dumps({**json.loads(path.read_text()), "audience": ["orders"]}))
    with pytest.raises(KeyFault, match=f"{path.name} cannot be used: it names audiences"):
        load_keyring(folder, NOW)


@pytest.mark.parametrize("named", ["orders", [""], [1], [None], {"orders": 1}])
def test_a_file_that_names_nonsense_is_refused_whole(folder: Path, named: object) -> None:
    """Read over, the key would be for all; so a version that does not know the word refuses the file as well."""
    path = folder / f"{add_key(folder, ACCESS, 'ES256', NOW, NOW, audience=('orders',))}.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "audience": named}))
    with pytest.raises(KeyFault, match="no complete key file"):
        load_keyring(folder, NOW)
