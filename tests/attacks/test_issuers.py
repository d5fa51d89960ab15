"""J09: JWTs with our own keys that name another issuer, and what a change of the issuer ends: nothing by accident."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
import pytest
from joserfc.jwk import ECKey

from dragoman.config.settings import MountTable
from tests.attacks.harness import DIALECTS, Server, configuration_of, running
from tests.attacks.jose import INACTIVE, assert_worthless, claims_of, header_of, own_key, sign_as
from tests.attacks.spelling import log_in, send

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dragoman.config.settings import Configuration

ISSUER = "http://127.0.0.1:8000"
OTHERS = (
    f"{ISSUER}/",
    ISSUER.upper(),
    ISSUER.replace("http", "https"),
    ISSUER[:-1],
    f"{ISSUER}/tenant",
    "https://other.example.com",
    "",
    None,
    [ISSUER],
    {ISSUER: ISSUER},
    True,
)
MOVED = "https://login.example.com"
SECRET = "a-secret-of-more-than-enough-characters"
WITHOUT_CLIENT_CREDENTIALS = frozenset({"axosoft"})
ONYX = """\
name = "onyx"
title = "Onyx: whose JWTs of both kinds say who issued them"
extends = "jmondi"

[access_token.claims]
iss = "{issuer}/v1"
exp = "{expires_at}"
jti = "{token_id.long_hex}"
cid = "{client.id}"

