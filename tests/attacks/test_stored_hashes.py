"""What is stored and is no hash, or hardly one, lets nobody in: K05, K06."""

import bcrypt
import pytest

from dragoman.core.secret import Secret
from tests.attacks.guarding import stored_of
from tests.attacks.harness import PASSWORD, Server

CONFUSED = {
    "empty": "",
    "locked": "!",
    "star": "*",
    "the password": PASSWORD,
    "plain": "{noop}" + PASSWORD,
    "ssha": "{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
    "crypt": "ab01FAX.bQRSU",
    "the name of a format": "argon2i",
    "a format without its digest": "$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA",
    "crypt by MD5, without a digest": "$1$abcdefgh$",
    "crypt by MD5, a field more": "$1$abcdefgh$G//4keteveJp0qb8z2DxG/$x",
    "truncated": stored_of("04")[:-1],
    "another field": stored_of("04") + "$x",
    "a line feed": stored_of("04") + "\n",
}


@pytest.mark.parametrize("kind", CONFUSED)
def test_k05_what_is_no_hash_lets_nobody_in(server: Server, kind: str):
    client, owner = server.add_client(), server.add_owner(stored=CONFUSED[kind])
    for password in (PASSWORD, CONFUSED[kind] or "x", "!"):
        with server.nothing_happens(hashes=1):
            assert server.log_in(client, owner, password).error == "invalid_grant"
    assert server.passwords.find_defect(CONFUSED[kind])


OTHERS = {"argon2i": ("argon2id", "argon2i"), "argon2d": ("argon2id", "argon2d"), "another version": ("v=19", "v=16")}


@pytest.mark.parametrize("kind", OTHERS)
def test_k05_the_digest_of_one_format_under_the_name_of_another_lets_nobody_in(server: Server, kind: str):
    stored = server.run(server.preparing.hash_new(Secret(PASSWORD)))
    client, renamed = server.add_client(), stored.replace(*OTHERS[kind])
    assert renamed != stored
    assert server.log_in(client, server.add_owner(stored=stored)).status == 200
    assert server.log_in(client, server.add_owner(stored=renamed)).error == "invalid_grant"


@pytest.mark.parametrize("version", ["$2$", "$2x$", "$2c$"])
def test_k06_broken_versions_of_bcrypt_let_nobody_in(server: Server, version: str):
    client, owner = server.add_client(), server.add_owner(stored=stored_of("04").replace("$2b$", version))
    with server.nothing_happens(hashes=1):
        assert server.log_in(client, owner).error == "invalid_grant"


@pytest.mark.parametrize("version", ["$2a$", "$2b$", "$2y$"])
def test_k06_sound_versions_of_bcrypt_let_their_owner_in(server: Server, version: str):
    client, owner = server.add_client(), server.add_owner(stored=stored_of("04").replace("$2b$", version))
    assert server.log_in(client, owner).status == 200


@pytest.mark.parametrize("cost", ["31", "15", "00", "03"])
def test_k06_a_bcrypt_cost_outside_the_limits_is_neither_computed_nor_skipped(server: Server, cost: str):
    client, owner = server.add_client(), server.add_owner(stored=stored_of(cost))
    checked = server.passwords.imports_checked
    with server.nothing_happens(hashes=1):
        assert server.log_in(client, owner).error == "invalid_grant"
    assert server.passwords.imports_checked == checked


def test_k06_a_nul_ends_no_password_and_bytes_beyond_72_are_seen_once_the_hash_is_ours(server: Server):
    client, owner = server.add_client(), server.add_owner(stored=stored_of("04"))
    assert server.log_in(client, owner, f"{PASSWORD}\0").error == "invalid_grant"
    long = "0123456789" * 7 + "ab"
    whole = server.add_owner(stored=bcrypt.hashpw(long.encode(), bcrypt.gensalt(4)).decode())
    assert server.log_in(client, whole, long[:-1]).error == "invalid_grant"
    assert server.log_in(client, whole, long).status == 200
    assert server.log_in(client, whole, long + "x").error == "invalid_grant"


@pytest.mark.parametrize("password", ["x", "abc", "password1", "Password1!"])
def test_u25_a_password_that_could_not_be_set_today_goes_on_logging_its_owner_in(server: Server, password: str):
    stored = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
    client, owner = server.add_client(), server.add_owner(stored=stored)
    for _ in range(2):  # the second time by the hash that has replaced it
        assert server.log_in(client, owner, password).status == 200
    found = server.run(server.tool.find_resource_owner(server.owner_id(owner)))
    assert found.password_hash.startswith("$argon2id$")
