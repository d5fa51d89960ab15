"""Small clients, written as the public clients of these APIs are: what they send and what they insist on."""

import json
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
import requests

from tests.clients.demo_process import Credentials, Demo

JSON_OF_AXOSOFT = "application/json; charset=utf-8"


class AxosoftPythonError(Exception):
    """As that client raises: with `error_description` if there is one."""


def axosoft_python_token(one: Credentials, **changed: str):
    """POST with a form, and the checks of axosoft-python."""
    payload = {
        "grant_type": "password", "username": one["username"], "password": one["password"],
        "client_id": one["client_id"], "client_secret": one["client_secret"], "scope": "read write", **changed,
    }  # fmt: skip
    response = requests.post(one["token_url"], data=payload, timeout=10)
    if response.status_code == 200 and response.headers["Content-Type"] == JSON_OF_AXOSOFT:
        document = response.json()
        assert document["token_type"] == "bearer"
        return document["access_token"]
    raise AxosoftPythonError(response.json()["error_description"])


def node_axosoft_token(one: Credentials):
    """GET with a form in the body and nothing in the query; any answer with an `access_token` is good."""
    form = {name: one[name] for name in ("username", "password", "client_id", "client_secret")}
    response = requests.request(
        "GET", one["token_url"], timeout=10, data=urlencode({"grant_type": "password", **form, "debug": "1"}),
        headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "*/*"},
    )  # fmt: skip
    return response.json()["access_token"]


def axosoft_net_token(one: Credentials):
    """GET with a query at the versioned path."""
    query = {name: one[name] for name in ("client_id", "client_secret", "username", "password")}
    url = one["token_url"].replace("/api/", "/api/v6/")
    response = requests.get(url, params={"grant_type": "password", **query, "scope": "read write"}, timeout=10)
    return response.json()["access_token"]


def axosoft_php_token(one: Credentials):
    """GET with a query and a Content-Type that says nothing about it."""
    query = {name: one[name] for name in ("client_id", "client_secret", "username", "password", "scope")}
    response = requests.get(
        one["token_url"], params={"grant_type": "password", **query}, timeout=10,
        headers={"Content-Type": "application/json"},
    )  # fmt: skip
    return response.json()["access_token"]


def axosoft_apps_script_token(one: Credentials):
    """POST with a form whose Content-Type names no charset."""
    return axosoft_python_token(one)


@pytest.mark.parametrize(
    "log_in",
    [axosoft_python_token, node_axosoft_token, axosoft_net_token, axosoft_php_token, axosoft_apps_script_token],
)
def test_every_axosoft_client_gets_a_token_that_tells_who_it_is_for(demo: Demo, log_in: Callable[[Credentials], str]):
    one = demo.dialects["axosoft"]
    answer = requests.get(one["resource_url"], headers={"Authorization": f"Bearer {log_in(one)}"}, timeout=10)
    assert answer.headers["Content-Type"] == JSON_OF_AXOSOFT
    assert answer.json()["data"]["login_id"] == one["username"]
    assert answer.json()["data"]["email"] == "Cathy.Oreilly@mycompany.com"


@pytest.mark.parametrize("header", ["Authorization", "X-Authorization"])
@pytest.mark.parametrize("scheme", ["Bearer", "OAuth"])
def test_axosoft_takes_either_scheme_in_either_header(demo: Demo, header: str, scheme: str):
    one = demo.dialects["axosoft"]
    token = axosoft_python_token(one)
    answer = requests.get(one["resource_url"], headers={header: f"{scheme} {token}"}, timeout=10)
    assert answer.status_code == 200


def test_axosoft_takes_the_token_in_both_headers_and_in_the_query(demo: Demo):
    one = demo.dialects["axosoft"]
    token = axosoft_python_token(one)
    both = {"Authorization": f"Bearer {token}", "X-Authorization": f"OAuth {token}"}
    assert requests.get(one["resource_url"], headers=both, timeout=10).status_code == 200
    assert requests.get(one["resource_url"], params={"access_token": token}, timeout=10).status_code == 200


def test_axosoft_logs_in_by_email_as_well(demo: Demo):
    one = demo.dialects["axosoft"]
    assert axosoft_python_token(one, username="Cathy.Oreilly@mycompany.com")


