"""Hashes of other software that are malformed or above the ceiling of their format never match, and say why (attack K05)."""

from __future__ import annotations

import json

import pytest

from dragoman.hashing.formats import keycloak
from tests.hashing.stored_hashes import defect, matches
from tests.hashing.vectors import WEAK

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
        assert not matches(stored, password, WEAK)


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
