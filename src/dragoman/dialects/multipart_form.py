"""Names and values out of `multipart/form-data` (RFC 7578), text fields only.

What most clients write is read at one go; all else is for a library, which reads that the same (docs/adr/multipart.md).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from multipart import MultipartError, MultipartSegment, PushMultipartParser

from dragoman.dialects.body import MOST_PARAMETERS, Given, Unreadable, collect

Fields = Sequence[tuple[str, str]]
"""Name and value of each part, in order."""

_BOUNDARY = re.compile(r'boundary\s*=\s*(?:"([^"]{1,200})"|([^";,\s]{1,200}))', re.IGNORECASE)
_MOST_BOUNDARIES = 4
"""Parameters that are looked for in a body: hundreds would cost as many passes over it."""
_PLAIN_ENCODINGS = frozenset({"", "7bit", "8bit", "binary"})
_PLAIN_PART = re.compile(
    r'\0\r\nContent-Disposition: form-data; name="(?!_charset_")([-.\w\[\]]{1,64})"\r\n\r\n([^\0]*)', re.ASCII
)
"""From a null character in place of its delimiter to the next."""


def read_multipart(text: bytes, content_type: str) -> Given:
    """The fields, by the boundary that the body uses: of several parameters, the first few. Raises Unreadable."""
    boundary = _boundary_in_use(text, content_type)
    fields = read_plain(text, boundary)
    return collect(read_any(text, boundary) if fields is None else fields)


def _boundary_in_use(text: bytes, content_type: str) -> str:
    for found in islice(_BOUNDARY.finditer(content_type), _MOST_BOUNDARIES):
        boundary = found[1] or found[2]
        delimiter = b"--" + boundary.encode("latin-1")
        if text.startswith(delimiter) or b"\r\n" + delimiter in text:
            return boundary
    raise Unreadable("no boundary parameter occurs in the body")


def read_plain(text: bytes, boundary: str) -> Fields | None:
    """The fields of a body in UTF-8 whose parts have a plain name each and no other header, with nothing around them.

    None where anything is otherwise, be it good or bad: `read_any` judges that.
    """
    try:
        form = "\r\n" + text.decode()
    except UnicodeDecodeError:
        return None
    *pieces, end = form.split(f"\r\n--{boundary}", MOST_PARAMETERS + 1)
    if end != "--\r\n" or "\0" in form or not boundary.isprintable():
        return None
    before, *parts = pieces
    found: Fields = _PLAIN_PART.findall("\0".join(pieces))
    return found if len(found) == len(parts) and not before else None


def read_any(text: bytes, boundary: str) -> Fields:
    """The fields of any body, by the library. Raises Unreadable."""
    parser = PushMultipartParser(
        boundary, max_header_size=1024, max_header_count=4, max_segment_count=MOST_PARAMETERS, strict=True
    )
    fields: list[tuple[str, str]] = []
    name, value = "", bytearray()
    try:
        with parser:
            for event in parser.parse(text):
                if isinstance(event, MultipartSegment):
                    name, value = _field_name(event), bytearray()
                elif event:
                    value += event
                else:
                    fields.append((name, value.decode()))
    except (MultipartError, ValueError) as error:
        raise Unreadable("not multipart/form-data with text fields") from error
    return fields


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
