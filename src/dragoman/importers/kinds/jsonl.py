"""JSON lines: one object on each, and a mapping file that says what its members mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dragoman.importers.mapping import read_mapping, record_of
from dragoman.importers.record import UnreadableRow
from dragoman.importers.sources.lines import open_lines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dragoman.importers.kind import Source
    from dragoman.importers.record import Record

SUMMARY = "a file of JSON objects, one a line, and --mapping"


async def read(source: Source) -> AsyncIterator[Record]:
    """One client or one resource owner a line. Raises SourceFault."""
    words = read_mapping(source.mapping)
    with open_lines(source.location) as lines:
        for number, line in enumerate(lines, start=1):
            place = f"line {number}"
            if not line.strip():
                continue
            try:
                row = msgspec.json.decode(line, type=dict[str, Any])
            except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
                yield UnreadableRow(place=place, kind=words.kind, id="", why="not a JSON object in UTF-8")
                continue
            yield record_of(words, row, place)
