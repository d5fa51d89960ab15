"""Format files: one for each format of former refresh tokens, named as the setting `format` names it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from dragoman.dialects.data_files import list_files, read_table
from dragoman.former_sessions.carriers.opaque import OpaqueFormat
from dragoman.former_sessions.carriers.sealed import SealedFormat
from dragoman.former_sessions.carriers.signed import SignedFormat
from dragoman.former_sessions.format import FormerFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OWN_FOLDER = Path(__file__).parent / "formats"
Format = SignedFormat | SealedFormat | OpaqueFormat


def list_formats(folders: Iterable[Path] = ()) -> Mapping[str, Path]:
    """Format files by name: our own, then those of the operator's folders, where a name may not come twice."""
    return list_files(OWN_FOLDER, folders, "format", "the file", FormerFault)


def load_format(name: str, files: Mapping[str, Path]) -> Format:
    """The format of this name. Raises FormerFault."""
    path = files.get(name)
    if path is None:
        raise FormerFault(f"former: there is no format {name!r}; there are: {', '.join(sorted(files))}")
    try:
        found: Format = msgspec.convert(read_table(path, FormerFault), Format)
    except msgspec.ValidationError as error:
        raise FormerFault(f"{path}: {error}; docs/session-formats.md lists all words") from None
    return found
