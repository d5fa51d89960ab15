"""Dialect files: found, merged with what they extend, checked, compiled."""

from __future__ import annotations

from functools import lru_cache, reduce
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from dragoman.core.errors import Fault
from dragoman.core.template import TemplateError
from dragoman.dialects.data_files import list_files, read_table
from dragoman.dialects.dialect import Dialect, compile_dialect
from dragoman.dialects.schema import DialectFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OWN_FOLDER = Path(__file__).parent
REPLACED_WHOLE = frozenset(
    {
        "body",
        "refresh_body",
        "inactive_body",
        "headers",
        "response_headers",
        "header",
        "claims",
        "extra",
        "required_scope",
    }
)
"""Tables whose order or completeness matters: a file that has one means just what it wrote."""


class DialectFault(Fault):
    """A dialect file cannot be used; the message says which, why, and what to do."""


def list_dialects(folders: Iterable[Path]) -> Mapping[str, Path]:
    """Dialect files by name: our own, then those of the operator's folders, where a name may not come twice."""
    return list_files(OWN_FOLDER, folders, "dialect", "the file and its `name`", DialectFault)


def load_dialect(name: str, files: Mapping[str, Path], *, asked_by: str = "") -> Dialect:
    """The compiled dialect. Raises DialectFault, which begins with `asked_by` where there is no such file."""
    path = files.get(name)
    if path is None:
        raise DialectFault(f"{asked_by}there is no dialect {name!r}; there are: {', '.join(sorted(files))}")
    return _load_versions(tuple((one, _modified(one)) for one in _chain(path, files)))


@lru_cache(maxsize=64)
def _load_versions(chain: tuple[tuple[Path, int], ...]) -> Dialect:
    """The same of these files as they were when they were last modified: a server asks at every turn of its start."""
    path = chain[0][0]
    merged = reduce(_merge, [_read_version(*one) for one in reversed(chain)])
    try:
        words = msgspec.convert(merged, DialectFile)
        return compile_dialect(words)
    except (msgspec.ValidationError, TemplateError, ValueError) as error:
        raise DialectFault(f"{path}: {error}; `dragoman dialect show {path.stem}` shows the words it extends") from None


def _chain(path: Path, files: Mapping[str, Path]) -> list[Path]:
    """The file, what it extends, and so on."""
    chain = [path]
    while (parent := _read(chain[-1]).get("extends")) is not None:
        if parent not in files:
            raise DialectFault(f"{chain[-1]}: extends {parent!r}, which is not among: {', '.join(sorted(files))}")
        if files[str(parent)] in chain:
            raise DialectFault(f"{chain[-1]}: extends {parent!r}, which extends it in turn")
        chain.append(files[str(parent)])
    return chain


def _read(path: Path) -> Mapping[str, object]:
    return _read_version(path, _modified(path))


def _modified(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError as error:
        raise DialectFault(f"{path}: cannot be read: {error.strerror}") from None


@lru_cache(maxsize=64)
def _read_version(path: Path, _modified: int) -> Mapping[str, object]:
    """A file's own words, as it was when it was last modified; files are read by all that extend them."""
    table = read_table(path, DialectFault)
    if table.get("name") != path.stem:
        raise DialectFault(f"{path}: its `name` must be {path.stem!r}, as the file is called")
    try:
        msgspec.convert({"title": "", **table}, DialectFile)
    except msgspec.ValidationError as error:
        raise DialectFault(f"{path}: {error}") from None
    return table


def _merge(parent: Mapping[str, object], child: Mapping[str, object]) -> Mapping[str, object]:
    merged = dict(parent)
    for name, value in child.items():
        old = parent.get(name)
        if isinstance(old, dict) and isinstance(value, dict) and name not in REPLACED_WHOLE:
            merged[name] = _merge(old, value)
        else:
            merged[name] = value
    return merged
