"""Every way in which a dialect lets a token request be written, read off the dialect's own words."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from dragoman.dialects.files import list_dialects, load_dialect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dragoman.dialects.dialect import Dialect
    from dragoman.dialects.schema import DialectFile

Headers = tuple[tuple[str, str], ...]
_FILES = list_dialects(())
SHIPPED: Mapping[str, Dialect] = {name: load_dialect(name, _FILES) for name in sorted(_FILES)}
"""All dialects that ship, by name."""
WORDS: Mapping[str, DialectFile] = {name: dialect.words for name, dialect in SHIPPED.items()}
"""Their words."""
FORM = "application/x-www-form-urlencoded"
BOUNDARY = "0b9d41"


@dataclass(frozen=True, slots=True, order=True)
class Spelling:
    """One of them."""

    method: str
    place: str
    """`query`, or the media type of a body: `form`, `json`, `multipart`."""
    client: str
    """Where id and secret stand: `basic` or `parameters`."""

    def __str__(self) -> str:
        return f"{self.method}-{self.place}-{self.client}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A request but for its path."""

    method: str
    query: bytes = b""
    headers: Headers = ()
    body: bytes = b""


def spellings_of(words: DialectFile) -> tuple[Spelling, ...]:
    """All of them; a body goes with POST only."""
    return tuple(
        Spelling(method, place, client)
        for method in words.token.methods
        for place in _places(words, method)
        for client in words.client_authentication.methods
    )


def _places(words: DialectFile, method: str) -> Sequence[str]:
    query = ["query"] if "query" in words.request.parameters else []
    body = words.request.media_types if "body" in words.request.parameters and method == "POST" else ()
    return [*query, *body]


def write(spelling: Spelling, fields: Mapping[str, str], client_id: str, secret: str) -> Written:
    """The request with these fields and credentials."""
    given = dict(fields)
    headers: Headers = ()
    if spelling.client == "basic":
        headers = (("Authorization", "Basic " + b64encode(f"{client_id}:{secret}".encode()).decode()),)
    else:
        given |= {"client_id": client_id, "client_secret": secret}
    if spelling.place == "query":
        return Written(method=spelling.method, query=urlencode(given).encode(), headers=headers)
    media_type, body = body_of(spelling.place, given)
    return Written(method=spelling.method, headers=(*headers, ("Content-Type", media_type)), body=body)


def body_of(kind: str, fields: Mapping[str, str]) -> tuple[str, bytes]:
    """Its media type and bytes."""
    match kind:
        case "form":
            return FORM, urlencode(fields).encode()
        case "json":
            return "application/json", json.dumps(dict(fields)).encode()
        case _:
            parts = (
                f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                for name, value in fields.items()
            )
            return f"multipart/form-data; boundary={BOUNDARY}", ("".join(parts) + f"--{BOUNDARY}--\r\n").encode()


def token_path(words: DialectFile) -> str:
    """Its first, with any version filled in."""
    return fill(words.token.paths[0])


def fill(path: str) -> str:
    """The path with something in place of what any segment may be."""
    return path.replace("{version}", "v6").replace("{user_id}", "me")
