"""Keys: made once, rotated with overlap, refused when they cannot be trusted (attacks J11, J14, J16; fault F05)."""

from __future__ import annotations

import json
import os
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from token_workshop import AT_JWT, ENVELOPE, HANDLE, LONG_ENVELOPE, NOW, SEALED, Workshop

from dragoman.tokens.key_files import write_key
from dragoman.tokens.keyring import add_key, create_missing, describe, load_keyring, public_jwks, retire_key
from dragoman.tokens.keys import ALGORITHMS, KeyFault, Purpose, new_key

if TYPE_CHECKING:
    from pathlib import Path

    from dragoman.core.rules import TokenRecipe

ALL = ("ES256", "RS256", "EdDSA", "HS256")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create_missing(tmp_path / "keys", ("ES256", "EdDSA", "HS256"), NOW)
    return tmp_path / "keys"


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


def test_the_second_time_nothing_is_made(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert create_missing(folder, ("ES256", "EdDSA", "HS256"), NOW + 5) == ()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_keys_are_readable_by_their_owner_alone(folder: Path) -> None:
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_a_loose_umask_does_not_open_keys(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        create_missing(tmp_path / "keys", ("ES256",), NOW)
    finally:
        os.umask(before)
    load_keyring(tmp_path / "keys", NOW)


def test_generated_keys_have_their_promised_strength(tmp_path: Path) -> None:
    create_missing(tmp_path / "keys", ALL, NOW)
    keys = {(key.purpose, key.algorithm): key for key in load_keyring(tmp_path / "keys", NOW).keys}
    assert keys[Purpose.ACCESS, "ES256"].jose.curve_name == "P-256"
    assert keys[Purpose.ACCESS, "RS256"].jose.raw_value.key_size == 2048
    assert keys[Purpose.ACCESS, "EdDSA"].jose.curve_name == "Ed25519"
    assert keys[Purpose.ACCESS, "ES256"].kid == keys[Purpose.ACCESS, "ES256"].jose.thumbprint()
    for purpose in (Purpose.REFRESH, Purpose.DIGEST, Purpose.IDENTIFIER, Purpose.SEAL):
        assert len(keys[purpose, ALGORITHMS[purpose][0]].secret) == 32


def test_no_two_purposes_share_key_material(folder: Path) -> None:
    keyring = load_keyring(folder, NOW)
    values = [key.secret for key in keyring.keys if isinstance(key.jose, OctKey)]
    values += [
        key.derive(label) for key in keyring.keys if isinstance(key.jose, OctKey) for label in ("handle", "envelope")
    ]
    assert len(set(values)) == len(values)


def test_what_is_shown_of_keys_holds_no_byte_of_them(folder: Path) -> None:
    keyring = load_keyring(folder, NOW)
    shown = repr(keyring) + repr(describe(keyring, NOW)) + json.dumps(public_jwks(keyring, NOW))
    for path in folder.glob("*.json"):
        jwk = json.loads(path.read_text())["jwk"]
        assert not any(jwk[name] in shown for name in ("d", "k", "p", "q") if name in jwk)


def test_shared_keys_are_never_published(folder: Path) -> None:
    assert {key["kty"] for key in public_jwks(load_keyring(folder, NOW), NOW)["keys"]} == {"EC", "OKP"}


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


def test_a_short_rsa_key_is_refused(folder: Path) -> None:
    path = file_of(folder, "access", "ES256")
    numbers = generate_private_key(65537, 2048).private_numbers()
    jwk = RSAKey(generate_private_key(65537, 2048), None).as_dict(private=True)
    short = OctKey((numbers.p).to_bytes(128, "big"), None).as_dict()["k"]
    edit(path, alg="RS256")
    put_jwk(path, {**jwk, "n": short})
    refuses(folder, path, "modulus is not between 2048")


@pytest.mark.parametrize("curve", ["P-384", "P-521"])
def test_a_key_of_the_wrong_curve_is_refused(folder: Path, curve: str) -> None:
    path = file_of(folder, "access", "ES256")
    put_jwk(path, ECKey.generate_key(curve).as_dict(private=True))
    refuses(folder, path, "its curve is not P-256")


def test_ed448_is_refused(folder: Path) -> None:
    path = file_of(folder, "access", "EdDSA")
    put_jwk(path, OKPKey.generate_key("Ed448").as_dict(private=True))
    refuses(folder, path, "its curve is not Ed25519")


@pytest.mark.parametrize(("purpose", "algorithm"), [("access", "HS256"), ("refresh", None), ("digest", None)])
@pytest.mark.parametrize("secret", [b"secret-of-a-client", b"x" * 31])
def test_a_mac_key_below_256_bits_is_refused(folder: Path, purpose: str, algorithm: str | None, secret: bytes) -> None:
    path = file_of(folder, purpose, algorithm)
    put_jwk(path, OctKey(secret, None).as_dict())
    refuses(folder, path, "fewer than 256 bits")


@pytest.mark.parametrize("purpose", ["identifier", "seal"])
def test_a_cipher_key_has_256_bits_exactly(folder: Path, purpose: str) -> None:
    path = file_of(folder, purpose)
    put_jwk(path, OctKey(b"x" * 33, None).as_dict())
    refuses(folder, path, "more than 256 bits")


def test_a_key_whose_halves_disagree_is_refused(folder: Path) -> None:
    for algorithm, other in (("ES256", ECKey.generate_key()), ("EdDSA", OKPKey.generate_key("Ed25519"))):
        path = file_of(folder, "access", algorithm)
        original = path.read_text()
        put_jwk(path, {**json.loads(original)["jwk"], "x": other.as_dict(private=True)["x"]})
        refuses(folder, path, "do not belong together")
        path.write_text(original)


def test_a_public_key_alone_is_refused(folder: Path) -> None:
    path = file_of(folder, "access", "ES256")
    jwk = json.loads(path.read_text())["jwk"]
    put_jwk(path, {name: value for name, value in jwk.items() if name != "d"})
    refuses(folder, path, "incomplete")


def test_a_key_of_another_type_than_its_algorithm_is_refused(folder: Path) -> None:
    path = file_of(folder, "access", "ES256")
    put_jwk(path, OctKey.generate_key(256).as_dict())
    refuses(folder, path, "key type")


def test_expired_keys_alone_are_no_keys(folder: Path) -> None:
    edit(file_of(folder, "refresh"), retires_at=NOW)
    with pytest.raises(KeyFault, match=r"refresh .* have all retired"):
        load_keyring(folder, NOW)
    assert create_missing(folder, ("ES256",), NOW) == ()


def test_a_missing_purpose_is_told(folder: Path) -> None:
    file_of(folder, "digest").unlink()
    with pytest.raises(KeyFault, match=r"digest .* are missing"):
        load_keyring(folder, NOW)


def test_what_a_crash_left_behind_is_no_key(folder: Path) -> None:
    (folder / ".half.0011.unfinished").write_text('{"purpose":')
    load_keyring(folder, NOW)


@pytest.mark.parametrize("purpose", [Purpose.DIGEST, Purpose.IDENTIFIER])
def test_a_second_key_of_what_is_never_rotated_is_refused(folder: Path, purpose: Purpose) -> None:
    write_key(folder, new_key(purpose, ALGORITHMS[purpose][0], NOW))
    with pytest.raises(KeyFault, match=f"several {purpose.value} keys"):
        load_keyring(folder, NOW)


@pytest.mark.parametrize("purpose", [Purpose.DIGEST, Purpose.IDENTIFIER])
def test_a_lost_key_that_nothing_can_replace_is_not_made_anew(folder: Path, purpose: Purpose) -> None:
    file_of(folder, purpose.value).unlink()
    with pytest.raises(KeyFault, match="restore it from a backup"):
        create_missing(folder, ("ES256",), NOW)
    with pytest.raises(KeyFault, match="restore the key from a backup"):
        load_keyring(folder, NOW)


@pytest.mark.parametrize("survivors", range(6))
def test_making_keys_is_finished_after_a_crash_at_any_point(tmp_path: Path, survivors: int) -> None:
    folder = tmp_path / "keys"
    made = create_missing(folder, ("ES256", "EdDSA"), NOW)
    for kid in made[survivors:]:
        (folder / f"{kid}.json").unlink()
    assert len(create_missing(folder, ("ES256", "EdDSA"), NOW)) == 6 - survivors
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
    assert {old, new} <= {key["kid"] for key in public_jwks(load_keyring(folder, NOW), NOW)["keys"]}
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
    assert old not in {key["kid"] for key in public_jwks(load_keyring(folder, NOW + 200), NOW + 200)["keys"]}


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


def test_two_processes_that_start_at_once_make_one_set_of_keys(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: create_missing(folder, ("ES256",), NOW), range(8)))
    assert sum(map(len, made)) == 5
    load_keyring(folder, NOW)
