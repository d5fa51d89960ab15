"""The page of attacks: rows told by hand in attacks.toml, and the tests that show them, found by their names."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from making.markdown import code, page, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_IDS = re.compile(r"test_((?:[a-z]\d\d_)+)")
_HEAD = """\
# Attacks and bad input

<!-- Made by docs/make.py from docs/making/attacks.toml and the names of the tests; do not edit. -->

What attackers and broken clients send, and what comes of it. Each row is shown by the tests named beside it, which have
its id in their names, so that `pytest -k u05` runs what shows U05. P 0: from the first release; P 1: once the feature
exists. A row without a test says why. What becomes of *faults* is told in [faults](faults.md), what random bytes do in
[fuzzing](fuzzing.md)."""


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One attack."""

    p: int
    tried: str
    must: str
    why_not: str | None = None
    """The reason why there is no test."""


class Group(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Attacks of a kind."""

    title: str
    rows: dict[str, Row]


class Attacks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of them."""

    why_not: dict[str, str]
    group: tuple[Group, ...]


def read_attacks() -> Attacks:
    """The rows. Raises msgspec.ValidationError."""
    return msgspec.toml.decode(Path(__file__).with_name("attacks.toml").read_bytes(), type=Attacks)


def files_of_tests(root: Path) -> Sequence[Path]:
    """All files of tests, in the folders of `tests` and in the rooms of those."""
    folders = root / "tests"
    return sorted((*folders.glob("*/test_*.py"), *folders.glob("*/*/test_*.py")))


def find_tests(root: Path) -> Mapping[str, Path]:
    """Every test function in the folders of `tests` by its name, with its file."""
    found = {}
    for path in files_of_tests(root):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                found[node.name] = path.relative_to(root)
    return found


def ids_of(test: str) -> tuple[str, ...]:
    """The rows that a test is named for: `test_u01_u02_…`."""
    named = _IDS.match(test)
    return tuple(named[1].upper().strip("_").split("_")) if named else ()


def shown_by(name: str, tests: Mapping[str, Path]) -> tuple[str, ...]:
    """The tests that show a row: those that have its id in their names."""
    return tuple(test for test in tests if name in ids_of(test))


def make_attacks(root: Path) -> str:
    """The text of the page."""
    attacks, tests = read_attacks(), find_tests(root)
    rows = {name: row for group in attacks.group for name, row in group.rows.items()}
    mentioned = {test for name in rows for test in shown_by(name, tests)}
    others = {test: path for test, path in tests.items() if path.parent.name == "attacks" and test not in mentioned}
    return page(
        _HEAD, _count(rows, tests), *(_group(group, attacks.why_not, tests) for group in attacks.group), _others(others)
    )


def _count(rows: Mapping[str, Row], tests: Mapping[str, Path]) -> str:
    shown = sum(bool(shown_by(name, tests)) for name in rows)
    return f"Of {len(rows)} rows {shown} are shown by tests; {len(rows) - shown} are of features that do not exist."


def _group(group: Group, reasons: Mapping[str, str], tests: Mapping[str, Path]) -> str:
    lines = [
        (name, str(row.p), row.tried, row.must, _shown(name, row, reasons, tests)) for name, row in group.rows.items()
    ]
    return f"## {group.title}\n\n{table(('id', 'P', 'tried', 'outcome', 'shown by'), lines)}"


def _shown(name: str, row: Row, reasons: Mapping[str, str], tests: Mapping[str, Path]) -> str:
    found = shown_by(name, tests)
    return _linked(found, tests) if found else f"*none: {reasons[row.why_not or '']}*"


def _linked(names: Sequence[str], tests: Mapping[str, Path]) -> str:
    """Names by file, each file once."""
    by_file: dict[Path, list[str]] = {}
    for name in names:
        by_file.setdefault(tests[name], []).append(code(name))
    return "; ".join(f"[{path.name}](../{path}): {', '.join(listed)}" for path, listed in by_file.items())


def _others(tests: Mapping[str, Path]) -> str:
    """Attacks that were tried and are in no row."""
    return f"## Tried besides\n\n{table(('shown by',), list(_rows_of(tests)))}"


def _rows_of(tests: Mapping[str, Path]) -> Iterator[tuple[str]]:
    for path in dict.fromkeys(tests.values()):
        yield (_linked([name for name, where in tests.items() if where == path], tests),)
