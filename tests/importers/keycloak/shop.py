"""The realm that `realm.json` is the export of, as its administrator asked for it."""

from __future__ import annotations

from typing import Any

ADMINISTRATOR = "an-hour-at-most"
MOBILE_SECRET = "UfR6hbLE0ckGud1KvPj3MVRO0IoqWce5"
PASSWORD = {
    "ann": "correct horse battery",
    "bob": "SjsRVfPE92",
    "carl": "a p@ss:word+with%20signs",
    "dan": "hunter2hunter2",
    "zoë": "pässwörd für zoë",
    "dora": "she is disabled",
    "todd": "has something to do",
    "temp": "for the first time",
    "otto": "and six digits",
}


def _audience(name: str, **config: str) -> dict[str, Any]:
    return {
        "name": name, "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper",
        "config": {"access.token.claim": "true", "id.token.claim": "false", "introspection.token.claim": "true", **config},
    }  # fmt: skip


def _password(username: str) -> dict[str, Any]:
    return {"type": "password", "value": PASSWORD[username]}


def _user(username: str, **more: object) -> dict[str, Any]:
    email = f"{username.encode('ascii', 'ignore').decode()}@shop.example"
    named = {"username": username, "email": email, "firstName": username.title(), "lastName": "Shopper"}
    credentials = [_password(username)] if "credentials" not in more else []
    return {"enabled": True, "emailVerified": True, **named, "credentials": credentials, **more}


CLIENTS = [
    {
        "clientId": "mobile", "name": "The app", "secret": MOBILE_SECRET, "directAccessGrantsEnabled": True,
        "standardFlowEnabled": False, "attributes": {"access.token.lifespan": "120"},
        "protocolMappers": [
            _audience("for the API", **{"included.custom.audience": "https://api.shop.example"}),
            _audience("for the job", **{"included.client.audience": "job"}),
            _audience("in ID tokens only", **{"included.custom.audience": "page", "access.token.claim": "false"}),
        ],
    },
    {"clientId": "kiosk", "publicClient": True, "directAccessGrantsEnabled": True, "redirectUris": ["https://kiosk.example/*"]},
    {"clientId": "spa", "publicClient": True, "directAccessGrantsEnabled": False, "redirectUris": ["https://spa.example/*"]},
    {"clientId": "job", "serviceAccountsEnabled": True, "standardFlowEnabled": False},
    {"clientId": "gone", "enabled": False, "directAccessGrantsEnabled": True},
    {"clientId": "signed", "clientAuthenticatorType": "client-jwt", "serviceAccountsEnabled": True},
    {"clientId": "api", "bearerOnly": True},
    {"clientId": "https://saml.example/", "protocol": "saml"},
]  # fmt: skip
OTP = {
    "type": "otp",
    "secretData": '{"value":"12345678901234567890"}',
    "credentialData": '{"subType":"totp","digits":6,"period":30,"algorithm":"HmacSHA1","counter":0}',
}
REALM = {
    "realm": "shop",
    "enabled": True,
    "accessTokenLifespan": 300,
    "roles": {
        "realm": [
            {"name": "clerk"},
            {"name": "member"},
            {"name": "boss", "composite": True, "composites": {"realm": ["clerk"], "client": {"mobile": ["refund"]}}},
        ],
        "client": {"mobile": [{"name": "buyer"}, {"name": "refund"}]},
    },
    "groups": [
        {
            "name": "customers",
            "realmRoles": ["member"],
            "subGroups": [{"name": "buyers", "clientRoles": {"mobile": ["buyer"]}}],
        }
    ],
    "clients": CLIENTS,
    "users": [
        _user("ann", groups=["/customers/buyers"], realmRoles=["boss"]),
        _user("otto", credentials=[_password("otto"), OTP]),
    ],
}
"""With those who could not be made one by one: roles and second factors come with a realm alone."""
USERS_BY_POLICY = {
    "hashAlgorithm(pbkdf2-sha512) and hashIterations(210000)": [_user("bob", groups=["/customers"])],
    "hashAlgorithm(pbkdf2-sha256) and hashIterations(600000)": [_user("carl")],
    "hashAlgorithm(pbkdf2) and hashIterations(20000)": [_user("dan")],
    "": [
        _user("zoë"),
        _user("dora", enabled=False),
        _user("todd", requiredActions=["VERIFY_EMAIL"]),
        _user("temp", credentials=[{**_password("temp"), "temporary": True}]),
        _user("nora", credentials=[]),
    ],
}
"""By the policy of the realm when they came; the last is none, and hashes with Argon2."""
