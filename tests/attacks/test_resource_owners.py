"""People and passwords: U01 to U23."""

import hashlib
from pathlib import Path
from urllib.parse import urlencode

import bcrypt
import pytest

from dragoman.store.faults import StoreConflict
from dragoman.tokens.keys import KeyFault
from dragoman.wiring.parts import create_keys
from dragoman.wiring.server import open_server
from tests.attacks.harness import DIALECTS, FORM, PASSWORD, Answer, Server, configuration_of, running
from tests.attacks.spelling import log_in

STATES = {
    "disabled": {"enabled": False},
    "locked": {"locked": True},
    "expired": {"expired": True},
    "must change the password": {"password_expired": True},
}
REASONS = {
    "disabled": "account_disabled",
    "locked": "account_locked",
    "expired": "account_expired",
    "must change the password": "password_expired",
}


def counted(server: Server, dialect: str, client: str, username: str, password: str) -> tuple[Answer, int]:
    """The answer, and how many hashes it cost. Nothing else happens."""
    before = server.passwords.hashes_computed
    with server.nothing_issued():
        answer = log_in(server, dialect, client, username, password)
    return answer, server.passwords.hashes_computed - before


@pytest.mark.parametrize("dialect", DIALECTS)
def test_u01_u02_an_unknown_user_and_a_wrong_password_are_one_answer_and_one_hash_each(server: Server, dialect: str):
    client, owner = server.add_client(), server.add_owner()
    wrong, wrong_cost = counted(server, dialect, client, owner, "wrong password")
    unknown, unknown_cost = counted(server, dialect, client, "nobody at all", "wrong password")
    assert wrong.identity == unknown.identity
    assert 400 <= wrong.status < 500
    assert (wrong_cost, unknown_cost) == (1, 1)


@pytest.mark.parametrize("length", [0, 1, 71, 72, 73, 128, 1025, 5000])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_u03_the_length_of_a_password_tells_nothing_of_the_account(server: Server, dialect: str, length: int):
    client, owner = server.add_client(), server.add_owner()
    known, cost = counted(server, dialect, client, owner, "x" * length)
    unknown, unknown_cost = counted(server, dialect, client, "nobody at all", "x" * length)
    assert known.identity == unknown.identity
    assert cost == unknown_cost


IMPORTED = {
    "bcrypt": lambda password: bcrypt.hashpw(password, bcrypt.gensalt(4)).decode(),
    "unusable": lambda _password: "!",
    "another scheme": lambda password: "{SSHA}" + hashlib.sha1(password).hexdigest(),
}


@pytest.mark.parametrize("kind", IMPORTED)
def test_u04_an_imported_hash_costs_one_current_hash_as_well(server: Server, kind: str):
    client, owner = server.add_client(), server.add_owner(stored=IMPORTED[kind](PASSWORD.encode()))
    wrong, cost = counted(server, "standard", client, owner, "wrong password")
    unknown, unknown_cost = counted(server, "standard", client, "nobody at all", "wrong password")
    assert wrong.identity == unknown.identity
    assert (cost, unknown_cost) == (1, 1)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_u05_an_account_that_may_not_be_used_looks_like_a_wrong_password(server: Server, dialect: str, state: str):
    client, owner = server.add_client(), server.add_owner(**STATES[state])
    wrong, wrong_cost = counted(server, dialect, client, owner, "wrong password")
    right, right_cost = counted(server, dialect, client, owner, PASSWORD)
    assert right.identity == wrong.identity
    assert (right_cost, wrong_cost) == (1, 1)
    assert server.events()[-1]["detail"] == REASONS[state]
    assert server.events()[-2]["detail"] == "wrong password"


def test_u05_an_account_without_a_password_looks_like_a_wrong_password(server: Server):
    client, known = server.add_client(), server.add_owner()
    federated = server.add_owner(stored="")
    first, cost = counted(server, "standard", client, federated, PASSWORD)
    second, other_cost = counted(server, "standard", client, known, "wrong password")
    assert first.identity == second.identity
    assert cost == other_cost == 1
    assert [event["detail"] for event in server.events()[-2:]] == ["the account has no password", "wrong password"]


def gone(server: Server, owner: str, how: str) -> None:
    match how:
        case "disabled":
            server.change_owner(owner, enabled=False)
        case "deleted":
            server.delete_owner(owner)
        case "expired":
            server.change_owner(owner, expired=True)


@pytest.mark.parametrize("how", ["disabled", "deleted"])
def test_u06_whoever_is_disabled_or_deleted_is_signed_out(server: Server, how: str):
    client, owner = server.add_client(), server.add_owner()
    tokens = server.log_in(client, owner).document
    gone(server, owner, how)
    assert server.refresh(client, tokens["refresh_token"]).error == "invalid_grant"
    assert server.introspect(client, tokens["access_token"]) == {"active": False}
    assert server.introspect(client, tokens["refresh_token"]) == {"active": False}
    assert server.resource(tokens["access_token"]) == 401
    assert server.grants(client)[0].revoked_at is not None


def test_u06_a_disabled_account_stays_signed_out_when_it_is_enabled_again(server: Server):
    client, owner = server.add_client(), server.add_owner()
    tokens = server.log_in(client, owner).document
    server.change_owner(owner, enabled=False)
    server.change_owner(owner, enabled=True)
    assert server.refresh(client, tokens["refresh_token"]).error == "invalid_grant"
    assert server.introspect(client, tokens["access_token"]) == {"active": False}


