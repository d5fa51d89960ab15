"""Keys for one audience alone: J04 and J14."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from dragoman.config.settings import AuditTable, MountTable
from dragoman.tokens.keyring import add_key, load_keyring
from dragoman.tokens.keys import Key, Purpose
from dragoman.wiring.parts import create_keys
from tests.attacks.harness import START, Server, configuration_of, running
from tests.attacks.jose import INACTIVE, assert_worthless, claims_of, header_of, own_key, sign_as, sign_with_bytes
from tests.attacks.spelling import basic, log_in
from tests.serving import configure


@pytest.fixture(scope="module")
def apis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, dict[str, str]]]:
    """A server with a key for each of two APIs, in each algorithm, and the ids of these keys."""
    configuration = configuration_of(tmp_path_factory.mktemp("apis"))
    folder = configuration.path(configuration.keys)
    create_keys(configuration)
    kids = {
        f"{api} {algorithm}": add_key(folder, Purpose.ACCESS, algorithm, START - 10, START - 10, audience=(api,))
        for api in ("orders", "billing")
        for algorithm in ("ES256", "HS256")
    }
    with running(configuration) as server:
        yield server, kids


def key_named(server: Server, kid: str) -> Key:
    """What an API holds that shares this key; and of the others, what no attacker ever has."""
    keyring = load_keyring(server.configuration.path(server.configuration.keys), server.clock())
    return keyring.access_keys[kid]


def test_j04_a_kid_from_outside_picks_no_key_of_another_audience(apis: tuple[Server, dict[str, str]]):
    """Not even where the signature is genuinely that key's."""
    server, kids = apis
    owner = server.add_owner()
    for audience in (("billing",), ("billing", "stock"), ()):
        client = server.add_client(audience=audience)
        token = server.log_in(client, owner).document["access_token"]
        assert (header_of(token)["kid"] == kids["billing ES256"]) is (audience == ("billing",))
        assert server.introspect(client, token)["active"] is True
        for signer, named in product(("orders ES256", "billing ES256"), repeat=2):
            if audience == () or (signer, named) != ("billing ES256", "billing ES256"):
                payload = json.dumps({**claims_of(token), "aud": "orders"}).encode()
                header = {**header_of(token), "kid": kids[named]}
                assert_worthless(
                    server, client, sign_as("ES256", key_named(server, kids[signer]).jose, header, payload)
                )


def test_j04_a_token_is_for_no_more_than_its_key_whatever_was_granted(apis: tuple[Server, dict[str, str]]):
    """A client that was for one API when it got the token, and is for two of them now."""
    server, kids = apis
    client = server.add_client(audience=("orders",))
    form = {"grant_type": "client_credentials", **server.credentials(client)}
    token = server.form("/oauth2/token", form).document["access_token"]
    assert header_of(token)["kid"] == kids["orders ES256"]
    server.change_client(client, audience=("billing", "orders"))
    assert server.introspect(client, token)["aud"] == "orders"
    fresh = server.form("/oauth2/token", form).document["access_token"]
    assert header_of(fresh)["kid"] not in kids.values()
    assert server.introspect(client, fresh)["aud"] == ["billing", "orders"]
    server.change_client(client, audience=("billing",))
    assert server.introspect(client, token) == INACTIVE
    assert server.introspect(client, fresh)["aud"] == "billing"


@pytest.mark.parametrize("dialect", ["jmondi", "paymentiq"])
def test_j14_the_shared_key_of_one_api_makes_no_token_for_another(apis: tuple[Server, dict[str, str]], dialect: str):
    """Each API has its own secret. It can make tokens for itself, as always with HS256, and for nobody else."""
    server, kids = apis
    owner = server.add_owner()
    asking = server.add_client()
    for theirs in (("billing",), ("billing", "stock"), ()):
        client = server.add_client(audience=theirs, shared_key_signature=True)
        token = log_in(server, dialect, client, owner).document["access_token"]
        _, payload, _ = token.split(".")
        body = urlsafe_b64decode(payload + "==")
        assert server.introspect(asking, token)["active"] is True
        forged = sign_with_bytes(key_named(server, kids["orders HS256"]).secret, header_of(token), body)
        assert forged != token
        assert_worthless(server, asking, forged)
        assert server.introspect(asking, token)["active"] is True
    mine = server.add_client(audience=("orders",), shared_key_signature=True)
    token = log_in(server, dialect, mine, owner).document["access_token"]
    body = urlsafe_b64decode(token.split(".")[1] + "==")
    assert token == sign_with_bytes(key_named(server, kids["orders HS256"]).secret, header_of(token), body)


def test_j14_an_api_is_shown_the_shared_key_of_its_own_audience(tmp_path: Path):
    mount = MountTable(dialect="paymentiq", shared_key="shown")
    configuration = configure(tmp_path, mount, audit=AuditTable(to="log"))
    create_keys(configuration)
    folder = configuration.path(configuration.keys)
    kid = add_key(folder, Purpose.ACCESS, "HS256", START - 10, START - 10, audience=("orders",))
    with running(configuration) as server:
        own, general = key_named(server, kid).secret.decode(), own_key(server, "HS256").secret.decode()
        for audience, secret in ((("orders",), own), (("orders", "billing"), general), (("billing",), general)):
            api = server.add_client(audience=audience, may_read_shared_key=True)
            headers = [basic(api, server.secret_of(api))]
            shown = server.ask("GET", "/paymentiq/oauth/token_key", headers=headers).document
            assert shown == {"alg": "HMACSHA256", "value": secret}, audience
