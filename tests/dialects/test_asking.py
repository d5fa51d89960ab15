"""A request that we write is read, by any dialect, as what was meant."""

from __future__ import annotations

import msgspec
import pytest

from dragoman.core.scope import Scope
from dragoman.core.secret import Secret
from dragoman.dialects.asking import write_token_request
from dragoman.dialects.codec import decode
from dragoman.dialects.dialect import compile_dialect
from dragoman.dialects.files import list_dialects, load_dialect
from dragoman.dialects.wire import WireRequest

FILES = list_dialects(())
SENT = {"username": Secret("ann+x@example.org"), "password": Secret('a %&+£€="\\;c')}
SECRET = Secret("a secret:with+%")


def read(dialect, asked):
    lines = asked.headers
    wire = WireRequest(
        method=asked.method, path="/", query=asked.query, headers=dict(lines[::-1]), header_lines=lines, body=asked.body
    )
    return decode(dialect, wire)


def revealed(parameters):
    return {name: value.reveal() for name, value in parameters.items()}


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_dialect_reads_what_was_written_in_it(name):
    dialect = load_dialect(name, FILES)
    asked = write_token_request(dialect.words, ("till", SECRET), "password", SENT, Scope.of(["read"]))
    request = read(dialect, asked)
    assert request.grant_type == "password"
    assert revealed(request.parameters) == revealed(SENT)
    assert (request.client.id, request.client.refusal) == ("till", None)
    assert request.client.secret == SECRET
    assert request.scope in (Scope.of(["read"]), None)
    assert asked.query == b""


@pytest.mark.parametrize("methods", [("parameters",), ("basic",)])
def test_a_public_client_is_named_without_a_secret(methods):
    words = load_dialect("standard", FILES).words
    authentication = msgspec.structs.replace(words.client_authentication, methods=methods)
    dialect = compile_dialect(msgspec.structs.replace(words, client_authentication=authentication))
    request = read(dialect, write_token_request(dialect.words, ("till", None), "password", SENT))
    assert request.client.id == "till"
    assert not request.client.secret or request.client.secret == Secret("")


def test_a_dialect_that_reads_json_alone_is_asked_in_json():
    words = load_dialect("jmondi", FILES).words
    dialect = compile_dialect(
        msgspec.structs.replace(words, request=msgspec.structs.replace(words.request, media_types=("json",)))
    )
    request = read(dialect, write_token_request(dialect.words, ("till", SECRET), "password", SENT))
    assert revealed(request.parameters) == revealed(SENT)


@pytest.mark.parametrize("change", [{"parameters": ("query",)}, {}])
def test_a_dialect_that_reads_no_bodies_is_asked_in_the_query(change):
    words = load_dialect("axosoft", FILES).words
    request_words = msgspec.structs.replace(words.request, **(change or {"parameters": ("query", "body")}))
    token = msgspec.structs.replace(words.token, methods=("GET",))
    dialect = compile_dialect(msgspec.structs.replace(words, request=request_words, token=token))
    asked = write_token_request(dialect.words, ("till", SECRET), "password", SENT)
    assert (asked.method, asked.body) == ("GET", b"")
    assert revealed(read(dialect, asked).parameters) == revealed(SENT)
