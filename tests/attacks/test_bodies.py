"""Bodies that are endless, of the wrong kind, compressed or hostile: T05, T10, T11, T12, T16."""

import builtins
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch
from urllib.parse import urlencode

import pytest

from tests.attacks.harness import DIALECTS, FORM, Server
from tests.attacks.spelling import token_path, whole_login


@pytest.mark.parametrize("dialect", DIALECTS)
def test_t05_an_endless_body_is_refused_after_64_kib_at_most(server: Server, dialect: str):
    read = []

    def endless():
        while True:
            read.append(1024)
            yield b"a" * 1024

    with server.nothing_happens():
        answer = server.ask("POST", token_path(dialect), headers=[("Content-Type", FORM)], body=endless())
    assert answer.status in (400, 413)
    assert sum(read) <= 64 * 1024


def test_t05_the_strict_path_says_413(server: Server):
    answer = server.ask("POST", "/oauth2/token", headers=[("Content-Type", FORM)], body=b"a" * 10_000_000)
    assert (answer.status, answer.error) == (413, "invalid_request")


MEDIA_TYPES = (
    None,
    "application/json",
    "text/plain",
    f"{FORM}; charset=utf-16",
    "multipart/form-data; boundary=x",
    "",
    ";",
)


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_t10_a_wrong_media_type_is_refused_on_the_strict_path(server: Server, media_type: str | None):
    headers = [] if media_type is None else [("Content-Type", media_type)]
    body = json.dumps(whole_login(server)) if media_type == "application/json" else urlencode(whole_login(server))
    with server.nothing_happens():
        answer = server.ask("POST", "/oauth2/token", headers=headers, body=body.encode())
    assert (answer.status, answer.error) in ((415, "invalid_request"), (400, "invalid_request"))


JSON_DIALECTS = ("jobspace", "passport-12", "passport-13", "jmondi", "jmondi-1", "jmondi-4")
JSON_VALUES = (["a"], {"a": "b"}, [], {}, [["a"]], 1, 1.5, True, None, [1, {"x": []}], "\ud800", "\udfff", 10**30)


@pytest.mark.parametrize("dialect", JSON_DIALECTS)
@pytest.mark.parametrize("name", ["grant_type", "username", "password", "client_id", "client_secret"])
def test_t10_json_lists_and_objects_as_values_crash_nothing(server: Server, dialect: str, name: str):
    form = whole_login(server)
    for value in JSON_VALUES:
        body = json.dumps({**form, name: value}).encode()
        with server.nothing_issued():
            answer = server.ask("POST", token_path(dialect), headers=[("Content-Type", "application/json")], body=body)
        assert 400 <= answer.status < 500, (value, answer)


@pytest.mark.parametrize("dialect", JSON_DIALECTS)
def test_t10_a_json_scope_that_is_no_text_never_widens_anything(server: Server, dialect: str):
    form = whole_login(server)
    for value in (["admin"], {"admin": 1}, [["admin"]], [], {}, True, 10**30, None):
        body = json.dumps({**form, "scope": value}).encode()
        answer = server.ask("POST", token_path(dialect), headers=[("Content-Type", "application/json")], body=body)
        assert answer.status in (200, 400, 401), (value, answer)
        assert b"admin" not in answer.body or answer.status != 200


def part(name: str, value: str, more: str = "") -> str:
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'


def parts_of(form: dict[str, str], *, without: str = "") -> str:
    return "".join(part(name, value) for name, value in form.items() if name != without)


def multipart_attacks(form: dict[str, str]) -> dict[str, tuple[str, str]]:
    body, end, good = parts_of(form), "--b--\r\n", "multipart/form-data; boundary=b"
    rest = parts_of(form, without="password")
    password = form["password"]
    return {
        "a file": (good, rest + part("password", password, '; filename="x"') + end),
        "no boundary": ("multipart/form-data", body + end),
        "another boundary": ("multipart/form-data; boundary=c", body + end),
        "10,000 headers": (
            good,
            '--b\r\nContent-Disposition: form-data; name="x"\r\n' + "A: b\r\n" * 4000 + "\r\n" + body + end,
        ),
        "_charset_": (good, part("_charset_", "utf-16") + body + end),
        "nested": (
            good,
            rest + part("password", "--c\r\n\r\nx\r\n--c--", "\r\nContent-Type: multipart/mixed; boundary=c") + end,
        ),
        "base64": (good, rest + part("password", "eA==", "\r\nContent-Transfer-Encoding: base64") + end),
        "no end": (good, body),
        "many parts": (good, "".join(part(f"p{index}", "x") for index in range(300)) + body + end),
    }


