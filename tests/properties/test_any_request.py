"""Whatever a client sends, it gets an answer in its dialect's shape: never a 5xx, never a traceback."""

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from dragoman.core.model import RefreshPolicy
from tests.attacks.harness import PASSWORD, Server
from tests.attacks.spelling import TOKEN_PATHS, send
from tests.properties.shapes import TOKEN, check_shape
from tests.properties.wild_requests import ENDPOINTS, SCOPES, Cast, Request, fill_bytes, headers_of, requests

OWN_PATHS = frozenset(
    ["/health/live", "/health/ready", *(path for _, path, _ in ENDPOINTS)]
    + [path.removeprefix("/standard") for _, path, _ in ENDPOINTS]
)


@pytest.fixture(scope="module")
def cast(server: Server) -> Cast:
    client, username = server.add_client(refresh=RefreshPolicy.REUSE), server.add_owner()
    tokens = server.log_in(client, username).document
    axosoft = {**server.credentials(client), "grant_type": "password", "username": username, "password": PASSWORD}
    return Cast(
        {
            "«client»": client,
            "«secret»": server.secret_of(client),
            "«public»": server.add_client(public=True),
            "«username»": username,
            "«password»": PASSWORD,
            "«refresh»": tokens["refresh_token"],
            "«jwt»": tokens["access_token"],
            "«access»": server.form("/axosoft/api/oauth2/token", axosoft).document["access_token"],
            "«owner»": server.owner_id(username),
        }
    )


@settings(max_examples=max(3000, settings().max_examples))
@given(request=requests())
def test_any_request_gets_an_answer_in_its_dialects_shape(server: Server, cast: Cast, request: Request):
    _dialect, path, shape = request.endpoint
    answer = server.ask(
        request.method,
        path.replace("{segment}", cast.fill(request.segment)),
        query=fill_bytes(cast, request.query),
        headers=headers_of(request, cast),
        body=fill_bytes(cast, request.content[1]),
        peer=request.peer,
        scheme=request.scheme,
    )
    check_shape(answer, shape, body_kept=request.method != "HEAD")


@pytest.mark.parametrize("scope", SCOPES, ids=range(len(SCOPES)))
@pytest.mark.parametrize("dialect", TOKEN_PATHS)
@pytest.mark.parametrize("grant_type", ["password", "client_credentials", "refresh_token"])
def test_every_scope_is_answered_in_shape(server: Server, cast: Cast, dialect: str, scope: str, grant_type: str):
    form = {"username": cast.values["«username»"], "password": PASSWORD, "refresh_token": cast.values["«refresh»"]}
    answer = send(server, dialect, cast.values["«client»"], grant_type=grant_type, scope=scope, **form)
    check_shape(answer, TOKEN[dialect], body_kept=True)


@given(
    path=st.text(st.characters(codec="utf-8"), max_size=30).map("/{}".format),
    method=st.sampled_from(["GET", "POST", "PUT"]),
)
@example(path="//oauth2//token", method="POST")
@example(path="/oauth2/token/", method="POST")
@example(path="/OAUTH2/TOKEN", method="POST")
@example(path="/oauth2/token;a=b", method="POST")
@example(path="/x/..;/oauth2/token", method="POST")
def test_any_other_path_is_not_found(server: Server, path: str, method: str):
    assume(path not in OWN_PATHS)  # hypothesis tries words of our sources too: `resource`, `health/live`
    answer = server.ask(method, path)
    assert answer.status == 404
    assert b"Traceback" not in answer.body


def test_every_example_above_was_answered_without_a_fault(server: Server):
    assert [line for line in server.log_lines() if line.get("event") == "fault"] == []
