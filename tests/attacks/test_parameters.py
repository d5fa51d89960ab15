"""Parameters that are doubled, misplaced, misspelt or immense, and bytes as a form writes them: T01, T02, T03, T07, T14."""

import json
from urllib.parse import urlencode

import pytest

from tests.attacks.harness import DIALECTS, Server
from tests.attacks.spelling import log_in, token_path, whole_login

OAUTH_NAMES = (
    "grant_type",
    "client_id",
    "client_secret",
    "username",
    "password",
    "scope",
    "refresh_token",
    "code",
    "assertion",
)


@pytest.mark.parametrize(
    "name", ["grant_type", "username", "password", "scope", "client_id", "client_secret", "nonsense"]
)
def test_t01_a_duplicate_parameter_is_refused(server: Server, name: str):
    form = whole_login(server, scope="read", nonsense="x")
    for other in ("another", form[name]):
        with server.nothing_happens():
            answer = server.form("/oauth2/token", [*form.items(), (name, other)])
        assert (answer.status, answer.error) == (400, "invalid_request")


@pytest.mark.parametrize("dialect", ["jmondi", "jmondi-1", "jmondi-4"])
@pytest.mark.parametrize("name", ["grant_type", "username", "password", "scope", "client_id", "client_secret"])
def test_t01_a_doubled_member_of_json_is_a_duplicate_parameter(server: Server, dialect: str, name: str):
    """Whoever reads along, such as a firewall, may take the other one."""
    form = json.dumps(whole_login(server, scope="read"))
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in name)
    for spelling in (name, escaped):
        for other in ("victim", 10**30, None, ["victim"], {"victim": 1}):
            body = f'{{"{spelling}":{json.dumps(other)},{form[1:]}'.encode()
            with server.nothing_happens():
                headers = [("Content-Type", "application/json")]
                answer = server.ask("POST", token_path(dialect), headers=headers, body=body)
            assert answer.status == 400, (other, answer)
    well = server.ask("POST", token_path(dialect), headers=headers, body=form.replace("{", '{"a":"b:c",', 1).encode())
    assert well.status == 200


@pytest.mark.parametrize("name", ['"', "\\", "\n", "é", "\x7f", "\u202e", "", "a b", "n" * 100])
def test_t01_a_repeated_name_that_is_none_is_not_told_back(server: Server, name: str):
    """What a description may hold is in RFC 6749 §5.2, what a name is in §8.2."""
    answer = server.form("/oauth2/token", [*whole_login(server).items(), (name, "1"), (name, "2")])
    assert (answer.status, answer.error) == (400, "invalid_request")
    assert answer.document["error_description"] == "the parameter ? is present more than once"


@pytest.mark.parametrize("name", OAUTH_NAMES)
def test_t02_no_credential_or_grant_parameter_may_stand_in_the_query_of_the_strict_path(server: Server, name: str):
    form = whole_login(server)
    with server.nothing_happens():
        answer = server.form("/oauth2/token", form, query=f"{name}=victim".encode())
    assert (answer.status, answer.error) == (400, "invalid_request")
    with server.nothing_happens():
        whole = server.ask("POST", "/oauth2/token", query=urlencode(form).encode())
    assert (whole.status, whole.error) == (400, "invalid_request")


@pytest.mark.parametrize(
    "name", ["Username", "username[]", "username[0]", "username%00", "username ", "user%6eame%20", "USERNAME"]
)
def test_t03_a_name_that_only_resembles_a_parameter_counts_as_missing(server: Server, name: str):
    form = whole_login(server)
    username = form.pop("username")
    with server.nothing_happens():
        answer = server.form("/oauth2/token", f"{urlencode(form)}&{name}={username}".encode())
    assert (answer.status, answer.error) == (400, "invalid_request")


def test_t03_a_percent_encoded_name_is_that_name(server: Server):
    form = whole_login(server)
    username = form.pop("username")
    assert server.form("/oauth2/token", f"{urlencode(form)}&%75sername={username}".encode()).status == 200


SCOPES = {
    "30 KB in one name": "x" * 30_000,
    "10,000 names": " ".join("abcdefghij"[index % 10] for index in range(10_000)),
    "100 KB": "x" * 100_000,
}


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("grant_type", ["password", "client_credentials", "refresh_token"])
def test_t07_an_immense_scope_is_refused_at_once_and_before_anything_else(server: Server, scope: str, grant_type: str):
    form = whole_login(server, grant_type=grant_type, refresh_token="invalid", scope=SCOPES[scope])
    with server.nothing_happens():
        answer = server.form("/oauth2/token", form)
    assert answer.status in (400, 413)
    assert answer.error in ("invalid_scope", "invalid_request")


@pytest.mark.parametrize("password", [" %&+£€ 1234", "a b&c=d%2B+", "ünïcödé ✓ \U0001d518", "=&=&=&=&", "%00%0d%0a%25"])
def test_t14_a_password_is_read_as_rfc_6749_appendix_b_writes_it(server: Server, password: str):
    client, owner = server.add_client(), server.add_owner(password)
    for dialect in DIALECTS:
        if password != password.strip() and dialect == "passport-13":
            continue  # Laravel trims it
        assert log_in(server, dialect, client, owner, password).status == 200, dialect


def test_t14_a_plus_is_a_space(server: Server):
    form = whole_login(server, username=server.add_owner("open sesame"))
    form.pop("password")
    for spelling in (b"open+sesame", b"open%20sesame"):
        assert server.form("/oauth2/token", urlencode(form).encode() + b"&password=" + spelling).status == 200
    assert server.form("/oauth2/token", urlencode(form).encode() + b"&password=open%2Bsesame").status == 400
