"""What a real Keycloak has exported comes in: `keycloak/realm.json`, of the version that it names, made by `keycloak/`."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.importers.keycloak.shop import MOBILE_SECRET, PASSWORD
from tests.importers.sources import asking, counts

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.commanding import Folder

EXPORT = Path(__file__).parent / "keycloak" / "realm.json"
REALM = json.loads(EXPORT.read_bytes())
ROLES = ("boss", "clerk", "member", "mobile.buyer", "mobile.refund", "offline_access")
ALLOWED = ("--allow-grant", "password", *(part for name in ROLES for part in ("--allow-authority", name)))
LOGGED_IN = ("ann", "bob", "carl", "dan", "zoë")


def log_in(send: Callable[..., tuple[int, dict]], username: str, password: str) -> tuple[int, dict]:
    mobile = {"grant_type": "password", "client_id": "mobile", "client_secret": MOBILE_SECRET}
    return send("/oauth2/token", **mobile, username=username, password=password)


def claims(token: str) -> dict:
    payload = token.split(".")[1]
    return json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def algorithm_of(username: str) -> str:
    (user,) = (one for one in REALM["users"] if one["username"] == username)
    (password,) = user["credentials"]
    return json.loads(password["credentialData"])["algorithm"]


@pytest.fixture
def imported(folder: Folder) -> Folder:
    outcome = folder.run("import", "keycloak", EXPORT, *ALLOWED, "--json")
    assert counts(outcome) == {
        "client": {"created": 5, "refused": 1, "skipped": 8},
        "resource owner": {"created": 9, "refused": 1, "skipped": 2},
    }
    assert set(outcome.json["reasons"]["refused"]) == {
        "it authenticates with a key or a certificate, not with a secret",
        "it has a second factor, and there is none here (--without-second-factor lets it in all the same)",
    }
    return folder


def test_everybody_logs_in_with_the_old_password_and_with_no_other(imported: Folder):
    hashes = ["argon2", "pbkdf2-sha512", "pbkdf2-sha256", "pbkdf2", "argon2"]
    assert [algorithm_of(name) for name in LOGGED_IN] == hashes
    with asking(imported) as send:
        for name in LOGGED_IN:
            assert log_in(send, name, PASSWORD[name].upper())[0] == 400
            assert log_in(send, name, PASSWORD[name])[0] == 200
        for name in ("dora", "todd", "temp", "otto", "service-account-job"):  # nor did the old server
            assert log_in(send, name, PASSWORD.get(name, ""))[0] == 400
        assert log_in(send, "nora", "she has no password")[0] == 400
        assert log_in(send, "ann@shop.example", PASSWORD["ann"])[0] == 200


def test_who_had_a_second_factor_comes_with_the_password_alone_if_that_is_wanted(imported: Folder):
    again = imported.run("import", "keycloak", EXPORT, *ALLOWED, "--without-second-factor", "--json")
    assert counts(again) == {
        "client": {"equal": 5, "refused": 1, "skipped": 8},
        "resource owner": {"created": 1, "equal": 9, "skipped": 2},
    }
    with asking(imported) as send:
        assert log_in(send, "otto", PASSWORD["otto"])[0] == 200


def test_tokens_are_for_whom_they_were_and_clients_are_what_they_were(imported: Folder):
    with asking(imported) as send:
        _, answer = log_in(send, "ann", PASSWORD["ann"])
        refresh = {"grant_type": "refresh_token", "client_id": "mobile", "client_secret": MOBILE_SECRET}
        again = send("/oauth2/token", **refresh, refresh_token=answer["refresh_token"])[1]
        kiosk = {"grant_type": "password", "client_id": "kiosk", "username": "bob", "password": PASSWORD["bob"]}
        assert send("/oauth2/token", **kiosk)[0] == 200
        assert send("/oauth2/token", **{**kiosk, "client_id": "spa"})[0] == 400
        gone = {**kiosk, "client_id": "gone", "client_secret": "x"}
        assert send("/oauth2/token", **gone)[0] == 401
    token = claims(answer["access_token"])
    assert sorted(token["aud"]) == ["https://api.shop.example", "job"]
    assert (answer["expires_in"], token["sub"]) == (
        120,
        next(u["id"] for u in REALM["users"] if u["username"] == "ann"),
    )
    assert sorted(token["roles"]) == ["boss", "clerk", "member", "mobile.buyer", "mobile.refund"]
    assert again["refresh_token"] == answer["refresh_token"]  # Revoke Refresh Token is off, as it comes
    job, spa = (imported.done("client", "show", one, "--json").json for one in ("job", "spa"))
    assert (job["grant_types"], job["audience"], spa["grant_types"]) == (["client_credentials"], [], ["refresh_token"])
    assert job["authorities"] == ["offline_access"]  # of its service account, as far as they were let in
