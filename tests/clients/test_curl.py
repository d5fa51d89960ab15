"""The documents' own curl lines and HTTP samples, sent by the real curl."""

import json
import subprocess
from base64 import b64encode
from dataclasses import dataclass

import pytest

from tests.clients.demo_process import Credentials, Demo


@dataclass(frozen=True, slots=True)
class Printed:
    """What `curl -i` printed."""

    status: int
    headers: dict[str, str]
    """By name, as it is spelled."""
    body: str

    @property
    def document(self):
        return json.loads(self.body)


def curl(*arguments: str, stdin: bytes | None = None) -> Printed:
    done = subprocess.run(["curl", "-sS", "-i", *arguments], input=stdin, capture_output=True, timeout=20, check=True)
    head, _, body = done.stdout.decode().rpartition("\r\n\r\n")
    lines = head.rpartition("\r\n\r\n")[2].split("\r\n")  # after any 100 Continue
    return Printed(int(lines[0].split(" ")[1]), dict(line.split(": ", 1) for line in lines[1:]), body)


def basic(one: Credentials):
    return "Authorization: Basic " + b64encode(f"{one['client_id']}:{one['client_secret']}".encode()).decode()


def test_the_job_space_line_with_its_doubled_boundary(demo: Demo):
    one = demo.dialects["jobspace"]
    answer = curl(
        "-X", "POST", demo.base_url + "/oauth/token",
        "-H", "cache-control: no-cache",
        "-H", "content-type: multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW",
        "-F", "grant_type=password",
        "-F", f"client_id={one['client_id']}",
        "-F", f"client_secret={one['client_secret']}",
        "-F", f"username={one['username']}",
        "-F", f"password={one['password']}",
    )  # fmt: skip
    assert answer.status == 200
    assert list(answer.document) == ["token_type", "expires_in", "access_token", "refresh_token"]
    assert (answer.document["token_type"], answer.document["expires_in"]) == ("Bearer", 86400)


def test_the_job_space_php_form(demo: Demo):
    one = demo.dialects["jobspace"]
    fields = ("client_id", "client_secret", "username", "password")
    data = [argument for name in fields for argument in ("--data-urlencode", f"{name}={one[name]}")]
    answer = curl(demo.base_url + "/oauth/token", "-d", "grant_type=password", *data)
    assert answer.status == 200
    assert answer.document["refresh_token"].startswith("def50200")


JMONDI_LINES = (
    "grant_type=password",
    "&client_id={client_id}",
    "&client_secret={client_secret}",
    "&username={username}",
    "&password={password}",
    '&scope="contacts.read contacts.write"',
)


def test_the_jmondi_form_as_it_is_printed_line_by_line(demo: Demo):
    one = demo.dialects["jmondi"]
    body = "\n".join(JMONDI_LINES).format(**one).encode()
    media_type = "Content-Type: application/x-www-form-urlencoded"
    answer = curl("-X", "POST", demo.base_url + "/token", "-H", media_type, "--data-binary", "@-", stdin=body)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")
    assert list(answer.document) == ["token_type", "expires_in", "access_token", "refresh_token", "scope"]
    assert answer.document["expires_in"] == 3600
    assert answer.document["scope"] == "contacts.read contacts.write"


def test_the_jmondi_sample_with_basic_and_no_content_type(demo: Demo):
    one = demo.dialects["jmondi"]
    lines = (JMONDI_LINES[0], *JMONDI_LINES[3:])
    body = "\n".join(lines).format(**one).encode()
    answer = curl(
        "-X", "POST", demo.base_url + "/token", "-H", basic(one), "-H", "Content-Type:", "--data-binary", "@-",
        stdin=body,
    )  # fmt: skip
    assert answer.status == 200
    assert answer.document["token_type"] == "Bearer"


def test_the_paymentiq_line(demo: Demo):
    one = demo.dialects["paymentiq"]
    answer = curl(
        "-X", "POST",
        f"{demo.base_url}/paymentiq/oauth/token?grant_type=password&username={one['username']}&password={one['password']}",
        "-H", basic(one),
        "-H", "Cache-Control: no-cache",
        "-H", "Postman-Token: 11ed0a28-7d86-42eb-b0dc-e897d95a01d8",
    )  # fmt: skip
    assert answer.status == 200
    assert list(answer.document) == ["access_token", "token_type", "refresh_token", "expires_in", "scope", "jti"]
    assert (answer.document["token_type"], answer.document["expires_in"]) == ("bearer", 86399)
    assert answer.document["scope"] == "default"


def kabbage(demo: Demo, form: str):
    return curl(
        "-X", "POST", demo.base_url + "/auth/token",
        "-H", basic(demo.dialects["kabbage"]),
        "-H", "Content-Type: application/x-www-form-urlencoded",
        "-d", form,
    )  # fmt: skip


def test_the_three_kabbage_samples(demo: Demo):
    one = demo.dialects["kabbage"]
    client = kabbage(demo, "grant_type=client_credentials")
    assert client.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert list(client.document) == ["access_token", "token_type", "expires_in"]
    person = kabbage(demo, f"grant_type=password&username={one['username']}&password={one['password']}")
    renewed = kabbage(demo, f"grant_type=refresh_token&refresh_token={person.document['refresh_token']}")
    for answer in (person, renewed):
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"
        assert list(answer.document) == ["access_token", "refresh_token", "token_type", "expires_in"]
        assert (answer.document["token_type"], answer.document["expires_in"]) == ("bearer", 86399)


def test_kabbage_credentials_in_the_body_for_who_cannot_send_basic(demo: Demo):
    one = demo.dialects["kabbage"]
    answer = curl(
        demo.base_url + "/auth/token",
        "-d", f"grant_type=client_credentials&client_id={one['client_id']}&client_secret={one['client_secret']}",
    )  # fmt: skip
    assert answer.status == 200


AXOSOFT_QUERY = (
    "grant_type=password&username={username}&password={password}&client_id={client_id}&client_secret={client_secret}"
)


@pytest.mark.parametrize("path", ["/api/oauth2/token", "/api/v6/oauth2/token", "/api/v3/oauth2/token"])
def test_the_axosoft_get(demo: Demo, path: str):
    one = demo.dialects["axosoft"]
    answer = curl(f"{demo.base_url}{path}?{AXOSOFT_QUERY.format(**one)}&scope=read%20write")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert list(answer.document) == ["access_token", "token_type", "data"]
    assert answer.document["data"] == {
        "id": 7, "first_name": "Cathy", "last_name": "O'Reilly (Dev)", "email": "Cathy.Oreilly@mycompany.com",
    }  # fmt: skip


def test_the_axosoft_failure_as_it_is_printed(demo: Demo):
    one = demo.dialects["axosoft"]
    query = AXOSOFT_QUERY.format(**{**one, "password": "wrong"})
    answer = curl(f"{demo.base_url}/api/oauth2/token?{query}")
    assert answer.status == 400
    assert answer.document == {"error": "invalid_grant", "error_description": "Invalid username or password"}


def test_the_standard_form_to_the_letter(demo: Demo):
    one = demo.dialects["standard"]
    answer = curl(
        one["token_url"], "-u", f"{one['client_id']}:{one['client_secret']}",
        "-d", "grant_type=password", "-d", f"username={one['username']}", "-d", f"password={one['password']}",
        "-d", "scope=read write",
    )  # fmt: skip
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")
    assert list(answer.document) == ["access_token", "token_type", "expires_in", "refresh_token", "scope"]
