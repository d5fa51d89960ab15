"""The docstrings of structs and of their fields, which Python itself does not keep."""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType


@dataclass(frozen=True, slots=True, kw_only=True)
class StructText:
    """What the source says of a struct."""

    meaning: str
    fields: Mapping[str, str]
    """The meaning of each field that has a docstring, inherited ones included."""


def read_structs(*modules: ModuleType) -> Mapping[str, StructText]:
    """Every class of these modules, by name; a base comes before what inherits from it."""
    texts: dict[str, StructText] = {}
    for node in (node for module in modules for node in ast.parse(inspect.getsource(module)).body):
        if isinstance(node, ast.ClassDef):
            inherited = (texts[name].fields for name in _bases_of(node) if name in texts)
            fields = {name: text for table in inherited for name, text in table.items()}
            texts[node.name] = StructText(
                meaning=_joined(ast.get_docstring(node) or ""), fields={**fields, **dict(_fields_of(node))}
            )
    return texts


def _bases_of(node: ast.ClassDef) -> Iterator[str]:
    return (base.id for base in node.bases if isinstance(base, ast.Name))


def _fields_of(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, after in zip(node.body, node.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            match after:
                case ast.Expr(value=ast.Constant(value=str() as text)):
                    yield field.target.id, _joined(text)
                case _:
                    pass


def _joined(text: str) -> str:
    return " ".join(text.split())
