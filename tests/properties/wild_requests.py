"""Requests as a good client writes them, and parts of them as nobody should: what Hypothesis draws from."""

import json
from base64 import b64encode
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode

from hypothesis import strategies as st

from tests.attacks.harness import FORM
from tests.properties.shapes import endpoints

ENDPOINTS = endpoints()
NAMES = (
    "grant_type", "client_id", "client_secret", "username", "password", "scope", "refresh_token", "token",
    "token_type_hint", "access_token",
)  # fmt: skip
PLACEHOLDERS = (
    "«client»",
    "«secret»",
    "«public»",
    "«username»",
    "«password»",
    "«refresh»",
    "«access»",
    "«jwt»",
    "«owner»",
)
GRANT_TYPES = ("password", "client_credentials", "refresh_token", "implicit", "authorization_code", "Password")


@dataclass(frozen=True, slots=True, repr=False)
class Cast:
    """Good values by placeholder."""

    values: dict[str, str]

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """Hypothesis would print every field."""
        printer.text("Cast(…)")

    def fill(self, text: str) -> str:
        """The text with its placeholders filled."""
        for name, value in self.values.items():
            text = text.replace(name, value)
        return text


wild_text = st.text(st.characters(codec="utf-8"), max_size=30)
placeholder = st.sampled_from(PLACEHOLDERS)
value = st.one_of(
    placeholder,
    placeholder,
    st.sampled_from(GRANT_TYPES),
    st.sampled_from(["", " ", "read", "read write", '"read"', "*"]),
    wild_text,
    st.builds(str.__add__, placeholder, wild_text),
    st.just("x" * 5000),
    st.just("a.b.c"),
)
good_fields = st.sampled_from(
    [
        (("grant_type", "password"), ("username", "«username»"), ("password", "«password»")),
        (("grant_type", "client_credentials"),),
        (("grant_type", "refresh_token"), ("refresh_token", "«refresh»")),
        (("token", "«jwt»"),),
        (("token", "«access»"),),
        (("token", "«refresh»"), ("token_type_hint", "refresh_token")),
        (),
    ]
)
own_fields = st.sampled_from(
    [
        (),
        (("client_id", "«client»"), ("client_secret", "«secret»")),
        (("client_id", "«public»"),),
        (("client_id", "«client»"),),
    ]
)
name = st.one_of(
    st.sampled_from(NAMES), st.sampled_from(NAMES), wild_text,
    st.builds(str.__add__, st.sampled_from(NAMES), st.sampled_from(["[]", "[0]", "\0", " ", "[", "[a][b]"])),
)  # fmt: skip
wild_fields = st.lists(st.tuples(name, value), max_size=4).map(tuple)
fields = st.one_of(
    st.builds(lambda one, two, three: one + two + three, good_fields, own_fields, wild_fields),
    st.builds(tuple.__add__, good_fields, own_fields),
    wild_fields,
)
header_text = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40)
surrogates = st.text(st.characters(categories=["Cs", "Lu", "Cc"]), max_size=5)
json_value = st.recursive(
    st.one_of(
        value, surrogates, st.none(), st.booleans(), st.integers(), st.floats(), st.just(10**400), st.just(1e308)
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(wild_text, inner, max_size=3)),
    max_leaves=4,
)


def multipart(parts: tuple[tuple[str, str], ...]) -> bytes:
    lines = [
        f'--BoUnDaRy\r\nContent-Disposition: form-data; name="{quote_plus(key)}"\r\n\r\n{text}\r\n'
        for key, text in parts
    ]
    return ("".join(lines) + "--BoUnDaRy--\r\n").encode("utf-8", "surrogatepass")


MULTIPART = "multipart/form-data; boundary=BoUnDaRy"
DISPOSITIONS = (
    'Content-Disposition: form-data; name="a"; filename="b"',
    "Content-Disposition: form-data",
    "Content-Type: text/plain",
    'Content-Disposition: form-data; name="password"\r\nContent-Transfer-Encoding: base64',
    'Content-Disposition: form-data; name="_charset_"',
    "X: " + "y" * 2000,
    "\r\n",
)
wild_multipart = st.lists(st.sampled_from(DISPOSITIONS), max_size=4).map(
    lambda parts: ("".join(f"--BoUnDaRy\r\n{part}\r\n\r\nx\r\n" for part in parts) + "--BoUnDaRy--").encode()
)


def with_media_type(media_type: str, body: st.SearchStrategy[bytes]) -> st.SearchStrategy[tuple[str | None, bytes]]:
    return st.tuples(st.just(media_type), body)


bodies = st.one_of(
    with_media_type(FORM, fields.map(lambda pairs: urlencode(pairs).encode())),
    with_media_type(FORM, fields.map(lambda pairs: urlencode(pairs).encode())),
    with_media_type(FORM, st.binary(max_size=200)),
    with_media_type(MULTIPART, fields.map(multipart)),
    with_media_type(MULTIPART, wild_multipart),
    with_media_type("application/json", fields.map(lambda pairs: json.dumps(dict(pairs)).encode())),
    with_media_type(
        "application/json",
        st.dictionaries(name, json_value, max_size=5).map(lambda members: json.dumps(members).encode()),
    ),
    with_media_type("application/json", st.binary(max_size=100)),
    st.tuples(
        st.one_of(
            st.none(), header_text, st.sampled_from([f"{FORM}; charset=utf-16", "text/plain", f"{FORM};", "json"])
        ),
        st.one_of(st.binary(max_size=100), fields.map(lambda pairs: urlencode(pairs).encode())),
    ),
)


