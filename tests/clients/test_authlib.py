"""Authlib, over requests and over httpx, unmodified.

`client_secret_basic` speaks all dialects but Axosoft's, which knows no Basic; `client_secret_post` speaks all but
PaymentIQ's, which knows no credentials among the parameters. Axosoft's GET it can send as well, once the client
credentials are given as parameters of the request.
"""

import asyncio
import warnings

import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from tests.clients.demo_process import Credentials, Demo

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Authlib announces that it will move on from httpx
    from authlib.integrations.httpx_client import AsyncOAuth2Client, OAuth2Client

BASIC, POST = "client_secret_basic", "client_secret_post"
SPELLINGS = [(dialect, BASIC) for dialect in ("standard", "jobspace", "jmondi", "paymentiq", "kabbage")]
SPELLINGS += [(dialect, POST) for dialect in ("standard", "jobspace", "jmondi", "kabbage", "axosoft")]
REFRESHED = [(dialect, method) for dialect, method in SPELLINGS if dialect != "axosoft"]

both_libraries = pytest.mark.parametrize("session_class", [OAuth2Session, OAuth2Client])


def open_session(session_class: type, one: Credentials, method: str = BASIC):
    return session_class(
        one["client_id"], one["client_secret"], token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method, scope=one["scope"] or None, token_endpoint=one["token_url"],
    )  # fmt: skip


@both_libraries
@pytest.mark.parametrize(("dialect", "method"), SPELLINGS)
def test_password_token_is_fetched_and_used(demo: Demo, session_class: type, dialect: str, method: str):
    one = demo.dialects[dialect]
    with open_session(session_class, one, method) as session:
        token = session.fetch_token(one["token_url"], username=one["username"], password=one["password"])
        assert token["token_type"].lower() == "bearer"
        assert session.get(one["resource_url"]).status_code == 200


@both_libraries
@pytest.mark.parametrize(("dialect", "method"), REFRESHED)
def test_client_credentials_token_is_fetched(demo: Demo, session_class: type, dialect: str, method: str):
    one = demo.dialects[dialect]
    with open_session(session_class, one, method) as session:
        token = session.fetch_token(one["token_url"], grant_type="client_credentials")
    assert token["access_token"]
    assert "refresh_token" not in token


@both_libraries
@pytest.mark.parametrize(("dialect", "method"), REFRESHED)
def test_a_refreshed_token_works(demo: Demo, session_class: type, dialect: str, method: str):
    one = demo.dialects[dialect]
    with open_session(session_class, one, method) as session:
        first = session.fetch_token(one["token_url"], username=one["username"], password=one["password"])
        second = session.refresh_token(one["token_url"], refresh_token=first["refresh_token"])
        assert second["access_token"] != first["access_token"]
        assert session.get(one["resource_url"]).status_code == 200


def test_axosofts_get_with_everything_in_the_query(demo: Demo):
    one = demo.dialects["axosoft"]
    session = OAuth2Session(one["client_id"], token_endpoint_auth_method="none", scope="read")
    token = session.fetch_token(
        one["token_url"], method="GET", grant_type="password", username=one["username"], password=one["password"],
        client_secret=one["client_secret"],
    )  # fmt: skip
    assert list(token) == ["access_token", "token_type", "data"]
    assert session.get(one["resource_url"]).status_code == 200
    session.close()


@both_libraries
@pytest.mark.parametrize("hint", [None, "access_token", "refresh_token"])
def test_standard_introspection_tells_a_good_token(demo: Demo, session_class: type, hint: str | None):
    one = demo.dialects["standard"]
    with open_session(session_class, one) as session:
        token = session.fetch_token(one["token_url"], username=one["username"], password=one["password"])
        url = f"{demo.base_url}/oauth2/introspect"
        answer = session.introspect_token(url, token=token["access_token"], token_type_hint=hint).json()
        assert (answer["active"], answer["username"], answer["client_id"]) == (True, one["username"], one["client_id"])
        assert answer["scope"] == "read write"


@both_libraries
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_a_revoked_standard_token_is_inactive(demo: Demo, session_class: type, kind: str):
    one = demo.dialects["standard"]
    with open_session(session_class, one) as session:
        token = session.fetch_token(one["token_url"], username=one["username"], password=one["password"])
        revoked = session.revoke_token(f"{demo.base_url}/oauth2/revoke", token=token[kind], token_type_hint=kind)
        assert (revoked.status_code, revoked.content) == (200, b"")
        url = f"{demo.base_url}/oauth2/introspect"
        assert session.introspect_token(url, token=token[kind]).json() == {"active": False}
        if kind == "refresh_token":
            with pytest.raises(OAuthError, match="invalid_grant"):
                session.refresh_token(one["token_url"], refresh_token=token["refresh_token"])


@both_libraries
def test_jmondis_introspection_and_revocation(demo: Demo, session_class: type):
    one = demo.dialects["jmondi"]
    with open_session(session_class, one) as session:
        token = session.fetch_token(one["token_url"], username=one["username"], password=one["password"])
        introspect, revoke = one["token_url"] + "/introspect", one["token_url"] + "/revoke"
        assert session.introspect_token(introspect, token=token["access_token"]).json()["active"] is True
        assert session.revoke_token(revoke, token=token["refresh_token"]).status_code == 200
        assert session.introspect_token(introspect, token=token["access_token"]).json()["active"] is False


@both_libraries
@pytest.mark.parametrize("dialect", ["standard", "jmondi", "paymentiq", "kabbage"])
def test_a_wrong_password_is_invalid_grant(demo: Demo, session_class: type, dialect: str):
    one = demo.dialects[dialect]
    with open_session(session_class, one) as session, pytest.raises(OAuthError, match="invalid_grant"):
        session.fetch_token(one["token_url"], username=one["username"], password="wrong")


def test_the_async_client_logs_in_and_refreshes(demo: Demo):
    one = demo.dialects["standard"]

    async def talk():
        async with AsyncOAuth2Client(one["client_id"], one["client_secret"], scope=one["scope"]) as session:
            token = await session.fetch_token(one["token_url"], username=one["username"], password=one["password"])
            await session.refresh_token(one["token_url"], refresh_token=token["refresh_token"])
            return (await session.get(one["resource_url"])).json()

    assert asyncio.run(talk())["username"] == one["username"]