def test_u06_an_expired_account_neither_refreshes_nor_is_active(server: Server):
    client, owner = server.add_client(), server.add_owner()
    tokens = server.log_in(client, owner).document
    gone(server, owner, "expired")
    assert server.refresh(client, tokens["refresh_token"]).error == "invalid_grant"
    assert server.introspect(client, tokens["access_token"]) == {"active": False}


@pytest.mark.parametrize("length", [64, 72, 73, 128, 1024])
def test_u07_a_long_password_counts_to_its_last_byte(server: Server, length: int):
    password = "".join(chr(33 + index % 90) for index in range(length))
    client, owner = server.add_client(), server.add_owner(password)
    assert server.log_in(client, owner, password).status == 200
    for other in (password[:-1], password[:72] if length > 72 else password[:-2], f"{password}x"):
        assert server.log_in(client, owner, other).error == "invalid_grant"


def test_u08_a_nul_ends_no_password(server: Server):
    client = server.add_client()
    short, long = server.add_owner("abcdefgh"), server.add_owner("abcdefgh\0ijkl")
    assert server.log_in(client, short, "abcdefgh\0ijkl").error == "invalid_grant"
    assert server.log_in(client, long, "abcdefgh").error == "invalid_grant"
    assert server.log_in(client, long, "abcdefgh\0ijkl").status == 200


SAME = (
    ("admin-one", "ADMIN-ONE"),
    ("admin-two", "\uff21\uff44\uff4d\uff49\uff4e-\uff54\uff57\uff4f"),
    ("admin-three", "admin\u200b-three"),
    ("ren\u00e9", "rene\u0301"),
    ("stra\u00dfe", "STRASSE"),
    ("\ufb01ne", "FINE"),
    ("\u03c3\u03c2", "\u03a3\u03a3"),
    ("admin\u00ad-four", "admin-four"),
    ("\u0130stanbul", "i\u0307STANBUL"),
)


@pytest.mark.parametrize(("name", "variant"), SAME)
def test_u09_every_spelling_of_a_name_is_the_same_account_and_cannot_be_taken_again(
    server: Server, name: str, variant: str
):
    client = server.add_client()
    try:
        server.add_owner(username=name)
    except ValueError:  # not to be registered at all: as good
        server.add_owner(username=variant)
        name, variant = variant, name
    assert server.log_in(client, variant).status == 200
    with pytest.raises((StoreConflict, ValueError)):
        server.add_owner(username=variant)
    with pytest.raises((StoreConflict, ValueError)):
        server.add_owner(email=variant)


def test_u09_a_letter_of_another_script_is_another_account(server: Server):
    client = server.add_client()
    server.add_owner(username="latin-a")
    assert server.log_in(client, "l\u0430tin-\u0430").error == "invalid_grant"  # Cyrillic


@pytest.mark.parametrize(
    "name", ["", " ", "a\nb", "a\0b", "\u202eabc", "abc\ufe0f", "a\u115fb", "a\u2028b", " a", "a ", "x" * 400, "\ud800"]
)
def test_u09_a_name_that_cannot_be_seen_for_what_it_is_is_not_registered(server: Server, name: str):
    with pytest.raises(ValueError, match="login name"):
        server.add_owner(username=name)


def test_u10_name_and_email_are_one_account(server: Server):
    client = server.add_client()
    owner = server.add_owner(email="someone@people.example")
    by_name, by_email = server.log_in(client, owner), server.log_in(client, "Someone@People.Example")
    assert by_name.status == by_email.status == 200
    subjects = {event["subject"] for event in server.events()[-2:]}
    assert subjects == {server.owner_id(owner)}


def test_u22_signing_out_everywhere_ends_every_grant_and_every_access_token(server: Server):
    clients, owner = [server.add_client() for _ in range(3)], server.add_owner()
    tokens = {client: server.log_in(client, owner).document for client in clients}
    bystander = server.log_in(clients[0], server.add_owner()).document
    assert server.revoke_all(owner) == 3
    for client, one in tokens.items():
        assert server.refresh(client, one["refresh_token"]).error == "invalid_grant"
        assert server.introspect(client, one["access_token"]) == {"active": False}
    assert server.refresh(clients[0], bystander["refresh_token"]).status == 200


def test_u23_a_fresh_installation_has_nobody_in_it(tmp_path: Path):
    with running(configuration_of(tmp_path)) as server:
        assert server.rows() == dict.fromkeys(server.rows(), 0)
        assert server.run(server.tool.administration.list_clients()) == ()
        assert server.run(server.tool.administration.list_resource_owners()) == ()


def test_u23_nothing_starts_without_keys_of_its_own(tmp_path: Path):
    async def start() -> None:
        async with open_server(configuration_of(tmp_path)):
            pass

    import asyncio

    with pytest.raises(KeyFault):
        asyncio.run(start())


def test_u23_two_installations_share_no_key(tmp_path: Path):
    contents = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        create_keys(configuration_of(folder))
        contents.append({path.read_bytes() for path in (folder / "keys").iterdir()})
    assert contents[0].isdisjoint(contents[1])


def test_log_ins_at_once_that_all_strengthen_the_hash_all_succeed(server: Server):
    client = server.add_client()
    person = server.add_owner(stored=bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode())
    form = urlencode({"grant_type": "password", **server.credentials(client), "username": person, "password": PASSWORD})
    one = {"method": "POST", "path": "/oauth2/token", "headers": [("Content-Type", FORM)], "body": form.encode()}
    assert [answer.status for answer in server.ask_all([one, one, one])] == [200, 200, 200]
    assert len(server.grants(client)) == 3
    assert server.log_in(client, person).status == 200
