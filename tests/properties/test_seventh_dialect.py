"""An invented dialect: one file in an operator's folder, and no code."""

import json
from pathlib import Path

import pytest

from dragoman.config.settings import MountTable
from dragoman.core.scope import Scope
from tests.attacks.harness import PASSWORD, Server, running
from tests.properties.topaz import serve, write_dialect
from tests.serving import configure

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "acme.toml"


def newcomer(server: Server):
    """A client that lists the new dialect, and a person."""
    client = server.add_client(dialects=frozenset({"topaz"}), scope=Scope.of(["read"]))
    return server.credentials(client), {"username": server.add_owner(), "password": PASSWORD}


@pytest.fixture
def topaz(tmp_path: Path):
    write_dialect(tmp_path)
    with serve(tmp_path, MountTable(dialect="topaz", demo_resource=True)) as server:
        yield server


def test_it_answers_a_log_in_in_its_own_shape(topaz: Server):
    client, person = newcomer(topaz)
    body = json.dumps({"grant_type": "password", **client, **person}).encode()
    answer = topaz.ask("POST", "/topaz/session", headers=[("Content-Type", "application/json")], body=body)
    assert answer.status == 200
    assert answer.header("Content-Type") == "application/vnd.topaz+json"
    assert answer.header("X-Topaz") == "session for {{you}}"
    assert list(answer.document) == ["result", "session", "renew"]
    assert answer.document["result"] == "ok"
    assert answer.document["session"]["of"] == person["username"]
    assert answer.document["session"]["key"].startswith("tpz_")
    assert answer.document["renew"].startswith("tpzr_")


def test_its_resource_takes_its_token_in_its_header(topaz: Server):
    client, person = newcomer(topaz)
    token = topaz.form("/topaz/session", {"grant_type": "password", **client, **person}).document["session"]["key"]
    answer = topaz.ask("GET", "/topaz/me", headers=[("X-Topaz-Key", f"Topaz {token}")])
    assert (answer.status, answer.document) == (200, {"me": person["username"]})
    assert topaz.ask("GET", "/topaz/me", headers=[("Authorization", f"Bearer {token}")]).status == 401


def test_it_refreshes_and_ends_a_grant_whose_token_is_replayed(topaz: Server):
    client, person = newcomer(topaz)
    first = topaz.form("/topaz/session", {"grant_type": "password", **client, **person}).document["renew"]
    renew = {"grant_type": "refresh_token", **client}
    second = topaz.form("/topaz/session", {**renew, "refresh_token": first}).document["renew"]
    assert second != first
    topaz.clock.now += 60
    assert topaz.form("/topaz/session", {**renew, "refresh_token": first}).document["why"] == "invalid_grant"
    assert topaz.form("/topaz/session", {**renew, "refresh_token": second}).document["why"] == "invalid_grant"


def test_its_refusals_have_its_own_shape(topaz: Server):
    client, person = newcomer(topaz)
    wrong = topaz.form("/topaz/session", {"grant_type": "password", **client, **person, "password": "wrong"})
    assert (wrong.status, wrong.document) == (
        418,
        {"result": "failed", "why": "nobody_like_that", "text": "There is nobody like that."},
    )
    stranger = topaz.form("/topaz/session", {"grant_type": "password", **client, "client_secret": "x", **person})
    assert (stranger.status, stranger.document["why"]) == (403, "invalid_client")
    assert stranger.header("WWW-Authenticate") is None
    method = topaz.ask("DELETE", "/topaz/session")
    assert (method.status, method.header("Allow")) == (405, "POST, GET")
    assert list(method.document) == ["result", "why", "text"]


def test_the_grant_types_that_it_leaves_out_are_not_there(topaz: Server):
    client, _person = newcomer(topaz)
    answer = topaz.form("/topaz/session", {"grant_type": "client_credentials", **client})
    assert answer.document["why"] == "unsupported_grant_type"


def test_a_client_that_does_not_list_it_is_refused(topaz: Server):
    client = topaz.add_client(dialects=frozenset({"standard"}))
    answer = topaz.form("/topaz/session", {"grant_type": "password", **topaz.credentials(client)})
    assert answer.document["why"] == "unauthorized_client"


def test_two_mounts_of_it_issue_tokens_that_both_take(tmp_path: Path):
    write_dialect(tmp_path)
    mounts = [MountTable(dialect="topaz", prefix=prefix, demo_resource=True) for prefix in ("/north", "/south")]
    with serve(tmp_path, *mounts) as server:
        client, person = newcomer(server)
        answer = server.form("/north/topaz/session", {"grant_type": "password", **client, **person})
        headers = [("X-Topaz-Key", f"Topaz {answer.document['session']['key']}")]
        assert server.ask("GET", "/south/topaz/me", headers=headers).status == 200
        assert server.ask("POST", "/topaz/session").status == 404


def test_a_mount_may_put_its_endpoints_elsewhere(tmp_path: Path):
    write_dialect(tmp_path)
    mount = MountTable(dialect="topaz", prefix="/api", paths={"token": ("/sign-in", "/v2/sign-in")})
    with serve(tmp_path, mount) as server:
        client, person = newcomer(server)
        for path in ("/api/sign-in", "/api/v2/sign-in"):
            assert server.form(path, {"grant_type": "password", **client, **person}).status == 200
        assert server.ask("POST", "/api/topaz/session").status == 404


def test_two_mounts_of_a_dialect_of_ours_share_their_grants(tmp_path: Path):
    with running(
        configure(tmp_path, MountTable(dialect="kabbage", prefix="/a"), MountTable(dialect="kabbage"))
    ) as server:
        client = server.credentials(server.add_client())
        person = {"username": server.add_owner(), "password": PASSWORD}
        first = server.form("/a/auth/token", {"grant_type": "password", **client, **person}).document
        renew = {"grant_type": "refresh_token", **client, "refresh_token": first["refresh_token"]}
        assert server.form("/auth/token", renew).status == 200


def test_the_example_of_the_documentation_is_such_a_dialect(tmp_path: Path):
    write_dialect(tmp_path, EXAMPLE.read_text(encoding="utf-8"), name="acme")
    with serve(tmp_path, MountTable(dialect="acme", demo_resource=True)) as server:
        client = server.credentials(server.add_client(dialects=frozenset({"acme"})))
        login = {"grant_type": "password", **client, "username": server.add_owner(), "password": PASSWORD}
        first = server.form("/acme/login", login).document
        assert list(first) == ["ok", "token", "type", "valid_for", "renewal"]
        renewed = {"grant_type": "refresh_token", **client, "refresh_token": first["renewal"]}
        assert server.form("/acme/login", renewed).document["ok"] is True
        headers = [("Authorization", f"Bearer {first['token']}")]
        assert server.ask("GET", "/acme/me", headers=headers).document == {"ok": True, "name": login["username"]}
        refused = server.form("/acme/login", {**login, "password": "wrong"})
        assert (refused.status, refused.document) == (403, {"ok": False, "reason": "wrong_login"})
