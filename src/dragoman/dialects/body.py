"""Names and values out of a query or a body: form, multipart and JSON, each bounded and strict about its own syntax."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple
from urllib.parse import unquote_plus

import msgspec
from multipart import MultipartError, MultipartSegment, PushMultipartParser

MOST_PARAMETERS = 64
_BOUNDARY = re.compile(r'boundary\s*=\s*(?:"([^"]{1,200})"|([^";,\s]{1,200}))', re.IGNORECASE)
_MOST_BOUNDARIES = 4
"""Parameters that are looked for in a body: hundreds would cost as many passes over it."""
_PLAIN_ENCODINGS = frozenset({"", "7bit", "8bit", "binary"})


class Unreadable(ValueError):
    """The text does not follow its own format."""


class Several(NamedTuple):
    """What was given for one name in one place, where it is not one text. `listed`: it was written as a list."""

    values: tuple[str, ...]
    listed: bool = False


Given = Sequence[tuple[str, str | Several]]
"""What one place holds: names, in order of first appearance, each with its value."""


def read_form(text: bytes, *, charset: str = "utf-8", drop_line_breaks: bool = False) -> Given:
    """`application/x-www-form-urlencoded`. Raises Unreadable."""
    try:
        form = text.decode(charset)
        fields = form.split("&", MOST_PARAMETERS)
        if len(fields) > MOST_PARAMETERS:
            raise Unreadable("too many parameters")
        if drop_line_breaks:
            fields = [field.rstrip("\r\n") for field in fields]
        pairs = [field.partition("=")[::2] for field in fields if field]
        if "%" in form or "+" in form:
            pairs = [(_unquoted(name, charset), _unquoted(value, charset)) for name, value in pairs]
    except UnicodeDecodeError as error:
        raise Unreadable(f"not a form in {charset}") from error
    return _collect(pairs)


def _unquoted(text: str, charset: str) -> str:
    return unquote_plus(text, encoding=charset, errors="strict")


def read_json(text: bytes) -> Given:
    """A JSON object: scalars as text, lists as lists; null counts as absent. Raises Unreadable."""
    try:
        members = msgspec.json.decode(text, type=dict[str, object])
        given = [(name, _json_given(value)) for name, value in members.items() if value is not None]
    except (ValueError, RecursionError) as error:  # what could just be read may be too deep to be written again
        raise Unreadable("not a JSON object") from error
    if len(members) > MOST_PARAMETERS:
        raise Unreadable("too many members")
    return given


def _json_given(value: object) -> str | Several:
    if isinstance(value, list):
        return Several(tuple(_json_text(one) for one in value), listed=True)
    if isinstance(value, dict):
        return Several((), listed=True)
    return _json_text(value)


def _json_text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def read_multipart(text: bytes, content_type: str) -> Given:
    """`multipart/form-data` (RFC 7578), text fields only.

    Where a client wrote several boundary parameters, the one that the body uses counts, of the first few. Raises
    Unreadable.
    """
    boundary = _boundary_in_use(text, content_type)
    parser = PushMultipartParser(
        boundary, max_header_size=1024, max_header_count=4, max_segment_count=MOST_PARAMETERS, strict=True
    )
    pairs: list[tuple[str, str]] = []
    name, value = "", bytearray()
    try:
        with parser:
            for event in parser.parse(text):
                if isinstance(event, MultipartSegment):
                    name, value = _field_name(event), bytearray()
                elif event:
                    value += event
                else:
                    pairs.append((name, value.decode()))
    except (MultipartError, ValueError) as error:
        raise Unreadable("not multipart/form-data with text fields") from error
    return _collect(pairs)


def _boundary_in_use(text: bytes, content_type: str) -> str:
    for found in islice(_BOUNDARY.finditer(content_type), _MOST_BOUNDARIES):
        boundary = found[1] or found[2]
        delimiter = b"--" + boundary.encode("latin-1")
        if text.startswith(delimiter) or b"\r\n" + delimiter in text:
            return boundary
    raise Unreadable("no boundary parameter occurs in the body")


def _field_name(segment: MultipartSegment) -> str:
    """What a text field is called. A file is known by its file name.

    Its media type says nothing: widespread clients write that of the whole form there, or JSON.
    """
    if segment.filename is not None or (len(segment.headerlist) > 1 and not _is_text(segment)):
        raise Unreadable("a part that is not a text field")
    if segment.name == "_charset_":
        raise Unreadable("another charset than UTF-8")
    return str(segment.name)


def _is_text(segment: MultipartSegment) -> bool:
    media_type = segment.header("Content-Type", "").lower()
    encoding = segment.header("Content-Transfer-Encoding", "").strip().lower()
    return encoding in _PLAIN_ENCODINGS and not (media_type.startswith("multipart/") and "boundary" in media_type)


def _collect(pairs: Sequence[tuple[str, str]]) -> Given:
    """Values by name, in order of first appearance; `name[…]` is the list `name`."""
    names = dict(pairs)
    if len(names) == len(pairs) and "[" not in "".join(names):
        return pairs
    collected: dict[str, list[str]] = {}
    for name, value in pairs:
        collected.setdefault(name.partition("[")[0] + "[" if "[" in name else name, []).append(value)
    return [(name.removesuffix("["), _given(values, listed=name.endswith("["))) for name, values in collected.items()]


def _given(values: list[str], *, listed: bool) -> str | Several:
    return values[0] if len(values) == 1 and not listed else Several(tuple(values), listed)
