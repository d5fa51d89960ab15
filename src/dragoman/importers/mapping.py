"""The mapping file: which column of a text file means what. Every field's docstring is its documentation."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from dragoman.core.model import ENDLESS
from dragoman.core.secret import Secret
from dragoman.elsewhere import cells
from dragoman.elsewhere.cells import CellFault
from dragoman.importers.record import (
    CLIENT,
    RESOURCE_OWNER,
    ImportedClient,
    ImportedOwner,
    Record,
    SourceFault,
    UnreadableRow,
    is_hashed,
)
from dragoman.importers.sources.files import opened_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

Constant = str | bool | int | tuple[str, ...]

_LONGEST_FILE = 1 << 20


def _lifetime_of(cell: object) -> int | str | None:
    """Seconds, or the word for no end."""
    return ENDLESS if cell == ENDLESS else cells.number_of(cell)


_SHARED: Mapping[str, Callable[[object], object]] = {
    "id": cells.key_of,
    "enabled": cells.flag_of,
    "created_at": cells.moment_of,
}
_FIELDS: Mapping[str, Mapping[str, Callable[[object], object]]] = {
    "client": {
        **_SHARED,
        "name": cells.text_of,
        "secret": cells.text_of,
        "public": cells.flag_of,
        "access_token_lifetime": cells.number_of,
        "refresh_token_lifetime": _lifetime_of,
        "refresh_token_idle_lifetime": _lifetime_of,
        "refresh": cells.text_of,
    },
    "resource_owner": {
        **_SHARED,
        "username": cells.key_of,
        "email": cells.text_of,
        "first_name": cells.text_of,
        "last_name": cells.text_of,
        "password_hash": cells.text_of,
        "belongs_to": cells.text_of,
        "locked": cells.flag_of,
        "expired": cells.flag_of,
        "password_expired": cells.flag_of,
    },
}
_LISTS = {
    "client": frozenset({"grant_types", "scope", "audience", "authorities"}),
    "resource_owner": frozenset({"authorities"}),
}
_NEEDED = {"client": ("id",), "resource_owner": ("id", "username")}


class MappingFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The words of a mapping file."""

    rows: Literal["client", "resource_owner"]
    """What each row is: `client` or `resource_owner`."""
    columns: dict[str, str]
    """Field = the name of the column (or of the member) that holds it."""
    constants: dict[str, Constant] = {}
    """Field = what holds for every row; where a column gives the field too, for the rows in which it is empty."""
    values: dict[str, dict[str, Constant]] = {}
    """By field: what stands in the cell = what it means. A row with a cell that is not listed is refused."""
    list_separator: str | None = None
    """What stands between the names in a list; without, white space. JSON arrays are read as they are."""
    delimiter: str = ","
    """What stands between the cells of a CSV file; of no meaning for JSON lines."""

    @property
    def kind(self) -> str:
        """What reports call the rows."""
        return CLIENT if self.rows == "client" else RESOURCE_OWNER


def fields_of(rows: str) -> tuple[str, ...]:
    """The fields that a row of this kind may have."""
    return tuple(sorted({*_FIELDS[rows], *_LISTS[rows]}))


def read_mapping(path: Path | None) -> MappingFile:
    """The mapping file. Raises SourceFault with what to mend."""
    if path is None:
        raise SourceFault("this kind of source needs --mapping FILE, which says what its columns mean")
    with opened_file(path) as file:
        content = file.read(_LONGEST_FILE + 1)
    if len(content) > _LONGEST_FILE:
        raise SourceFault(f"{path}: too long for a mapping file; did you mean to name it as the source?")
    try:
        words = msgspec.convert(tomllib.loads(content.decode()), MappingFile)
    except UnicodeDecodeError:
        raise SourceFault(f"{path}: not UTF-8; a mapping file is TOML") from None
    except (tomllib.TOMLDecodeError, RecursionError):
        raise SourceFault(f"{path}: not TOML; docs/importing.md shows a mapping file") from None
    except msgspec.ValidationError as error:
        raise SourceFault(f"{path}: {error}; docs/importing.md lists all words") from None
    _check(words, path)
    return words


def _check(words: MappingFile, path: Path) -> None:
    known = fields_of(words.rows)
    for name in (*words.columns, *words.constants, *words.values):
        if name not in known:
            raise SourceFault(f"{path}: a {words.rows} has no field {name!r}; it has: {', '.join(known)}")
    for name in _NEEDED[words.rows]:
        if name not in words.columns:
            raise SourceFault(f"{path}: say under [columns] which column is the {name}")
    if "secret" in words.constants or "password_hash" in words.constants:
        raise SourceFault(f"{path}: one secret for all rows is none; take it out of [constants]")
    if len(words.delimiter) != 1 or words.delimiter in '\r\n"' or words.list_separator == "":
        raise SourceFault(f"{path}: delimiter is one character, and list_separator at least one")


def record_of(words: MappingFile, row: Mapping[str, object], place: str) -> Record:
    """What a row says; an UnreadableRow where it cannot be understood."""
    said: dict[str, Any] = {}
    name = ""
    try:
        for name in fields_of(words.rows):
            found = _value(words, row, name)
            if found is not None:
                said[name] = found
    except CellFault as fault:
        return UnreadableRow(place=place, kind=words.kind, id=str(said.get("id", "")), why=f"{name}: {fault}")
    if words.rows == "resource_owner":
        return ImportedOwner(place=place, **said)
    secret = said.pop("secret", "")
    hashed = is_hashed(secret)
    return ImportedClient(
        place=place,
        plain_secrets=(Secret(secret),) if secret and not hashed else (),
        hashed_secrets=(secret,) if hashed else (),
        **said,
    )


def _value(words: MappingFile, row: Mapping[str, object], name: str) -> object:
    cell = row.get(words.columns[name]) if name in words.columns else None
    if cell in (None, "") and name in words.constants:
        return _read(words, name, words.constants[name])
    if cell is not None and name in words.values:
        meanings = words.values[name]
        spelled = str(cell)
        if spelled not in meanings:
            raise CellFault("what stands there is not under [values] of the mapping file")
        return _read(words, name, meanings[spelled])
    if name in _NEEDED[words.rows] and not cell and cell != 0:
        raise CellFault("nothing stands there")
    return None if cell is None else _read(words, name, cell)


def _read(words: MappingFile, name: str, cell: object) -> object:
    if name in _LISTS[words.rows]:
        return cells.list_of(cell, words.list_separator)
    return _FIELDS[words.rows][name](cell)
