"""Files of data, one for each thing that they describe: ours, and those in folders of the operator's."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from dragoman.core.errors import Fault


def list_files(own: Path, folders: Iterable[Path], kind: str, renamed: str, fault: type[Fault]) -> Mapping[str, Path]:
    """TOML files by name: our own, then those of the operator's folders, where a name may not come twice.

    `kind` is what refusals call them, and `renamed` what gives one another name. Raises `fault`.
    """
    found: dict[str, Path] = {}
    for folder in (own, *folders):
        if not folder.is_dir():
            raise fault(f"{folder}: there is no such folder of {kind} files; create it or take it out")
        for path in sorted(folder.glob("*.toml")):
            if path.stem in found:
                raise fault(f"{path}: {found[path.stem]} has this name already; rename {renamed}")
            found[path.stem] = path
    return found


def read_table(path: Path, fault: type[Fault]) -> dict[str, object]:
    """What the file says. Raises `fault`, with a sentence that names it."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise fault(f"{path}: cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise fault(f"{path}: cannot be read as TOML: {error}") from None
    except RecursionError:
        raise fault(f"{path}: cannot be read as TOML: lists or tables stand in each other too deep") from None
