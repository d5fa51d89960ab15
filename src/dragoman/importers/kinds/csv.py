"""CSV (RFC 4180) with a line of headings, and a mapping file that says what they mean."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from dragoman.importers.mapping import read_mapping, record_of
from dragoman.importers.record import SourceFault, UnreadableRow
from dragoman.importers.sources.lines import open_lines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from dragoman.importers.kind import Source
    from dragoman.importers.mapping import MappingFile
    from dragoman.importers.record import Record

SUMMARY = "a CSV file with headings, and --mapping"


async def read(source: Source) -> AsyncIterator[Record]:
    """One client or one resource owner a row. Raises SourceFault."""
    words = read_mapping(source.mapping)
    with open_lines(source.location) as lines:
        reader = csv.reader(lines, delimiter=words.delimiter, strict=True)
        try:
            headings = _headings(words, next(reader, []))
        except csv.Error:
            raise SourceFault("the first line of the source is no line of CSV headings") from None
        while True:
            place = f"line {reader.line_num + 1}"
            try:
                row = next(reader, None)
            except csv.Error:
                yield UnreadableRow(place=place, kind=words.kind, id="", why="not CSV: a quote, or a cell too long")
                continue
            if row is None:
                return
            if row:
                yield _record(words, headings, row, place)


def _record(words: MappingFile, headings: Sequence[str], row: Sequence[str], place: str) -> Record:
    if len(row) != len(headings):
        why = f"{len(row)} cells, where the headings are {len(headings)}"
        return UnreadableRow(place=place, kind=words.kind, id="", why=why)
    return record_of(words, dict(zip(headings, row, strict=True)), place)


def _headings(words: MappingFile, headings: Sequence[str]) -> Sequence[str]:
    for name in words.columns.values():
        if headings.count(name) != 1:
            raise SourceFault(f"the source has {headings.count(name)} columns {name!r}, and the mapping file wants one")
    return headings
