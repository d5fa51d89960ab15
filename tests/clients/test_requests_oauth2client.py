"""requests_oauth2client, unmodified but for `testing`, which lets it speak to a server without TLS.

By Basic it speaks all dialects but Axosoft's (no Basic there); by form all but PaymentIQ's (no credentials among the
parameters there). It cannot send a token request as GET, so of Axosoft's forms it speaks the POST.
"""

import pytest
from requests import get
from requests_oauth2client import (
    ClientSecretBasic,
    ClientSecretPost,
    InvalidClient,
    InvalidGrant,
    OAuth2Client,
    UnauthorizedClient,
    UnknownTokenEndpointError,
)

from tests.clients.demo_process import Credentials, Demo

SPELLINGS = [(dialect, ClientSecretBasic) for dialect in ("standard", "jobspace", "jmondi", "paymentiq", "kabbage")]
SPELLINGS += [(dialect, ClientSecretPost) for dialect in ("standard", "jobspace", "jmondi", "kabbage", "axosoft")]
WITHOUT_AXOSOFT = [(dialect, how) for dialect, how in SPELLINGS if dialect != "axosoft"]


def open_client(one: Credentials, how: type = ClientSecretBasic, **endpoints: str):
    auth = how(one["client_id"], one["client_secret"])
    return OAuth2Client(token_endpoint=one["token_url"], auth=auth, testing=True, **endpoints)


def asked(one: Credentials):
    return {"scope": one["scope"]} if one["scope"] else {}


def log_in(client: OAuth2Client, one: Credentials):
    return client.resource_owner_password(one["username"], one["password"], **asked(one))


def standard_client(demo: Demo):
    return open_client(
        demo.dialects["standard"],
        introspection_endpoint=demo.base_url + "/oauth2/introspect",
        revocation_endpoint=demo.base_url + "/oauth2/revoke",
    )


@pytest.mark.parametrize(("dialect", "how"), SPELLINGS)
def test_resource_owner_password(demo: Demo, dialect: str, how: type):
    one = demo.dialects[dialect]
    token = log_in(open_client(one, how), one)
    assert get(one["resource_url"], auth=token, timeout=10).status_code == 200


@pytest.mark.parametrize(("dialect", "how"), WITHOUT_AXOSOFT)
def test_client_credentials(demo: Demo, dialect: str, how: type):
    one = demo.dialects[dialect]
    token = open_client(one, how).client_credentials(**asked(one))
    assert token.refresh_token is None
    assert token.expires_in in range(3590, 86401)


@pytest.mark.parametrize(("dialect", "how"), WITHOUT_AXOSOFT)
def test_refresh(demo: Demo, dialect: str, how: type):
    one = demo.dialects[dialect]
    client = open_client(one, how)
    first = log_in(client, one)
    second = client.refresh_token(first)
    assert second.access_token != first.access_token
    assert second.refresh_token is not None


def test_standard_introspection_and_revocation(demo: Demo):
    one, client = demo.dialects["standard"], standard_client(demo)
    token = log_in(client, one)
    assert client.introspect_token(token)["username"] == one["username"]
    assert client.revoke_access_token(token) is True
    assert client.introspect_token(token) == {"active": False}
    assert client.revoke_refresh_token(token.refresh_token) is True
    with pytest.raises(InvalidGrant):
        client.refresh_token(token.refresh_token)


def test_a_client_made_from_the_metadata_alone_logs_in(demo: Demo):
    one = demo.dialects["standard"]
    url = demo.base_url + "/.well-known/oauth-authorization-server"
    auth = ClientSecretBasic(one["client_id"], one["client_secret"])
    client = OAuth2Client.from_discovery_endpoint(url, issuer=demo.base_url, auth=auth, testing=True)
    token = log_in(client, one)
    assert client.introspect_token(token)["active"] is True


def test_refusals_are_the_classes_that_the_library_knows(demo: Demo):
    one = demo.dialects["standard"]
    with pytest.raises(InvalidGrant):
        log_in(standard_client(demo), {**one, "password": "wrong"})
    with pytest.raises(InvalidClient):
        log_in(open_client({**one, "client_secret": "wrong"}), one)
    with pytest.raises(UnauthorizedClient):  # a good client of another dialect
        log_in(open_client({**demo.dialects["kabbage"], "token_url": one["token_url"]}), one)


def test_the_job_spaces_own_code_reaches_the_caller(demo: Demo):
    one = demo.dialects["jobspace"]
    with pytest.raises(UnknownTokenEndpointError) as refused:
        log_in(open_client(one), {**one, "password": "wrong"})
    assert refused.value.error == "invalid_credentials"
