"""Client authentication: C02 to C22."""

import hashlib
import json
from pathlib import Path

import pytest
from joserfc.jwk import OctKey
from joserfc.jwt import encode

from dragoman.core.model import RefreshPolicy
from dragoman.core.scope import Scope
from dragoman.core.secret import Secret
from dragoman.hashing.client_secrets import ending
from dragoman.store.faults import StoreConflict
from tests.attacks.harness import ALL_GRANTS, DIALECTS, PASSWORD, START, Clock, Server, configuration_of, running
from tests.attacks.spelling import basic, log_in, send


def client_credentials(server: Server, client_id: str, secret: str, /, **more: str):
    return server.form(
        "/oauth2/token", {"grant_type": "client_credentials", **more}, headers=[basic(client_id, secret)]
    )


@pytest.mark.parametrize("in_form", ["the same", "wrong", "empty of sense"])
@pytest.mark.parametrize("in_header", ["right", "wrong"])
def test_c02_two_methods_at_once_are_refused_even_if_both_are_right(server: Server, in_form: str, in_header: str):
    client = server.add_client()
    secret = server.secret_of(client)
    form = {
        "client_id": client,
        "client_secret": {"the same": secret}.get(in_form, "x"),
        "grant_type": "client_credentials",
    }
    with server.nothing_happens():
        answer = server.form("/oauth2/token", form, headers=[basic(client, secret if in_header == "right" else "x")])
    assert (answer.status, answer.error) == (400, "invalid_request")


@pytest.mark.parametrize("second", ["right", "wrong", "another scheme"])
def test_c02_two_lines_of_authorization_are_refused(server: Server, second: str):
    client = server.add_client()
    right = basic(client, server.secret_of(client))
    other = {"right": right, "wrong": basic(client, "x"), "another scheme": ("Authorization", "Bearer x")}[second]
    for headers in ([right, other], [other, ("X-Between", "a"), right]):
        with server.nothing_happens():
            answer = server.form("/oauth2/token", {"grant_type": "client_credentials"}, headers=headers)
        assert (answer.status, answer.error) == (400, "invalid_request")
    repeated = [("X-Twice", "a"), ("X-Twice", "b"), right]
    assert server.form("/oauth2/token", {"grant_type": "client_credentials"}, headers=repeated).status == 200


def test_c03_basic_for_one_client_and_a_parameter_for_another_is_refused(server: Server):
    one, other = server.add_client(), server.add_client()
    with server.nothing_happens():
        answer = client_credentials(server, one, server.secret_of(one), client_id=other)
    assert (answer.status, answer.error) == (400, "invalid_request")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_c03_no_dialect_gives_the_other_client_a_token(server: Server, dialect: str):
    one, other = server.add_client(), server.add_client()
    owner = server.add_owner()
    log_in(server, dialect, one, owner, client_id=other)
    assert server.grants(other) == ()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_c04_an_unknown_client_and_a_wrong_secret_get_the_same_answer(server: Server, dialect: str):
    client = server.add_client()
    with server.nothing_happens():
        wrong = send(server, dialect, client, "wrong", grant_type="password", username="a", password="b")
        unknown = send(server, dialect, f"{client}x", "wrong", grant_type="password", username="a", password="b")
    assert wrong.status in (400, 401)
    if dialect.startswith("jmondi"):
        # upstream's texts differ; status and code do not. The published texts are part of its contract.
        assert (wrong.status, wrong.document.get("error")) == (unknown.status, unknown.document.get("error"))
    elif not dialect.startswith(("paymentiq", "spring")):
        assert wrong.identity == unknown.identity
    else:  # the container's body tells the time
        told = [{**one.document, "timestamp": 0} for one in (wrong, unknown)]
        assert (wrong.status, told[0]) == (unknown.status, told[1])


def test_c04_the_strict_answer_is_401_with_a_challenge(server: Server):
    answer = client_credentials(server, "nobody", "wrong")
    assert (answer.status, answer.error) == (401, "invalid_client")
    assert (answer.header("WWW-Authenticate") or "").startswith("Basic ")


def empty_secrets(server: Server) -> dict[str, tuple[str, ...]]:
    return {
        "empty text": ("",),
        "digest of nothing": (server.secrets_of_clients._nothing,),
        "plain digest of nothing": (hashlib.sha256(b"").hexdigest(),),
        "hash that matches nothing": ("!",),
    }


@pytest.mark.parametrize(
    "kind", ["empty text", "digest of nothing", "plain digest of nothing", "hash that matches nothing"]
)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_c06_an_empty_secret_authenticates_nobody(server: Server, dialect: str, kind: str):
    client = server.add_client(secrets=empty_secrets(server)[kind])
    owner = server.add_owner()
    for secret in ("", "!"):
        with server.nothing_happens():
            answer = send(server, dialect, client, secret, grant_type="password", username=owner, password=PASSWORD)
        assert 400 <= answer.status < 500, answer
    with server.nothing_happens():
        form = {"grant_type": "password", "client_id": client, "username": owner, "password": PASSWORD}
        assert 400 <= server.form("/oauth2/token", form).status < 500


def test_c06_an_empty_secret_cannot_be_stored(server: Server):
    with pytest.raises(ValueError, match="empty"):
        server.secrets_of_clients.store(Secret(""))


def test_c07_a_public_client_that_sends_a_secret_is_refused(server: Server):
    client, owner = server.add_client(public=True), server.add_owner()
    form = {"grant_type": "password", "client_id": client, "username": owner, "password": PASSWORD}
    assert server.form("/oauth2/token", form).status == 200
    with server.nothing_happens():
        answer = server.form("/oauth2/token", {**form, "client_secret": "x"})
    assert (answer.status, answer.error) == (401, "invalid_client")
    with server.nothing_happens():
        form.pop("client_id")
        assert server.form("/oauth2/token", form, headers=[basic(client, "x")]).status == 401


