"""requests-oauthlib, unmodified, against every dialect: it can spell them all with its own options.

Basic is its default; `include_client_id` puts the client into the form, `method="GET"` and `force_querystring` put
everything into the query, as Axosoft's and PaymentIQ's documents ask.
"""

from collections.abc import Mapping

import pytest
from oauthlib.oauth2 import BackendApplicationClient, LegacyApplicationClient
from oauthlib.oauth2.rfc6749.errors import InvalidGrantError
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from tests.clients.demo_process import Credentials, Demo

IN_FORM = {"include_client_id": True}
SPELLINGS = [
    pytest.param("standard", {}, id="standard, Basic"),
    pytest.param("standard", IN_FORM, id="standard, form"),
    pytest.param("jobspace", {}, id="jobspace, Basic"),
    pytest.param("jobspace", IN_FORM, id="jobspace, form"),
    pytest.param("jmondi", {}, id="jmondi, Basic"),
    pytest.param("jmondi", IN_FORM, id="jmondi, form"),
    pytest.param("paymentiq", {}, id="paymentiq, form"),
    pytest.param("paymentiq", {"force_querystring": True}, id="paymentiq, query"),
    pytest.param("kabbage", {}, id="kabbage, Basic"),
    pytest.param("kabbage", IN_FORM, id="kabbage, form"),
    pytest.param("axosoft", IN_FORM, id="axosoft, POST form"),
    pytest.param("axosoft", {**IN_FORM, "method": "GET"}, id="axosoft, GET query"),
]


def open_session(one: Credentials, client_class: type):
    return OAuth2Session(client=client_class(client_id=one["client_id"], scope=one["scope"] or None))


def fetch(session: OAuth2Session, one: Credentials, **options: object):
    return session.fetch_token(one["token_url"], client_secret=one["client_secret"], **options)


def log_in(one: Credentials, **options: object):
    session = open_session(one, LegacyApplicationClient)
    fetch(session, one, username=one["username"], password=one["password"], **options)
    return session


@pytest.mark.parametrize(("dialect", "options"), SPELLINGS)
def test_legacy_application_client_gets_a_token_and_uses_it(demo: Demo, dialect: str, options: Mapping[str, object]):
    one = demo.dialects[dialect]
    session = log_in(one, **options)
    assert session.token["token_type"].lower() == "bearer"
    assert session.get(one["resource_url"]).status_code == 200


@pytest.mark.parametrize("dialect", ["standard", "jobspace", "jmondi", "paymentiq", "kabbage"])
def test_backend_application_client_gets_a_token_without_a_refresh_token(demo: Demo, dialect: str):
    session = open_session(demo.dialects[dialect], BackendApplicationClient)
    token = fetch(session, demo.dialects[dialect])
    assert token["access_token"]
    assert "refresh_token" not in token


@pytest.mark.parametrize("dialect", ["standard", "jobspace", "jmondi", "paymentiq", "kabbage"])
def test_a_refresh_gives_a_token_that_works(demo: Demo, dialect: str):
    one = demo.dialects[dialect]
    session = log_in(one)
    before = session.token["access_token"]
    basic = HTTPBasicAuth(one["client_id"], one["client_secret"])
    token = session.refresh_token(one["token_url"], auth=basic)
    assert token["access_token"] != before
    assert session.get(one["resource_url"]).status_code == 200


@pytest.mark.parametrize("dialect", ["standard", "jmondi", "paymentiq", "kabbage"])
def test_a_wrong_password_is_the_error_class_that_the_library_knows(demo: Demo, dialect: str):
    # jobspace answers invalid_credentials, as the Passport of its day did; the library knows no such class
    one = demo.dialects[dialect]
    with pytest.raises(InvalidGrantError):
        log_in({**one, "password": "wrong"})
