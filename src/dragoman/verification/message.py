"""Requests and responses as contracts write them."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from urllib.parse import quote_plus

from dragoman.verification.http_exchange import HttpRequest
from dragoman.verification.placeholder import Known, Pieces, Text, fill, parse_text

HeaderTexts = tuple[tuple[str, Pieces], ...]

_DATA_OPTIONS = frozenset({"-d", "--data", "--data-ascii", "--data-binary", "--data-raw"})
_FORM_OPTIONS = frozenset({"-F", "--form"})


class MessageError(ValueError):
    """A request or response that is not written as docs/contracts.md says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestText:
    """A request with placeholders."""

    method: str
    path: Pieces
    query: Pieces
    """With its question mark."""
    version: str
    headers: HeaderTexts
    body: Pieces

    def texts(self) -> tuple[Pieces, ...]:
        """Every text that may hold placeholders."""
        return (self.path, self.query, *(value for _, value in self.headers), self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class CurlText:
    """A command line of curl with placeholders, without its first word."""

    arguments: tuple[Pieces, ...]

    def texts(self) -> tuple[Pieces, ...]:
        """Every text that may hold placeholders."""
        return self.arguments


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseText:
    """What must be answered."""

    status: int
    headers: HeaderTexts
    body: Pieces | None
    """None: the body is not looked at."""

    def texts(self) -> tuple[Pieces, ...]:
        """Every text that may hold placeholders, in the order in which they are compared."""
        return (*(value for _, value in self.headers), *(() if self.body is None else (self.body,)))


def parse_request(text: str) -> RequestText:
    """A request from its text. Raises MessageError, PlaceholderError."""
    head, body = _split(text)
    line, *lines = head.split("\n")
    words = line.split(" ")
    if len(words) not in (2, 3) or not words[0].isupper() or (len(words) == 3 and not words[2].startswith("HTTP/")):  # noqa: PLR2004
        raise MessageError(f"`request` begins with {line!r}; write a method, a space and a path")
    path, question_mark, query = words[1].partition("?")
    return RequestText(
        method=words[0],
        path=parse_text(path),
        query=parse_text(question_mark + query),
        version="HTTP/1.1" if len(words) == 2 else words[2],  # noqa: PLR2004
        headers=_parse_headers(lines, "request"),
        body=parse_text(body or ""),
    )


def parse_curl(text: str) -> CurlText:
    """A command line of curl from its text, in which a backslash continues a line. Raises MessageError."""
    try:
        words = shlex.split(text.replace("\\\n", " "))
    except ValueError as error:
        raise MessageError(f"`curl` is no command line: {error}") from error
    if words[:1] != ["curl"]:
        raise MessageError("`curl` does not begin with the word curl")
    return CurlText(arguments=tuple(parse_text(word) for word in words[1:]))


def parse_response(text: str) -> ResponseText:
    """A response from its text. Raises MessageError, PlaceholderError."""
    head, body = _split(text)
    status, *lines = head.split("\n")
    if len(status) != 3 or not status.isdigit():  # noqa: PLR2004 - RFC 9110 §15
        raise MessageError(f"`response` begins with {status!r}; write the status, three digits")
    return ResponseText(
        status=int(status),
        headers=_parse_headers(lines, "response"),
        body=None if body is None else parse_text(body),
    )


def fill_request(request: RequestText, known: Known) -> HttpRequest:
    """The request with its values: form-encoded in query and form. Raises LookupError for a value not known.

    A body is a form unless a Content-Type says that it is something else.
    """
    headers = tuple((name, fill(value, known)) for name, value in request.headers)
    media_types = [value.lower() for name, value in headers if name.lower() == "content-type"]
    is_form = all("x-www-form-urlencoded" in value for value in media_types)
    body = fill(request.body, known, quote_plus if is_form else str)
    return HttpRequest(
        method=request.method,
        target=fill(request.path, known) + fill(request.query, known, quote_plus),
        version=request.version,
        headers=headers,
        body=body.encode("utf-8", "surrogateescape"),
    )


def fill_curl(curl: CurlText, known: Known) -> tuple[str, ...]:
    """The arguments with their values: form-encoded in queries and in data that is a form. Raises LookupError.

    A field of a multipart form that holds a value goes to curl as `--form-string`: no value can name a file to send.
    """
    sources = tuple("".join(piece.source for piece in pieces) for pieces in curl.arguments)
    is_json = any("json" in source for source in map(str.lower, sources) if source.startswith("content-type:"))
    filled: list[str] = []
    option = ""
    for pieces, source in zip(curl.arguments, sources, strict=True):
        if option in _FORM_OPTIONS and "«" in source and source.partition("=")[2][:1] not in ("@", "<"):
            filled[-1] = "--form-string"
        if option in _DATA_OPTIONS:
            filled.append(fill(pieces, known, str if is_json else quote_plus))
        else:
            filled.append(_fill_url(pieces, known))
        option = source
    return tuple(filled)


def _fill_url(pieces: Pieces, known: Known) -> str:
    """An argument in which values are form-encoded after a question mark, when it is a URL."""
    source = "".join(piece.source for piece in pieces)
    if not source.startswith(("«base_url»", "http://", "https://")):
        return fill(pieces, known)
    filled, in_query = "", False
    for piece in pieces:
        filled += fill((piece,), known, quote_plus if in_query else str)
        in_query = in_query or "?" in piece.source
    return filled


def _split(text: str) -> tuple[str, str | None]:
    """Head and body; the last line break belongs to the file. Without an empty line there is no body."""
    head, empty_line, body = text.partition("\n\n")
    if not empty_line:
        return text.removesuffix("\n"), None
    return head, body.removesuffix("\n")


def _parse_headers(lines: list[str], where: str) -> HeaderTexts:
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or not name.isascii() or " " in name:
            raise MessageError(f"`{where}` has the line {line!r} among its headers; write name, colon, value")
        headers.append((name, parse_text(value.strip(" "))))
    return tuple(headers)


def without_placeholders(pieces: Pieces) -> str:
    """The literal text, with a character between its pieces that no text has."""
    return "".join(piece.text if isinstance(piece, Text) else "\0" for piece in pieces)
