"""One meaning, every spelling: what a dialect reads is what was meant, wherever and however it stands."""

import json
from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import quote_plus, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.core.model import ClientCredentials
from dragoman.core.secret import Secret
from dragoman.dialects.codec import decode
from dragoman.dialects.dialect import Dialect
from dragoman.dialects.files import list_dialects, load_dialect
from dragoman.dialects.wire import WireRequest
from tests.attacks.harness import DIALECTS, FORM

COMPILED = {name: load_dialect(name, list_dialects(())) for name in DIALECTS}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a client wants to say."""

    grant_type: str
    client_id: str
    client_secret: str
    parameters: dict[str, str] = field(default_factory=dict)
    scope: tuple[str, ...] = ()

    def fields(self, *, with_client: bool) -> dict[str, str]:
        """As parameters."""
        own = {"client_id": self.client_id, "client_secret": self.client_secret} if with_client else {}
        asked = {"scope": " ".join(self.scope)} if self.scope else {}
        return {"grant_type": self.grant_type, **own, **self.parameters, **asked}


def visible(minimum: int = 1) -> st.SearchStrategy[str]:
    """Any text that no dialect trims: clients whose texts begin or end with white space have no portable spelling."""
    text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=minimum, max_size=20)
    return text.filter(lambda one: one == one.strip())


# Colons end an id by Basic, and a secret in one dialect; another reads Basic as Latin-1 (RFC 7617 §2.1 leaves it open).
client_text = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=":"), min_size=1, max_size=20
)
# `+` parts names in one dialect, and double quotes around everything are dropped in another.
scope_name = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='"\\+'), min_size=1, max_size=8
)
scopes = st.lists(scope_name, unique=True, max_size=4).map(tuple)
meanings = st.one_of(
    st.builds(
        Meaning, st.just("password"), client_text, client_text,
        st.fixed_dictionaries({"username": visible(), "password": visible()}), scopes,
    ),
    st.builds(
        Meaning, st.just("refresh_token"), client_text, client_text,
        st.fixed_dictionaries({"refresh_token": visible()}), scopes,
    ),
    st.builds(Meaning, st.just("client_credentials"), client_text, client_text, st.just({}), scopes),
)  # fmt: skip


def as_form(fields: dict[str, str]) -> tuple[str, bytes]:
    return FORM, urlencode(fields).encode()


def as_form_with_percents(fields: dict[str, str]) -> tuple[str, bytes]:
    pairs = ("=".join("".join(f"%{byte:02x}" for byte in text.encode()) for text in pair) for pair in fields.items())
    return f"{FORM}; charset=UTF-8", "&".join(pairs).encode()


def as_json(fields: dict[str, str]) -> tuple[str, bytes]:
    return "application/json", json.dumps(fields).encode()


def as_raw_json(fields: dict[str, str]) -> tuple[str, bytes]:
    return "application/json; charset=utf-8", json.dumps(fields, ensure_ascii=False, indent=1).encode()


def as_multipart(fields: dict[str, str]) -> tuple[str, bytes]:
    parts = (
        f'--x-boundary-x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    return "multipart/form-data; boundary=x-boundary-x", ("".join(parts) + "--x-boundary-x--\r\n").encode()


def as_doubled_multipart(fields: dict[str, str]) -> tuple[str, bytes]:
    media_type, body = as_multipart(fields)
    return f"multipart/form-data; boundary=another; {media_type.partition('; ')[2]}", body


WRITERS = {
    "form": (as_form, as_form_with_percents),
    "json": (as_json, as_raw_json),
    "multipart": (as_multipart, as_doubled_multipart),
}


def basic(meaning: Meaning, dialect: Dialect) -> dict[bytes, bytes]:
    spell = quote_plus if dialect.words.client_authentication.basic.percent_decoding else str
    text = f"{spell(meaning.client_id)}:{spell(meaning.client_secret)}"
    return {b"authorization": b"Basic " + b64encode(text.encode())}


def spellings(meaning: Meaning, dialect: Dialect) -> list[WireRequest]:
    """The same request in every way that this dialect's words allow."""
    words, wires = dialect.words, []
    for method in words.client_authentication.methods:
        headers = basic(meaning, dialect) if method == "basic" else {}
        fields = meaning.fields(with_client=method == "parameters")
        for verb in words.token.methods:
            if "query" in words.request.parameters:
                wires.append(WireRequest(method=verb, path="/", query=urlencode(fields).encode(), headers=headers))
            if "body" in words.request.parameters:
                for kind in words.request.media_types:
                    for write in WRITERS[kind]:
                        media_type, body = write(fields)
                        typed = {**headers, b"content-type": media_type.encode()}
                        wires.append(WireRequest(method=verb, path="/", headers=typed, body=body))
    return wires


@pytest.mark.parametrize("name", DIALECTS)
@settings(max_examples=150)
@given(meaning=meanings)
def test_every_spelling_that_a_dialect_reads_decodes_to_the_same_request(name: str, meaning: Meaning):
    dialect = COMPILED[name]
    for wire in spellings(meaning, dialect):
        request = decode(dialect, wire)
        assert request.grant_type == meaning.grant_type
        assert request.client == ClientCredentials(id=meaning.client_id, secret=Secret(meaning.client_secret))
        assert dict(request.parameters) == {name: Secret(value) for name, value in meaning.parameters.items()}
        asked = () if request.scope is None else tuple(request.scope)
        judged = dialect.words.scope.requested == "judge"
        assert set(asked) == (set(meaning.scope) if judged else set())


@pytest.mark.parametrize("name", DIALECTS)
def test_there_is_more_than_one_spelling_of_everything(name: str):
    assert len(spellings(Meaning("password", "a", "b"), COMPILED[name])) > 1


@given(password=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40))
def test_a_password_keeps_its_white_space_in_every_spelling_of_the_standard_dialects(password: str):
    meaning = Meaning("password", "client", "secret", {"username": "someone", "password": password})
    for name in DIALECTS:
        if COMPILED[name].words.request.trimmed and "password" not in COMPILED[name].words.request.untrimmed:
            continue  # Laravel trims passwords as well, since version 12 of Passport
        for wire in spellings(meaning, COMPILED[name]):
            assert decode(COMPILED[name], wire).parameters["password"].reveal() == password