def basic(text: str) -> str:
    return "Basic " + b64encode(text.encode("utf-8", "surrogatepass")).decode()


authorization = st.one_of(
    st.none(),
    st.just("«basic»"),
    st.sampled_from(
        ["Bearer «jwt»", "bearer «access»", "Bearer «refresh»", "OAuth «access»", "Bearer", "Bearer  ", "Bearer a.b.c"]
    ),
    wild_text.map(basic),
    header_text,
    header_text.map("Basic {}".format),
    header_text.map("Bearer {}".format),
)
other_headers = st.lists(
    st.one_of(
        st.sampled_from(
            [
                ("Accept", "application/json"), ("Accept", "text/html"), ("Origin", "https://evil.example"),
                ("Sec-Fetch-Mode", "navigate"), ("Sec-Purpose", "prefetch"), ("Content-Encoding", "gzip"),
                ("Content-Encoding", "identity"), ("X-Forwarded-Proto", "http"), ("X-Forwarded-For", "1.2.3.4, x"),
                ("X-Authorization", "OAuth «access»"), ("X-HTTP-Method-Override", "GET"), ("Content-Length", "-1"),
            ]
        ),
        st.tuples(st.sampled_from(["Accept", "User-Agent", "Authorization", "X-Authorization", "Origin"]), header_text),
    ),
    max_size=3,
)  # fmt: skip
segment = st.one_of(
    st.sampled_from(["v6", "«owner»"]),
    st.text(st.characters(codec="utf-8", exclude_characters="/"), min_size=1, max_size=10),
)


@dataclass(frozen=True, slots=True)
class Request:
    """One request, its placeholders not filled."""

    endpoint: tuple[str, str, object]
    method: str
    segment: str
    query: bytes
    authorization: str | None
    content: tuple[str | None, bytes]
    others: list[tuple[str, str]]
    peer: str
    scheme: str


wild_query = st.one_of(fields.map(lambda pairs: urlencode(pairs).encode()), st.binary(max_size=60))


def one_in(number: int) -> st.SearchStrategy[bool]:
    return st.integers(1, number).map(lambda drawn: drawn == number)


TOKEN_ENDPOINTS = [one for one in ENDPOINTS if one[1].endswith("/token")]
SCOPES = (
    "read",
    "read write",
    "admin",
    "nonsense",
    " ",
    '"read"',
    'a"b',
    "a\tb",
    "a\r\nb",
    "\u00e9",
    "+",
    "x" * 5000,
    "*",
    "\0",
)
good_scope = st.sampled_from([(), *((("scope", scope),) for scope in SCOPES)])
WITHOUT_BASIC = ("axosoft",)
WITHOUT_FORM = ("paymentiq", "spring-security-oauth-2.5")


def right_method(path: str) -> str:
    """As the endpoint's document says."""
    return "POST" if path.endswith(("/token", "/introspect", "/oauth2/revoke")) and "{" not in path else "GET"


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """A request as a good client writes it, and about one part of it in four as nobody should."""
    endpoint = draw(
        st.one_of(st.sampled_from(TOKEN_ENDPOINTS), st.sampled_from(TOKEN_ENDPOINTS), st.sampled_from(ENDPOINTS))
    )
    dialect, path, _shape = endpoint
    by_basic = dialect not in WITHOUT_BASIC and (dialect in WITHOUT_FORM or draw(st.booleans()))
    own = () if by_basic else (("client_id", "«client»"), ("client_secret", "«secret»"))
    form = draw(good_fields) + own + draw(good_scope)
    if draw(one_in(4)):
        form += draw(wild_fields)
    methods = st.sampled_from(["POST", "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"])
    header = "«basic»" if by_basic else None if path.endswith("/token") else "Bearer «jwt»"
    return Request(
        endpoint=endpoint,
        method=draw(methods) if draw(one_in(8)) else right_method(path),
        segment=draw(segment),
        query=draw(wild_query) if draw(one_in(6)) else urlencode(form).encode() if right_method(path) == "GET" else b"",
        authorization=draw(authorization) if draw(one_in(5)) else header,
        content=draw(bodies) if draw(one_in(4)) else (FORM, urlencode(form).encode()),
        others=draw(other_headers) if draw(one_in(4)) else [],
        peer=draw(st.sampled_from(["203.0.113.7", "::1", "", "unix"])) if draw(one_in(6)) else "127.0.0.1",
        scheme=draw(st.sampled_from(["http", "https"])),
    )


def fill_bytes(cast: Cast, text: bytes) -> bytes:
    """Placeholders as they are, percent-encoded, or escaped in JSON."""
    for mark, good in cast.values.items():
        text = text.replace(mark.encode(), good.encode()).replace(quote_plus(mark).encode(), quote_plus(good).encode())
        text = text.replace(json.dumps(mark)[1:-1].encode(), good.encode())
    return text


def headers_of(request: Request, cast: Cast) -> list[tuple[str, str]]:
    headers = [(key, cast.fill(text)) for key, text in request.others]
    if request.authorization == "«basic»":
        headers.append(("Authorization", basic(cast.fill("«client»:«secret»"))))
    elif request.authorization is not None:
        headers.append(("Authorization", cast.fill(request.authorization)))
    media_type = request.content[0]
    return headers if media_type is None else [*headers, ("Content-Type", media_type)]
