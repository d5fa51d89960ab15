"""An invented dialect: one file in an operator's folder, and no code."""

import json
from pathlib import Path

import pytest

from dragoman.config.settings import MountTable
from dragoman.core.errors import Fault
from dragoman.core.scope import Scope
from tests.attacks.harness import PASSWORD, Server, running
from tests.serving import configure

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "acme.toml"
TOPAZ = """
name = "topaz"
title = "An invented API"
extends = "standard"
grant_types = ["password", "refresh_token"]

[token]
paths = ["/topaz/session"]
methods = ["POST", "GET"]

[request]
parameters = ["body", "query"]
media_types = ["json", "form"]
default_media_type = "form"

[client_authentication]
methods = ["parameters"]
both = "first"

[response.headers]
Content-Type = "application/vnd.topaz+json"
Cache-Control = "no-store"
X-Topaz = "session for {{you}}"

[response.body]
result = "ok"
session = { key = "{access_token}", seconds = "{expires_in}", of = "{resource_owner.username}" }
renew = "{refresh_token}"

[access_token]
format = "reference"
prefix = "tpz_"
encoding = "hex"

[refresh_token]
prefix = "tpzr_"

[errors.headers]
Content-Type = "application/vnd.topaz+json"

[errors.body]
result = "failed"
why = "{error}"
text = "{description}"

[errors.code.invalid_client]
status = 403
headers = {}

[errors.refusal.wrong_credentials]
status = 418
error = "nobody_like_that"
description = "There is nobody like that."

[introspection]
paths = []

[revocation]
paths = []

[jwks]
paths = []

[metadata]
paths = []

[resource]
paths = ["/topaz/me"]
headers = ["X-Topaz-Key"]
schemes = ["Topaz"]
required_scope = {}

[resource.body]
me = "{resource_owner.username}"
"""


def write_dialect(folder: Path, text: str = TOPAZ, name: str = "topaz"):
    (folder / "dialects").mkdir(exist_ok=True)
    (folder / "dialects" / f"{name}.toml").write_text(text, encoding="utf-8")


def configured(folder: Path, *mounts: MountTable):
    return configure(folder, *mounts, dialect_folders=("dialects",))


def serve(folder: Path, *mounts: MountTable):
    return running(configured(folder, *mounts))


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


MISTAKES = {
    "an unknown word": ('[token]\npath = ["/x"]', "path"),
    "an unknown table": ("[tokens]\nx = 1", "tokens"),
    "a value that does not exist": ('[response.body]\ntoken = "{acess_token}"', "acess_token"),
    "braces that do not match": ('[response.body]\ntoken = "{access_token"', "braces"),
    "a choice that does not exist": ('[request]\nduplicates = "some"', "some"),
    "a status out of range": ("[errors.code.invalid_client]\nstatus = 99", "status"),
    "an order that cannot be": ('[order]\ndefault = ["grant", "client", "scope", "grant_type"]', "order"),
    "an order with a hole": ('[order]\ndefault = ["client", "grant"]', "order"),
    "a path that is none": ('[token]\npaths = ["token"]', "paths"),
    "no TOML": ("[token", "TOML"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_file_and_place_and_nothing_starts(tmp_path: Path, mistake: str):
    text, named = MISTAKES[mistake]
    write_dialect(tmp_path, f'name = "topaz"\ntitle = "x"\nextends = "standard"\n{text}\n')
    with pytest.raises(Fault) as told, serve(tmp_path, MountTable(dialect="topaz")):
        pass
    assert str(tmp_path / "dialects" / "topaz.toml") in str(told.value)
    assert named in str(told.value)


REMEDIES = {
    "the file is called otherwise": ('name = "topas"\ntitle = "x"', "must be 'topaz'"),
    "it extends a stranger": ('name = "topaz"\ntitle = "x"\nextends = "tanzanite"', "is not among"),
    "it extends itself": ('name = "topaz"\ntitle = "x"\nextends = "topaz"', "which extends it in turn"),
}


@pytest.mark.parametrize("mistake", REMEDIES)
def test_a_name_that_does_not_fit_is_told_with_the_remedy(tmp_path: Path, mistake: str):
    text, remedy = REMEDIES[mistake]
    write_dialect(tmp_path, text)
    with pytest.raises(Fault, match=remedy) as told, serve(tmp_path, MountTable(dialect="topaz")):
        pass
    assert "topaz.toml" in str(told.value)


def test_a_name_that_is_taken_is_refused_with_both_files_named(tmp_path: Path):
    write_dialect(tmp_path, TOPAZ.replace('"topaz"', '"kabbage"'), name="kabbage")
    with pytest.raises(Fault, match="rename the file") as told, serve(tmp_path, MountTable(dialect="standard")):
        pass
    assert str(tmp_path / "dialects" / "kabbage.toml") in str(told.value)
    assert str(told.value).count("kabbage.toml") == 2


def test_a_dialect_that_nobody_wrote_is_told_with_those_that_exist(tmp_path: Path):
    write_dialect(tmp_path)
    with (
        pytest.raises(Fault, match=r"there is no dialect 'tanzanite'.*standard.*topaz"),
        serve(tmp_path, MountTable(dialect="tanzanite")),
    ):
        pass


def test_a_folder_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(Fault, match="no such folder"), serve(tmp_path, MountTable(dialect="standard")):
        pass


def test_a_token_that_could_not_be_read_again_stops_the_start(tmp_path: Path):
    write_dialect(tmp_path, TOPAZ + "\n[metadata.x]\n")
    with pytest.raises(Fault), serve(tmp_path, MountTable(dialect="topaz")):
        pass
    without_identifier = TOPAZ.replace(
        'format = "reference"\nprefix = "tpz_"\nencoding = "hex"', 'claims = { sub = "{subject}" }'
    )
    write_dialect(tmp_path, without_identifier)
    with pytest.raises(Fault, match="identifier"), serve(tmp_path, MountTable(dialect="topaz")):
        pass


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


def test_two_mounts_that_answer_at_one_path_are_refused(tmp_path: Path):
    """Which dialect a path speaks decides what a client may do; it must not hang on the order of a file."""
    write_dialect(tmp_path)
    mounts = (MountTable(dialect="topaz"), MountTable(dialect="standard", paths={"token": ("/topaz/session",)}))
    with pytest.raises(Fault, match="/topaz/session"), serve(tmp_path, *mounts):
        pass


def test_a_path_override_for_an_endpoint_that_does_not_exist_is_refused(tmp_path: Path):
    write_dialect(tmp_path)
    with (
        pytest.raises(Fault, match="tokens"),
        serve(tmp_path, MountTable(dialect="topaz", paths={"tokens": ("/sign-in",)})),
    ):
        pass


def test_a_path_override_that_is_no_path_is_refused(tmp_path: Path):
    write_dialect(tmp_path)
    with (
        pytest.raises(Fault, match="sign-in"),
        serve(tmp_path, MountTable(dialect="topaz", paths={"token": ("sign-in",)})),
    ):
        pass
