"""Format files: one for each format of former refresh tokens, named as the setting `format` names it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from dragoman.former.carriers.opaque import OpaqueFormat
from dragoman.former.carriers.sealed import SealedFormat
from dragoman.former.carriers.signed import SignedFormat
from dragoman.former.format import FormerFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OWN_FOLDER = Path(__file__).parent / "formats"
Format = SignedFormat | SealedFormat | OpaqueFormat


def list_formats(folders: Iterable[Path] = ()) -> Mapping[str, Path]:
    """Format files by name: our own, then those of the operator's folders, where a name may not come twice."""
    found: dict[str, Path] = {}
    for folder in (OWN_FOLDER, *folders):
        if not folder.is_dir():
            raise FormerFault(f"{folder}: there is no such folder of format files; create it or take it out")
        for path in sorted(folder.glob("*.toml")):
            if path.stem in found:
                raise FormerFault(f"{path}: {found[path.stem]} has this name already; rename the file")
            found[path.stem] = path
    return found


def load_format(name: str, files: Mapping[str, Path]) -> Format:
    """The format of this name. Raises FormerFault."""
    path = files.get(name)
    if path is None:
        raise FormerFault(f"former: there is no format {name!r}; there are: {', '.join(sorted(files))}")
    try:
        found: Format = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Format)
    except OSError as error:
        raise FormerFault(f"{path}: cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FormerFault(f"{path}: cannot be read as TOML: {error}") from None
    except RecursionError:
        raise FormerFault(f"{path}: cannot be read as TOML: lists or tables stand in each other too deep") from None
    except msgspec.ValidationError as error:
        raise FormerFault(f"{path}: {error}; docs/session-formats.md lists all words") from None
    return found