[refresh_token.claims]
iss = "{issuer}"
client_id = "{client.id}"
refresh_token_id = "{refresh_token_id.long_hex}"
"""


def signed_anew(server: Server, token: str, issuer: object) -> str:
    """The token as somebody with our key would sign it who is another issuer; without one, for `...`."""
    claims = {name: value for name, value in {**claims_of(token), "iss": issuer}.items() if value is not ...}
    return sign_as("ES256", own_key(server).jose, header_of(token), json.dumps(claims).encode())


@pytest.mark.parametrize("grant_type", ["password", "client_credentials"])
def test_j09_a_token_of_another_issuer_is_worthless_though_it_has_our_key(server: Server, grant_type: str):
    client = server.add_client()
    if grant_type == "password":
        token = log_in(server, "standard", client, server.add_owner()).document["access_token"]
    else:
        token = send(server, "standard", client, grant_type=grant_type).document["access_token"]
    assert claims_of(token)["iss"] == ISSUER
    for other in (..., *OTHERS):
        forged = signed_anew(server, token, other)
        assert_worthless(server, client, forged)
        with server.nothing_happens():
            assert server.form("/oauth2/revoke", {**server.credentials(client), "token": forged}).status == 200
    assert server.introspect(client, signed_anew(server, token, ISSUER))["active"] is True
    assert server.introspect(client, token)["active"] is True


def test_j09_the_log_names_another_issuer_once_and_nobody_who_has_not_our_key(tmp_path: Path):
    with running(configuration_of(tmp_path)) as server:
        client = server.add_client()
        token = log_in(server, "standard", client, server.add_owner()).document["access_token"]
        stranger = ECKey.generate_key("P-256")
        forged = sign_as("ES256", stranger, header_of(token), json.dumps({**claims_of(token), "iss": MOVED}).encode())
        old = {**claims_of(token), "iss": f"{MOVED}/old", "exp": server.clock()}
        expired = sign_as("ES256", own_key(server).jose, header_of(token), json.dumps(old).encode())
        for presented in (
            forged,
            expired,
            *(signed_anew(server, token, other) for other in (MOVED, MOVED, None, [MOVED])),
        ):
            assert server.introspect(client, presented) == INACTIVE
        told = [line for line in server.log_lines() if line["event"] == "other_issuer"]
        assert [(line["level"], line["issuer"]) for line in told] == [("warning", MOVED)]
        for number in range(20):
            server.introspect(client, signed_anew(server, token, f"{MOVED}/{number}"))
        assert len([line for line in server.log_lines() if line["event"] == "other_issuer"]) == 16


def tokens_of_all(server: Server) -> Mapping[str, Mapping[str, str]]:
    """Access and refresh token of a person, and access token of a client alone, by dialect."""
    client, owner = server.add_client(id="app", secret=SECRET), server.add_owner()
    tokens = {}
    for dialect in DIALECTS:
        answer = log_in(server, dialect, client, owner).document
        tokens[dialect] = {name: answer[name] for name in ("access_token", "refresh_token") if name in answer}
        if dialect not in WITHOUT_CLIENT_CREDENTIALS:
            own = send(server, dialect, client, grant_type="client_credentials").document
            tokens[dialect]["of the client"] = own["access_token"]
    return tokens


def ended(configuration: Configuration, tokens: Mapping[str, Mapping[str, str]]) -> set[tuple[str, str]]:
    """The tokens that a server of this configuration does not take, by dialect and kind."""
    with running(configuration) as server:
        server._secrets["app"] = SECRET
        taken = {
            (dialect, name)
            for dialect, of_dialect in tokens.items()
            for name, token in of_dialect.items()
            if server.introspect("app", token)["active"] is True
        }
        for dialect, name in taken:
            if name == "refresh_token":
                more = {"grant_type": "refresh_token", "refresh_token": tokens[dialect][name]}
                assert send(server, dialect, "app", **more).status == 200, dialect
    return {(dialect, name) for dialect, of_dialect in tokens.items() for name in of_dialect} - taken


NAMED = {("standard", "access_token"), ("standard", "of the client")}
"""All tokens that say who issued them."""


@pytest.mark.parametrize(
    ("accepted", "lost"),
    [
        ((ISSUER,), set()),
        ((MOVED, "https://older.example.com", ISSUER), set()),
        ((), NAMED),
        ((f"{ISSUER}/", ISSUER[:-1], ISSUER.upper()), NAMED),
    ],
)
def test_j09_what_the_issuer_was_is_accepted_to_the_letter_and_no_session_ends_by_its_change(
    tmp_path: Path, accepted: tuple[str, ...], lost: set[tuple[str, str]]
):
    configuration = configuration_of(tmp_path)
    with running(configuration) as server:
        tokens = tokens_of_all(server)
    moved = msgspec.structs.replace(configuration, issuer=MOVED, accepted_issuers=accepted)
    assert ended(moved, tokens) == lost


def test_j09_a_dialects_own_spelling_of_the_issuer_is_compared_in_both_kinds_of_jwt(tmp_path: Path):
    (tmp_path / "dialects").mkdir()
    (tmp_path / "dialects" / "onyx.toml").write_text(ONYX, encoding="utf-8")
    configuration = msgspec.structs.replace(
        configuration_of(tmp_path),
        dialect_folders=("dialects",),
        mounts=(MountTable(dialect="standard"), MountTable(dialect="onyx", prefix="/jmondi")),
    )
    with running(configuration) as server:
        client = server.add_client(id="app", secret=SECRET, dialects=frozenset({"standard", "onyx"}))
        tokens = {"jmondi": log_in(server, "jmondi", client, server.add_owner()).document}
    tokens["jmondi"] = {name: tokens["jmondi"][name] for name in ("access_token", "refresh_token")}
    assert [claims_of(token)["iss"] for token in tokens["jmondi"].values()] == [f"{ISSUER}/v1", ISSUER]
    lost = {("jmondi", name) for name in tokens["jmondi"]}
    assert ended(configuration, {"jmondi": {"access_token": tokens["jmondi"]["access_token"]}}) == set()
    for accepted, expected in (((), lost), ((f"{ISSUER}/",), lost), ((ISSUER,), set())):
        moved = msgspec.structs.replace(configuration, issuer=MOVED, accepted_issuers=accepted)
        assert ended(moved, tokens) == expected, accepted