def test_c10_old_and_new_secret_overlap_until_the_old_one_is_taken_away(server: Server):
    hasher = server.secrets_of_clients
    old, new = hasher.store(Secret("old secret")), hasher.store(Secret("new secret"))
    client = server.add_client(secrets=(old, new))
    assert client_credentials(server, client, "old secret").status == 200
    assert client_credentials(server, client, "new secret").status == 200
    server.change_client(client, secrets=(new,))
    assert client_credentials(server, client, "new secret").status == 200
    assert client_credentials(server, client, "old secret").status == 401


def test_c10_an_old_secret_ends_at_its_second_by_itself(tmp_path: Path):
    """Its end stands beside it, so whoever has read it before knows it too: nothing is to be told, and none is late."""
    with running(configuration_of(tmp_path, client_cache_seconds=60), Clock()) as server:
        hasher, end = server.secrets_of_clients, START + 30
        old, new = ending(hasher.store(Secret("old secret")), end), hasher.store(Secret("new secret"))
        client = server.add_client(secrets=(old, new))
        for now, status in ((START, 200), (end - 1, 200), (end, 401), (end + 86400, 401)):
            server.clock.now = now
            assert client_credentials(server, client, "old secret").status == status, now
            assert client_credentials(server, client, "new secret").status == 200, now
            answer = server.form(
                "/oauth2/introspect", {"client_id": client, "client_secret": "old secret", "token": "x"}
            )
            assert answer.status == status, now


def test_c11_the_stored_digest_is_no_secret_and_no_key(server: Server):
    stored = server.secrets_of_clients.store(Secret("the secret itself"))
    client, other = server.add_client(secrets=(stored,)), server.add_client()
    for presented in (stored, stored.removeprefix("hmac-sha256$")):
        with server.nothing_happens():
            assert client_credentials(server, client, presented).status == 401
        claims = {"iss": server.configuration.issuer, "sub": client, "client_id": client, "exp": server.clock() + 60}
        token = encode({"alg": "HS256", "typ": "at+jwt"}, {**claims, "jti": "x" * 22}, OctKey.import_key(presented))
        assert server.introspect(other, token) == {"active": False}


def variants(client: str) -> list[str]:
    wide = "".join(chr(ord(letter) + 0xFEE0) if "a" <= letter <= "z" else letter for letter in client)
    return [
        client.upper(),
        client.title(),
        f"{client} ",
        f" {client}",
        wide,
        f"{client}\0",
        f"{client}\u200b",
        f"{client}%00",
    ]


def test_c19_client_ids_are_compared_byte_for_byte(server: Server):
    client = server.add_client()
    for variant in variants(client):
        form = {"grant_type": "client_credentials", "client_id": variant, "client_secret": server.secret_of(client)}
        with server.nothing_happens():
            answer = server.form("/oauth2/token", form)
        assert (answer.status, answer.error) == (401, "invalid_client"), variant


@pytest.mark.parametrize("dialect", [one for one in DIALECTS if one != "axosoft"])
def test_c20_a_public_client_gets_no_token_for_itself(server: Server, dialect: str):
    client = server.add_client(public=True)
    with server.nothing_happens():
        answer = send(server, dialect, client, "", grant_type="client_credentials")
    assert answer.status in (400, 401)
    with server.nothing_happens():
        strict = server.form("/oauth2/token", {"grant_type": "client_credentials", "client_id": client})
    assert (strict.status, strict.error) == (400, "unauthorized_client")


def test_c21_no_client_has_the_id_of_a_resource_owner_nor_the_other_way_round(server: Server):
    client = server.add_client()
    with pytest.raises(StoreConflict):
        server.add_owner(id=client)
    owner = server.add_owner()
    with pytest.raises(StoreConflict):
        server.add_client(id=server.owner_id(owner))


def test_c21_a_clients_own_token_says_that_it_speaks_for_nobody_else(server: Server):
    client = server.add_client()
    token = client_credentials(server, client, server.secret_of(client)).document["access_token"]
    told = server.introspect(client, token)
    assert (told["sub"], told["client_id"]) == (client, client)
    assert "username" not in told


@pytest.mark.parametrize("dialect", [one for one in DIALECTS if one != "axosoft"])
def test_c22_parameters_of_a_person_mean_nothing_to_client_credentials(server: Server, dialect: str):
    client, owner = server.add_client(), server.add_owner()
    refresh_token = server.log_in(client, owner).document["refresh_token"]
    hashes = server.passwords.hashes_computed
    more = {"username": owner, "password": PASSWORD, "sub": server.owner_id(owner), "user_id": server.owner_id(owner)}
    answer = send(server, dialect, client, grant_type="client_credentials", refresh_token=refresh_token, **more)
    assert answer.status == 200
    assert "refresh_token" not in answer.document
    assert server.passwords.hashes_computed == hashes
    assert server.events()[-1]["subject"] is None
    assert server.refresh(client, refresh_token).status == 200


def test_c22_the_settings_of_a_client_cannot_be_sent_along(server: Server):
    client = server.add_client(scope=Scope.of(["read"]), grant_types=ALL_GRANTS - {"password"})
    more = {"grant_types": "password", "dialect": "axosoft", "scope": "read", "refresh": RefreshPolicy.REUSE.value}
    answer = client_credentials(server, client, server.secret_of(client), **more)
    assert json.loads(answer.body)["scope"] == "read"
