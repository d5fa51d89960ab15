"""Keys that are retired, removed, weak, or open to others: J11, J14, J16."""

import json
import os
from pathlib import Path

import pytest

from dragoman.tokens.keyring import add_key, create_missing, retire_key
from dragoman.tokens.keys import KeyFault, Purpose
from dragoman.wiring.parts import create_keys
from tests.attacks.harness import DIALECTS, START, Clock, Server, configuration_of, running
from tests.attacks.jose import INACTIVE, header_of, segment
from tests.attacks.spelling import log_in

DAY = 86400


def test_j11_a_passive_key_verifies_until_its_date_and_a_removed_one_never(tmp_path: Path):
    configuration, clock = configuration_of(tmp_path), Clock()
    create_missing(configuration.path("keys"), ("ES256", "RS256", "HS256"), START - 10)
    with running(configuration, clock) as server:
        client, owner = server.add_client(access_token_lifetime=30 * DAY), server.add_owner()
        tokens = server.log_in(client, owner).document
        old = header_of(tokens["access_token"])["kid"]
        secret = server.secret_of(client)
    new = add_key(configuration.path("keys"), Purpose.ACCESS, "ES256", clock(), clock())
    retire_key(configuration.path("keys"), str(old), clock() + DAY, clock())
    with running(configuration, clock) as server:
        server._secrets[client] = secret
        renewed = server.refresh(client, tokens["refresh_token"]).document["access_token"]
        assert header_of(renewed)["kid"] == new
        assert server.introspect(client, tokens["access_token"])["active"] is True
        published = {key["kid"] for key in server.ask("GET", "/.well-known/jwks.json").document["keys"]}
        assert {old, new} <= published
        clock.now += DAY
        assert server.introspect(client, tokens["access_token"]) == INACTIVE
        assert server.introspect(client, renewed)["active"] is True
        published = {key["kid"] for key in server.ask("GET", "/.well-known/jwks.json").document["keys"]}
        assert old not in published
    (configuration.path("keys") / f"{new}.json").unlink()
    add_key(configuration.path("keys"), Purpose.ACCESS, "ES256", clock(), clock())
    with running(configuration, clock) as server:
        server._secrets[client] = secret
        assert server.introspect(client, renewed) == INACTIVE


@pytest.mark.parametrize("dialect", DIALECTS)
def test_j14_no_dialect_signs_with_a_shared_key_for_a_client_that_is_not_named(server: Server, dialect: str):
    token = str(log_in(server, dialect, server.add_client(), server.add_owner()).document["access_token"])
    if dialect not in ("kabbage", "axosoft"):  # whose tokens are no JWTs
        assert header_of(token)["alg"] in ("ES256", "RS256")


@pytest.mark.parametrize("dialect", ["jmondi", "paymentiq"])
def test_j14_a_shared_key_signs_for_named_clients_only(server: Server, dialect: str):
    owner = server.add_owner()
    plain, named = server.add_client(), server.add_client(shared_key_signature=True)
    assert header_of(log_in(server, dialect, plain, owner).document["access_token"])["alg"] == "ES256"
    assert header_of(log_in(server, dialect, named, owner).document["access_token"])["alg"] == "HS256"


def key_file(folder: Path, algorithm: str) -> Path:
    return next(path for path in folder.iterdir() if f'"{algorithm}"' in path.read_text(encoding="utf-8"))


def test_j14_a_short_shared_key_is_refused_at_the_start(tmp_path: Path):
    configuration = configuration_of(tmp_path)
    create_keys(configuration)
    for path in (tmp_path / "keys").iterdir():
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored.get("purpose") == "access" and stored.get("alg") == "HS256":
            stored["jwk"]["k"] = segment(b"secret")
            path.write_text(json.dumps(stored), encoding="utf-8")
    with pytest.raises(KeyFault, match="256 bits") as told, running(configuration):
        pass
    assert segment(b"secret") not in str(told.value)


def broken_key(path: Path, how: str) -> None:
    match how:
        case "readable by others":
            path.chmod(0o644)
        case "a link":
            elsewhere = path.parent.parent / "elsewhere.json"
            path.rename(elsewhere)
            path.symlink_to(elsewhere)
        case "cut off":
            text = path.read_text(encoding="utf-8")
            path.write_text(text[: len(text) // 2], encoding="utf-8")
        case "empty":
            path.write_text("", encoding="utf-8")
        case "a folder":
            path.unlink()
            path.mkdir()
        case "a pipe":
            path.unlink()
            os.mkfifo(path, 0o600)


@pytest.mark.parametrize("how", ["readable by others", "a link", "cut off", "empty", "a folder", "a pipe"])
def test_j16_a_key_file_that_cannot_be_trusted_stops_the_start_and_is_not_shown(tmp_path: Path, how: str):
    configuration = configuration_of(tmp_path)
    create_keys(configuration)
    path = key_file(tmp_path / "keys", "ES256")
    private = json.loads(path.read_text(encoding="utf-8"))["jwk"]["d"]
    broken_key(path, how)
    with pytest.raises(KeyFault) as told, running(configuration):
        pass
    assert path.name in str(told.value)
    assert private not in str(told.value)
