"""Hashes made by the software that they come from match here, and altered or too costly ones never do (attacks K05, M).

`vectors.json` has them by their origin, as pairs of password and hash. docs/password-hashes.md tells how they were made.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.hashing.format import Limits, find_format, load_formats
from dragoman.hashing.formats import keycloak

KNOWN = load_formats()
LIMITS = Limits()
DIRECTORY = {prefix + size for prefix in ("SHA", "SSHA") for size in ("", "256", "384", "512")} | {"MD5", "SMD5"}
WEAK = replace(LIMITS, weak_formats=frozenset({"SHA-1", "SHA-256", "digest", *DIRECTORY}))
ORIGINS = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))
VECTORS = [pytest.param(*pair, id=f"{origin}, {pair[1][:24]}") for origin, pairs in ORIGINS.items() for pair in pairs]
HASHES = sorted({stored for pairs in ORIGINS.values() for _password, stored in pairs})


def defect(stored: str, limits: Limits = LIMITS) -> str | None:
    found = find_format(KNOWN, stored, limits)
    return found if isinstance(found, str) else None


def matches(stored: str, password: str, limits: Limits = WEAK) -> bool:
    found = find_format(KNOWN, stored, limits)
    return not isinstance(found, str) and found.verify(stored, password.encode())


def blank_of(stored: str) -> str:
    found = find_format(KNOWN, stored, WEAK)
    assert not isinstance(found, str)
    return found.blank(stored)


STRONG = {blank_of(stored): stored for stored in HASHES if defect(stored) is None}
"""One of each kind, by its blank."""


@pytest.mark.parametrize(("password", "stored"), VECTORS)
def test_a_hash_of_the_original_software_matches_its_password_alone(password: str, stored: str) -> None:
    assert defect(stored, WEAK) is None
    assert matches(stored, password)
    assert not matches(stored, "x" + password[1:])
    assert not matches(stored, password[: len(password) // 2])


@pytest.mark.parametrize("stored", HASHES)
def test_a_hash_is_of_one_format(stored: str) -> None:
    assert sum(known.identify(stored) for known in KNOWN) == 1


@pytest.mark.parametrize("stored", HASHES)
def test_the_blank_of_a_hash_is_nobodys_and_as_costly(stored: str) -> None:
    blank = blank_of(stored)
    assert defect(blank, WEAK) is None
    assert blank_of(blank) == blank
    assert len(blank) <= len(stored)
    assert not matches(blank, "correct horse")


@pytest.mark.parametrize(
    ("origin", "kinds"), [("Keycloak 25.0.6", 6), ("Django 5.2.19", 7), ("OpenSSL 3.0.19 passwd", 4)]
)
def test_accounts_of_one_software_and_cost_have_one_blank(origin: str, kinds: int) -> None:
    assert len({blank_of(stored) for _password, stored in ORIGINS[origin]}) == kinds


@pytest.mark.parametrize("stored", [one for one in HASHES if not one.startswith('{"')])
def test_an_altered_hash_is_told_or_matches_nothing(stored: str) -> None:
    for changed in (
        stored + "\n",
        "\n" + stored,
        stored + " ",
        " " + stored,
        stored + "$",
        stored + "\0",
        stored + "é",
    ):
        assert defect(changed, WEAK) or not matches(changed, "correct horse"), changed
    for length in range(len(stored)):
        assert defect(stored[:length], WEAK) or not matches(stored[:length], "correct horse"), stored[:length]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(HASHES), st.data())
def test_a_mutated_hash_never_makes_a_check_raise(stored: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(stored)))
    end = data.draw(st.integers(start, min(len(stored), start + 12)))
    piece = data.draw(
        st.one_of(st.text(max_size=8), st.sampled_from(["$", "{", '"', "[", "null", "-1", "9" * 30, "A", "="]))
    )
    changed = stored[:start] + piece + stored[end:]
    found = find_format(
        KNOWN, changed, replace(WEAK, pbkdf2_iterations=100_000, phpass_exponent=13, crypt_rounds=20_000)
    )
    if not isinstance(found, str):
        assert found.seen(changed, b"x") == b"x"
        assert not found.verify(changed, b"no such password")
        assert defect(found.blank(changed), WEAK) is None


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(HASHES), st.text(max_size=60))
def test_no_format_raises_over_what_is_not_its_own(stored: str, other: str) -> None:
    for known in KNOWN:
        for text in (other, stored, stored[: len(stored) // 2]):
            known.identify(text)
            known.find_defect(text, LIMITS)
            known.seen(text, b"x")


SALT, ZEROS = "c2FsdHNhbHRzYWx0c2FsdA==", "A" * 43 + "="


def credential(iterations: object, algorithm: str, value: str = ZEROS, **parameters: str) -> str:
    return json.dumps(
        {
            "secretData": {"value": value, "salt": SALT},
            "credentialData": {
                "hashIterations": iterations,
                "algorithm": algorithm,
                "additionalParameters": {name: [text] for name, text in parameters.items()},
            },
        }
    )


def argon2_credential(**changed: str) -> str:
    usual = {"hashLength": "32", "memory": "64", "type": "id", "version": "1.3", "parallelism": "1"}
    return credential(1, "argon2", **(usual | changed))


ASPNET = "AQAAAAIAAAAyAAAAEOMwvh3+FZxqkdMBz2ekgGhwQ4B6pZWND6zgESBuWiHw"
TOO_COSTLY = [
    "scrypt$4194304$salt$8$1$" + "A" * 86 + "==",
    "scrypt$16384$salt$8$17$" + "A" * 86 + "==",
    "scrypt$131072$salt$8$9$" + "A" * 86 + "==",
    "scrypt$16384$salt$9999$1$" + "A" * 86 + "==",
    "argon2$argon2id$v=19$m=262145,t=1,p=1$c2FsdHNhbHRzYWx0MTI$" + "A" * 43,
    "bcrypt$$2b$15$" + "." * 53,
    "bcrypt_sha256$$2b$31$" + "." * 53,
    "{CRYPT}$6$rounds=700001$salt$" + "." * 86,
    "{CRYPT}$2b$15$" + "." * 53,
    "{ARGON2}$argon2i$v=19$m=4194304,t=3,p=1$c2FsdHNhbHRzYWx0MTI$" + "A" * 43,
    "$5$rounds=700001$salt$" + "." * 43,
    "$6$rounds=999999999$salt$" + "." * 86,
    "$P$I" + "." * 30,
    "$H$S" + "." * 30,
    "$S$I" + "." * 51,
    "U$S$S" + "." * 51,
    ASPNET.replace("AQAAAAIAAAAyAAAA", "AQAAAAIAHoSBAAAA"),
    ASPNET.replace("AQAAAAIAAAAyAAAA", "AQAAAAL/////AAAA"),
    credential(2_000_001, "pbkdf2-sha256"),
    argon2_credential(memory="262145"),
    argon2_credential(parallelism="17"),
]


@pytest.mark.parametrize("stored", TOO_COSTLY)
def test_a_hash_above_the_ceiling_of_its_format_never_matches_and_says_why(stored: str) -> None:
    assert any(word in (defect(stored, WEAK) or "") for word in ("above", "cost outside")), defect(stored, WEAK)


def test_the_ceilings_themselves_are_accepted() -> None:
    for stored in (
        "scrypt$65536$salt$8$16$" + "A" * 86 + "==",
        "$6$rounds=700000$salt$" + "." * 86,
        "$P$H" + "." * 30,
        "$S$H" + "." * 51,
        credential(2_000_000, "pbkdf2-sha512"),
        argon2_credential(memory="262144", parallelism="16"),
    ):
        assert defect(stored) is None, stored


MALFORMED = [
    "scrypt$16383$salt$8$1$" + "A" * 86 + "==",
    "scrypt$1$salt$8$1$" + "A" * 86 + "==",
    "scrypt$16384$$8$1$" + "A" * 86 + "==",
    "scrypt$16384$salt$0$1$" + "A" * 86 + "==",
    "scrypt$16384$salt$8$1$" + "A" * 24,
    "scrypt$",
    "argon2$",
    "argon2$argon2d$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0MTI$" + "A" * 43,
    "bcrypt$",
    "bcrypt$2b$04$" + "." * 53,
    "bcrypt_sha256$$2x$04$" + "." * 53,
    "md5$$" + "0" * 32,
    "md5$salt$" + "0" * 40,
    "sha1$salt$" + "0" * 32,
    "unsalted_md5$" + "0" * 32,
    "$1$toolongsalt$" + "." * 22,
    "$1$salt$" + "." * 21,
    "$5$salt$" + "." * 86,
    "$6$salt$" + "." * 43,
    "$6$rounds=999$salt$" + "." * 86,
    "$6$rounds=05000$salt$" + "." * 86,
    "$6$rounds=5000$" + "." * 86,
    "$6$" + "s" * 17 + "$" + "." * 86,
    "$7$salt$" + "." * 86,
    "$P$4" + "." * 30,
    "$P$T" + "." * 30,
    "$P$B" + "." * 51,
    "$S$B" + "." * 30,
    "$P$",
    "U$P$",
    "U$1$salt$" + "." * 22,
    "{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
    "{SSHA256}W6ph5Mm5Pz8GgiULbPgzG37mj9gx",
    "{SSHA}" + "A" * 200,
    "{SHA}" + "A" * 40,
    "{CRYPT}",
    "{CRYPT}ab01FAX.bQRSU",
    "{CRYPT}{CRYPT}$1$salt$" + "." * 22,
    "{ldap}{noop}password",
    "{ldap}{ldap}{SSHA}a3UEVhNGFkPbIb4ZU2ydCS6DaJlVsFAk",
    "{ldap}a3UEVhNGFkPbIb4ZU2ydCS6DaJlVsFAk",
    "{Ssha}a3UEVhNGFkPbIb4ZU2ydCS6DaJlVsFAk",
    ASPNET[:-4],
    ASPNET.replace("AQAAAAI", "AQAAAAM"),
    ASPNET.replace("AAAAE", "AAAAA"),
    ASPNET.replace("AAAAE", "AAA/E"),
    ASPNET.replace("AQAAAAI", "AgAAAAI"),
    ASPNET.replace("AQAAAAIAAAAyAAAA", "AQAAAAIAAAAAAAAA"),
    "{}",
    '{"',
    '{"secretData":' + "[" * 900,
    '{"secretData":"x","credentialData":"x"}',
    '{"secretData":"\\ud800","credentialData":"{}"}',
    '{"secretData":{"value":1,"salt":2},"credentialData":{}}',
    credential(0, "pbkdf2-sha256"),
    credential(-1, "pbkdf2-sha256"),
    credential(10**40, "pbkdf2-sha256"),
    credential("1000", "pbkdf2-sha256"),
    credential(1000, "pbkdf2-md5"),
    credential(1000, "pbkdf2-sha256", value="AAAA"),
    credential(1000, "pbkdf2-sha256", value="!"),
    credential(1000, "pbkdf2-sha256").replace('{"secret', '{"type":"otp","secret'),
    argon2_credential(version="1.0"),
    argon2_credential(type="d"),
    argon2_credential(hashLength="16"),
    argon2_credential(memory="64,t=99"),
    credential(1, "argon2"),
    *(
        f"$digest${template}$${'0' * 32}"
        for template in (
            "password",
            "md5()",
            "md5(salt)",
            "md5(password",
            "md5(password))",
            "md5(password.)",
            "md5(.password)",
            "md5(passwordsalt)",
            "md4(password)",
            "sha1(password)",
            "md5(" * 30 + "password",
        )
    ),
    "$digest$md5(password)$=$" + "0" * 32,
]


@pytest.mark.parametrize("stored", MALFORMED)
def test_what_is_malformed_never_matches_and_is_told(stored: str) -> None:
    assert defect(stored, WEAK)
    for password in ("", "password", "x"):
        assert not matches(stored, password)


@pytest.mark.parametrize("stored", [one for one in HASHES if one not in STRONG.values() and defect(one)])
def test_one_round_of_a_digest_counts_only_where_it_is_allowed(stored: str) -> None:
    assert "explicitly allowed" in (defect(stored) or "")
    assert defect(stored, WEAK) is None


@pytest.mark.parametrize("stored", [one for one in HASHES if one.startswith(("$1$", "$apr1$", "$5$", "$6$"))])
def test_crypt_knows_no_nul_and_no_endless_password(stored: str) -> None:
    assert not matches(stored, "correct horse\0")
    assert not matches(stored, "\0")
    assert not matches(stored, "p" * 512)


def test_a_credential_may_have_its_parts_as_objects_and_be_laid_out() -> None:
    password, stored = ORIGINS["Keycloak 25.0.6"][0]
    parts = {name: json.loads(text) for name, text in json.loads(stored).items()}
    assert matches(json.dumps(parts), password)
    assert matches(json.dumps(parts, indent=2), password)
    whole = {"id": "1d0", "type": "password", "userLabel": "My password", "createdDate": 1700000000000, **parts}
    assert matches(json.dumps(whole), password)


def test_a_bcrypt_in_other_clothes_says_what_it_sees_and_a_prehashed_one_sees_all() -> None:
    long = b"p" * 80
    for stored, size in (
        ("bcrypt$$2b$04$", 72),
        ("{CRYPT}$2b$04$", 72),
        ("{ldap}{CRYPT}$2b$04$", 72),
        ("bcrypt_sha256$$2b$04$", 80),
        ("{ldap}{CRYPT}$6$", 80),
    ):
        found = find_format(KNOWN, stored + "." * (86 if stored.endswith("$6$") else 53), LIMITS)
        found = next(known for known in KNOWN if known.identify(stored)) if isinstance(found, str) else found
        assert len(found.seen(stored + "." * 53, long)) == size


def test_the_blank_of_a_credential_keeps_nothing_but_its_cost() -> None:
    blank = json.loads(keycloak.blank(argon2_credential(note="of somebody")))
    assert set(blank["credentialData"]["additionalParameters"]) == {
        "hashLength",
        "memory",
        "type",
        "version",
        "parallelism",
    }
    assert set(blank["secretData"]["value"]) == {"A", "="}
