"""Keycloak: exports as `kc.sh export` writes them, cut down to what matters and some that does not.

(keycloak/keycloak, RealmRepresentation; its migration-test realms.) The hash is as Pbkdf2PasswordHashProvider makes it.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from dragoman.importers.sources import realm as realms
from tests.importers.sources import PASSWORD, asking, counts

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.commanding import Folder

SECRET = "UfR6hbLE0ckGud1KvPj3MVRO0IoqWce5"
SERVER = ("--allow-grant", "password", "--allow-authority", "member", "--allow-authority", "shop.buyer")
ANN, OTP, LDAP, SERVICE, TO_DO = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "abcde")


def credential(password: str = PASSWORD, rounds: int = 500) -> dict[str, Any]:
    salt = bytes(range(16))
    value = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds, 64)
    secret = {"value": b64encode(value).decode(), "salt": b64encode(salt).decode(), "additionalParameters": {}}
    data = {"hashIterations": rounds, "algorithm": "pbkdf2-sha512", "additionalParameters": {}}
    return {
        "id": "f84d4392-880e-4eeb-ad16-d636d30f58f7", "type": "password", "userLabel": "My password",
        "createdDate": 1693669854698, "secretData": json.dumps(secret), "credentialData": json.dumps(data),
    }  # fmt: skip


def client(client_id: str, **more: object) -> dict[str, Any]:
    return {
        "id": client_id, "clientId": client_id, "enabled": True, "clientAuthenticatorType": "client-secret",
        "secret": SECRET, "redirectUris": ["https://app.example/*"], "bearerOnly": False, "standardFlowEnabled": True,
        "implicitFlowEnabled": False, "directAccessGrantsEnabled": False, "serviceAccountsEnabled": False,
        "publicClient": False, "protocol": "openid-connect", "attributes": {}, "fullScopeAllowed": True,
        "defaultClientScopes": ["roles", "profile"], "optionalClientScopes": ["offline_access"], **more,
    }  # fmt: skip


def user(user_id: str, name: str, **more: object) -> dict[str, Any]:
    return {
        "id": user_id, "createdTimestamp": 1693669853579, "username": name, "enabled": True, "totp": False,
        "emailVerified": False, "email": f"{name}@example.com", "firstName": name.title(), "credentials": [credential()],
        "disableableCredentialTypes": [], "requiredActions": [], "realmRoles": ["default-roles-shop"], "notBefore": 0,
        "groups": [], **more,
    }  # fmt: skip


AUDIENCE = {
    "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper",
    "config": {"included.client.audience": "api", "included.custom.audience": "", "access.token.claim": "true"},
}  # fmt: skip
CLIENTS = [
    client("mobile", directAccessGrantsEnabled=True, attributes={"access.token.lifespan": "120", "use.refresh.tokens": "true"}),
    client("job", serviceAccountsEnabled=True, standardFlowEnabled=False, redirectUris=[], protocolMappers=[AUDIENCE]),
    client("spa", publicClient=True, secret=None, enabled=False, attributes={"use.refresh.tokens": "false"}),
    client("api", bearerOnly=True),
    client("saml", protocol="saml"),
    client("admin-cli", publicClient=True),
    client("masked", secret="**********"),
    client("signed", clientAuthenticatorType="client-jwt"),
]  # fmt: skip
USERS = [
    user(ANN, "ann", groups=["/customers/buyers"], realmRoles=["default-roles-shop", "boss"]),
    user(OTP, "otp", credentials=[credential(), {"type": "otp", "secretData": "{}", "credentialData": "{}"}]),
    user(LDAP, "ldap", federationLink="ad", credentials=[]),
    user(SERVICE, "service-account-job", serviceAccountClientId="job", credentials=[]),
    user(TO_DO, "todo", requiredActions=["UPDATE_PASSWORD"]),
    {"username": "noid", "credentials": [{"type": "password", "value": "plain"}]},
    user("ffffffff-0000-4000-8000-000000000000", "plain", credentials=[{"type": "password", "value": "hunter2hunter2"}]),
    {"id": 7},
]  # fmt: skip
REALM = {
    "id": "shop", "realm": "shop", "enabled": True, "accessTokenLifespan": 300, "ssoSessionIdleTimeout": 1800,
    "ssoSessionMaxLifespan": 36000, "clientSessionIdleTimeout": 0, "revokeRefreshToken": False,
    "roles": {
        "realm": [
            {"name": "member", "composite": False}, {"name": "boss", "composite": True, "composites": {"realm": ["admin"]}},
            {"name": "admin", "composite": True, "composites": {"realm": ["boss"], "client": {"shop": ["refund"]}}},
            {"name": "default-roles-shop", "composite": True, "composites": {"realm": ["offline_access"]}},
        ],
        "client": {"shop": [{"name": "buyer"}, {"name": "refund"}]},
    },
    "groups": [{
        "path": "/customers", "realmRoles": ["member"], "clientRoles": {},
        "subGroups": [{"path": "/customers/buyers", "realmRoles": [], "clientRoles": {"shop": ["buyer"]}, "subGroups": []}],
    }],
    "clientScopes": [
        {"name": "roles", "attributes": {"include.in.token.scope": "false"}},
        {"name": "profile", "attributes": {"include.in.token.scope": "true"}, "protocolMappers": [AUDIENCE, {"name": "x"}]},
        {"name": "offline_access", "protocolMappers": [
            {**AUDIENCE, "config": {"included.custom.audience": "archive", "access.token.claim": "true"}}
        ]},
    ],
    "clients": CLIENTS,
}  # fmt: skip


def written(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content))
    return path


@pytest.fixture(params=["file", "folder"])
def export(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "file":
        return written(tmp_path / "shop.json", [{**REALM, "users": USERS}])
    folder = tmp_path / "export"
    folder.mkdir()
    written(folder / "shop-realm.json", REALM)
    for number, one in enumerate(USERS):
        written(folder / f"shop-users-{number}.json", {"realm": "shop", "users": [one]})
    written(folder / "shop-federated-users-0.json", {"realm": "shop", "federatedUsers": [{"id": "x"}]})
    return folder


def test_an_old_client_logs_in_with_the_old_password(folder: Folder, export: Path):
    outcome = folder.run("import", "keycloak", export, *SERVER, "--json")
    assert counts(outcome) == {
        "client": {"created": 3, "refused": 2, "skipped": 3},
        "resource owner": {"created": 2, "refused": 5, "skipped": 1},
    }
    again = folder.run("import", "keycloak", export, *SERVER, "--json")
    assert counts(again)["resource owner"] == {"equal": 2, "refused": 5, "skipped": 1}
    ask = {"grant_type": "password", "client_id": "mobile", "client_secret": SECRET, "scope": "openid profile"}
    with asking(folder) as send:
        status, answer = send("/oauth2/token", **ask, username="ann", password=PASSWORD)
        assert (status, answer["expires_in"], "refresh_token" in answer) == (200, 120, True)
        assert send("/oauth2/token", **ask, username="ann", password="wrong password")[0] == 400
        assert send("/oauth2/token", **ask, username="todo", password=PASSWORD)[0] == 400
        job = {"grant_type": "client_credentials", "client_id": "job", "client_secret": SECRET}
        assert send("/oauth2/token", **job)[0] == 200


def test_clients_and_people_come_with_what_the_realm_says(folder: Folder, tmp_path: Path):
    export = written(tmp_path / "shop.json", {**REALM, "users": USERS})
    outcome = folder.run("import", "keycloak", export, *SERVER, "--json")
    mobile, job, spa = (folder.done("client", "show", one, "--json").json for one in ("mobile", "job", "spa"))
    assert mobile["grant_types"] == ["password", "refresh_token"]
    assert (mobile["scope"], mobile["refresh_token_lifetime"]) == (["openid", "profile", "offline_access"], 36000)
    assert (mobile["refresh_token_idle_lifetime"], job["access_token_lifetime"]) == (1800, 300)
    assert (job["grant_types"], spa["grant_types"], spa["enabled"]) == (["client_credentials"], [], False)
    assert (mobile["audience"], job["audience"], mobile["refresh"]) == (["api"], ["api"], "reuse")
    assert outcome.json["withheld"]["audience archive: only with an optional scope"] == 3
    assert outcome.json["withheld"]["grant type authorization_code: not offered by this server"] == 2
    ann = folder.done("user", "show", ANN, "--json").json
    assert (ann["username"], ann["first_name"], ann["created_at"]) == ("ann", "Ann", 1693669853)
    assert ann["authorities"] == ["member", "shop.buyer"]
    withheld = [text for text in outcome.json["withheld"] if text.startswith("authority")]
    assert sorted(text.split(":")[0] for text in withheld) == [
        "authority admin", "authority boss", "authority default-roles-shop", "authority offline_access",
        "authority shop.refund",
    ]  # fmt: skip
    assert set(outcome.json["reasons"]["refused"]) == {
        "its secret is masked: the console's export does that, kc.sh export does not",
        "it authenticates with a key or a certificate, not with a secret",
        "it has a second factor, and there is none here (--without-second-factor lets it in all the same)",
        "a user federation keeps its password; bring it from there",
        "its password is no hash as Keycloak 8 and later export one",
        "it has no identifier",
        "not a user as an export writes one",
    }
    assert "hunter2" not in outcome.out + outcome.err


def test_a_time_that_no_database_holds_is_told_and_stops_nobody_else(folder: Folder, tmp_path: Path):
    far = [user(f"{number:036}", f"far{number}", createdTimestamp=10**number) for number in (18, 30, 300)]
    export = written(tmp_path / "shop.json", {**REALM, "users": [*far, user(ANN, "ann")]})
    outcome = folder.run("import", "keycloak", export, *SERVER, "--json")
    assert counts(outcome)["resource owner"] == {"created": 1, "refused": 3}
    assert outcome.json["reasons"]["refused"]["it was made later than in the year 9999"] == 3


def test_an_export_of_another_shape_is_one_sentence(folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(realms, "LARGEST_FILE", 1 << 20)
    (tmp_path / "empty").mkdir()
    deep = '{"realm":"x","groups":' + '[{"path":"/","subGroups":' * 5000
    cases = {
        "holds 2 realms; export one by itself": written(tmp_path / "two.json", [{"realm": "a"}, {"realm": "b"}]),
        "has 0 files *-realm.json": tmp_path / "empty",
        "larger than 1 MiB; export to a folder": written(tmp_path / "large.json", "x" * (2 << 20)),
        "not the JSON of a realm export": written(tmp_path / "list.json", [1]),
        "not a file or a folder": "postgresql://h/d",
    }
    (tmp_path / "deep.json").write_text(deep)
    outcome = folder.run("import", "keycloak", tmp_path / "deep.json")
    assert (outcome.status, "not the JSON of a realm export" in outcome.err) == (2, True)
    for told, source in cases.items():
        outcome = folder.run("import", "keycloak", source)
        assert (outcome.status, told.removeprefix("not a file or a folder") in outcome.err) == (2, True), told
        assert "Traceback" not in outcome.err
