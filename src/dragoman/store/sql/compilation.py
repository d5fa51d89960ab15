"""Compiles tables and statements to SQL text ahead of time: `python -m dragoman.store.sql.compilation` writes it.

A running server executes the text and never imports SQLAlchemy, which costs 34 MB and up to a second to load.
A test holds the text to the constructs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement

from dragoman.store.sql import (
    administration,
    directory,
    export,
    former_sessions,
    gathered,
    intake,
    mirror,
    revocations,
    store,
)
from dragoman.store.sql.constructs import Chain
from dragoman.store.sql.tables import INDEXES, metadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import ModuleType

    from sqlalchemy import Dialect

FOLDER = Path(__file__).parent.parent
_SQLITE: Dialect = SQLiteDialect_pysqlite(paramstyle="named")
_POSTGRESQL: Dialect = PGDialect_asyncpg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]  # SQLAlchemy's gap
_MODULES = (
    store,
    administration,
    revocations,
    intake,
    former_sessions,
    directory,
    export,
    mirror,
)
_FOR_POSTGRESQL = (gathered,)
_WIDTH = 116
_HEAD = '''"""{title}, by `python -m dragoman.store.sql.compilation`: do not edit."""

from __future__ import annotations

from typing import Final

'''


def generated_modules() -> Mapping[str, str]:
    """Files by their names in the folder of the store, and what they have to hold."""
    constructs = _constructs(_MODULES)
    whole = {**constructs, **_constructs(_FOR_POSTGRESQL)}
    return {
        "statement_names.py": _names_module(whole),
        "sqlite/schema.py": _schema_module("The schema of a new SQLite database", _SQLITE),
        "sqlite/statements.py": _sqlite_statements(constructs),
        "postgresql/schema.py": _schema_module("The schema of a new PostgreSQL database", _POSTGRESQL),
        **_postgresql_statements(whole),
    }


def _constructs(modules: Iterable[ModuleType]) -> Mapping[str, ClauseElement | Chain]:
    return {
        name: value
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, (ClauseElement, Chain)) and name.isupper() and not name.startswith("_")
    }


def _names_module(names: Iterable[str]) -> str:
    return _HEAD.format(title="What every statement is called") + "".join(
        f'{name}: Final = "{name}"\n' for name in names
    )


def _schema_module(title: str, dialect: Dialect) -> str:
    creations = [CreateTable(table) for table in metadata.sorted_tables] + [CreateIndex(index) for index in INDEXES]
    texts = (_tidy(str(creation.compile(dialect=dialect))) for creation in creations)
    entries = "".join(f'    """{text}""",\n' for text in texts)
    return f"{_HEAD.format(title=title)}SCHEMA: Final = (\n{entries})\n"


def _sqlite_statements(constructs: Mapping[str, ClauseElement | Chain]) -> str:
    """Two texts where a statement is a chain."""
    chains = {name: one for name, one in constructs.items() if isinstance(one, Chain)}
    first = {name: one.first if isinstance(one, Chain) else one for name, one in constructs.items()}
    then = {name: one.second() for name, one in chains.items()}
    return (
        _HEAD.format(title="Every statement for SQLite")
        + _mapping("STATEMENTS", {name: _text(_compiled(one, _SQLITE)) for name, one in first.items()})
        + _mapping("SECOND_STATEMENTS", {name: _text(_compiled(one, _SQLITE)) for name, one in then.items()})
    )


def _postgresql_statements(constructs: Mapping[str, ClauseElement | Chain]) -> Mapping[str, str]:
    """Parameters are numbered in the text; their names stand in a module of their own, in that order."""
    whole = {name: one.whole() if isinstance(one, Chain) else one for name, one in constructs.items()}
    compiled = {name: _compiled(one, _POSTGRESQL) for name, one in whole.items()}
    texts = {name: _text(one) for name, one in compiled.items()}
    parameters = {name: _names(one.positiontup or ()) for name, one in compiled.items()}
    return {
        "postgresql/statements.py": _HEAD.format(title="Every statement for PostgreSQL")
        + _mapping("STATEMENTS", texts),
        "postgresql/parameters.py": _HEAD.format(title="What PostgreSQL's numbered parameters are called")
        + _mapping("PARAMETERS", parameters),
    }


def _mapping(name: str, texts: Mapping[str, str]) -> str:
    entries = "".join(f'    "{key}": {_literal(text)},\n' for key, text in texts.items())
    return f"{name}: Final = {{\n{entries}}}\n"


def _literal(text: str) -> str:
    """On one line where it is short."""
    return f'"{text}"' if len(text) < _WIDTH // 2 and "\n" not in text else f'"""\\\n{text}"""'


def _names(parameters: Sequence[str]) -> str:
    return "\n".join(_folded(" ".join(parameters)))


def _compiled(construct: ClauseElement, dialect: Dialect) -> SQLCompiler:
    compiled = construct.compile(dialect=dialect)
    if not isinstance(compiled, SQLCompiler):
        raise TypeError(f"not a statement: {construct}")
    fixed = [name for name, parameter in compiled.binds.items() if not parameter.required]
    if fixed:
        raise ValueError(f"values would be lost in the text: {fixed} in {compiled}")
    return compiled


def _text(compiled: SQLCompiler) -> str:
    return _tidy(str(compiled))


def _tidy(text: str) -> str:
    """Without white space at line ends, and in lines that fit a page."""
    lines = (line.replace("\t", "    ").rstrip() for line in text.strip().splitlines())
    return "\n".join(part for line in lines if line for part in _folded(line))


def _folded(line: str) -> Iterator[str]:
    while len(line) > _WIDTH:
        cut = line.rindex(" ", 2, _WIDTH)
        yield line[:cut]
        line = f"  {line[cut + 1 :]}"
    yield line


def main() -> None:
    """Write the text of every database."""
    for name, text in generated_modules().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