@pytest.mark.parametrize("attack", multipart_attacks({"password": ""}))
def test_t11_multipart_that_is_more_than_text_fields_is_refused(server: Server, attack: str):
    media_type, body = multipart_attacks(whole_login(server))[attack]
    with server.nothing_happens(), no_file_written():
        answer = server.ask("POST", MULTIPART_PATH, headers=[("Content-Type", media_type)], body=body.encode())
    assert 400 <= answer.status < 500


MULTIPART_PATH = "/jobspace/oauth/token"


@pytest.mark.parametrize("dialect", ["jobspace", "passport-12", "passport-13"])
@pytest.mark.parametrize("name", ["grant_type", "client_id", "client_secret", "username", "password", "scope"])
def test_t11_a_doubled_part_is_a_duplicate_parameter(server: Server, dialect: str, name: str):
    """Whichever of them would count: whoever reads along may take the other one."""
    form = whole_login(server, scope="read")
    headers = [("Content-Type", "multipart/form-data; boundary=b")]
    long = part(name, "x", "\r\nContent-Type: text/plain")  # which takes the library's way to be read
    for doubled in (part(name, "x"), part(name, form[name]), long):
        for body in (doubled + parts_of(form), parts_of(form) + doubled):
            with server.nothing_happens(), no_file_written():
                answer = server.ask("POST", token_path(dialect), headers=headers, body=f"{body}--b--\r\n".encode())
            assert (answer.status, answer.error) == (400, "invalid_request"), body
    good = parts_of(form) + part("device[]", "x") * 2 + part("device", "x") * 2
    assert server.ask("POST", token_path(dialect), headers=headers, body=f"{good}--b--\r\n".encode()).status == 200


@contextmanager
def no_file_written() -> Iterator[None]:
    """Neither by name nor as a temporary one, which Python opens by `os.open` as well."""
    with patch.object(os, "open", wraps=os.open) as by_flags, patch.object(builtins, "open", wraps=open) as by_mode:
        yield
    assert by_flags.mock_calls == by_mode.mock_calls == []


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, identity", "x"])
def test_t12_a_compressed_body_is_never_opened(server: Server, dialect: str, encoding: str):
    headers = [("Content-Type", FORM), ("Content-Encoding", encoding)]
    with server.nothing_happens():
        answer = server.ask("POST", token_path(dialect), headers=headers, body=urlencode(whole_login(server)).encode())
    assert answer.status in (400, 415)
    if dialect == "standard":
        assert answer.status == 415


BAD_JSON = (
    b'{"grant_type":"\\ud800"}', b'{"grant_type":"\\udc00"}', b'{"username":"\\udc00\\ud800"}', b'{"a":1,"a":2}',
    b"[" * 30_000, b'{"a":' * 5_000, b'{"a":' + b"9" * 30_000 + b"}", b'{"a":-1e99999}', b"{", b"", b"null", b'"x"',
    b"\xff\xfe{}", b'{"a":"\xff"}', b'\xef\xbb\xbf{"grant_type":"password"}', b'{"grant_type":NaN}',
)  # fmt: skip


@pytest.mark.parametrize("dialect", JSON_DIALECTS)
@pytest.mark.parametrize("body", BAD_JSON, ids=range(len(BAD_JSON)))
def test_t16_hostile_json_is_a_refusal_and_never_a_fault(server: Server, dialect: str, body: bytes):
    with server.nothing_happens():
        answer = server.ask("POST", token_path(dialect), headers=[("Content-Type", "application/json")], body=body)
    assert 400 <= answer.status < 500


def test_t16_json_of_whatever_depth_is_a_refusal_and_never_a_fault(server: Server):
    """Just below what cannot be read there is what can be read and not be written again."""
    parts = {"method": "POST", "headers": [("Content-Type", "application/json")]}
    for depth in range(800, 1100):
        body = b'{"username":' + b"[" * depth + b"]" * depth + b"}"
        assert server.ask(path=token_path("jmondi"), body=body, **parts).status == 400