def test_axosoft_python_shows_the_description_of_an_error(demo: Demo):
    with pytest.raises(AxosoftPythonError, match=r"^Invalid username or password$"):
        axosoft_python_token(demo.dialects["axosoft"], password="wrong")


def test_every_axosoft_answer_says_its_content_type(demo: Demo):
    one = demo.dialects["axosoft"]
    answers = [
        requests.post(one["token_url"], data={}, timeout=10),
        requests.get(one["token_url"], timeout=10),
        requests.put(one["token_url"], timeout=10),
        requests.get(one["resource_url"], timeout=10),
        requests.get(one["resource_url"], headers={"Authorization": "Bearer nonsense"}, timeout=10),
    ]
    for answer in answers:
        assert answer.headers["Content-Type"] == JSON_OF_AXOSOFT
        assert "error" in answer.json()


def test_the_axosoft_sample_signs_out(demo: Demo):
    one = demo.dialects["axosoft"]
    token = {"Authorization": f"Bearer {axosoft_python_token(one)}"}
    url = demo.base_url + "/api/v6/oauth2/revoke"
    assert requests.get(url, headers=token, timeout=10).status_code == 200
    assert requests.get(one["resource_url"], headers=token, timeout=10).status_code == 401


def paymentiq_token(one: Credentials):
    """Everything in the query, nothing in the body, Basic for the client."""
    query = {"grant_type": "password", "username": one["username"], "password": one["password"]}
    response = requests.post(one["token_url"], params=query, auth=(one["client_id"], one["client_secret"]), timeout=10)
    return response.json()


@pytest.mark.parametrize("scheme", ["bearer", "Bearer", "BEARER"])
def test_paymentiq_takes_the_scheme_as_its_token_type_spells_it(demo: Demo, scheme: str):
    one = demo.dialects["paymentiq"]
    token = paymentiq_token(one)
    assert token["token_type"] == "bearer"
    headers = {"Authorization": f"{scheme} {token['access_token']}"}
    answer = requests.get(one["resource_url"], headers=headers, timeout=10)
    assert answer.status_code == 200
    assert len(answer.json()["authorities"]) == 29


def test_paymentiq_takes_the_token_as_a_parameter(demo: Demo):
    one = demo.dialects["paymentiq"]
    token = paymentiq_token(one)["access_token"]
    assert requests.get(one["resource_url"], params={"access_token": token}, timeout=10).status_code == 200


def test_paymentiq_check_token_tells_what_the_token_holds(demo: Demo):
    one = demo.dialects["paymentiq"]
    basic = (one["client_id"], one["client_secret"])
    token = paymentiq_token(one)
    url = demo.base_url + "/paymentiq/oauth/check_token"
    answer = requests.get(url, params={"token": token["access_token"]}, auth=basic, timeout=10).json()
    assert (answer["user_name"], answer["active"], answer["jti"]) == (one["username"], True, token["jti"])


def guzzle_multipart(one: Credentials):
    """A part for each field, as Guzzle's `multipart` writes them: with a Content-Length each."""
    boundary = "0123456789abcdef"
    fields = {name: one[name] for name in ("client_id", "client_secret", "username", "password")}
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n'
        f"Content-Length: {len(value)}\r\n\r\n{value}\r\n"
        for name, value in {"grant_type": "password", **fields}.items()
    ]
    return f"multipart/form-data; boundary={boundary}", "".join(parts) + f"--{boundary}--\r\n"


def axios_json(one: Credentials):
    fields = {name: one[name] for name in ("client_id", "client_secret", "username", "password")}
    return "application/json", json.dumps({"grant_type": "password", **fields})


@pytest.mark.parametrize("write", [guzzle_multipart, axios_json])
def test_job_space_reads_what_php_and_javascript_clients_write(
    demo: Demo, write: Callable[[Credentials], tuple[str, str]]
):
    one = demo.dialects["jobspace"]
    content_type, body = write(one)
    answer = requests.post(one["token_url"], data=body, headers={"Content-Type": content_type}, timeout=10)
    assert answer.status_code == 200
    assert answer.json()["token_type"] == "Bearer"


def test_jmondi_reads_json(demo: Demo):
    one = demo.dialects["jmondi"]
    _, body = axios_json(one)
    answer = requests.post(one["token_url"], data=body, headers={"Content-Type": "application/json"}, timeout=10)
    assert answer.status_code == 200
