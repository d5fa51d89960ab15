"""Modules and functions are short enough to be read at once: under 300 lines, and under 40."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
FOLDERS = ("src", "tests", "bench", "docs")
GENERATED = {
    "src/dragoman/store/postgresql/statements.py",
    "src/dragoman/store/sqlite/statements.py",
}
FROZEN = "src/dragoman/store/migrations/versions/"
"""Migrations stay as they were released."""


def test_a_module_has_fewer_than_300_lines():
    too_long = {name for name, text in modules() if len(text.splitlines()) >= 300}
    assert too_long <= GENERATED


def test_a_function_has_fewer_than_40_lines():
    too_long = {f"{name}: {function.name}" for name, text in modules() for function in long_functions(text)}
    assert too_long == set()


def modules() -> Iterator[tuple[str, str]]:
    """Ours, by their path. What is installed beside them is somebody else's."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT)
            installed = any(part.startswith(".") or part == "node_modules" for part in name.parts)
            if not installed and not name.as_posix().startswith(FROZEN):
                yield name.as_posix(), path.read_text(encoding="utf-8")


def long_functions(text: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Without their decorators: the options of a command are a table."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno - node.lineno >= 39:
            yield node
