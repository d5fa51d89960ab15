"""Compiles tables and statements to SQL text ahead of time: `python -m dragoman.store.compilation` writes it.

A running server executes the text and never imports SQLAlchemy, which costs 34 MB and up to a second to load.
A test holds the text to the constructs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement

from dragoman.store import administration_statements, statements
from dragoman.store.tables import INDEXES, metadata

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Dialect

SQLITE: Dialect = SQLiteDialect_pysqlite(paramstyle="named")
FOLDER = Path(__file__).parent
_WIDTH = 116

_SCHEMA_HEAD = '''"""The schema of a new SQLite database, by `python -m dragoman.store.compilation`: do not edit."""

from __future__ import annotations

from typing import Final

'''
_STATEMENTS_HEAD = '''"""Every statement for SQLite, by `python -m dragoman.store.compilation`: do not edit."""

from __future__ import annotations

from typing import Final
'''


def generated_modules() -> Mapping[str, str]:
    """File names in this folder, and what they have to hold."""
    return {"sqlite_schema.py": _schema_module(SQLITE), "sqlite_statements.py": _statements_module(SQLITE)}


def _schema_module(dialect: Dialect) -> str:
    creations = [CreateTable(table) for table in metadata.sorted_tables] + [CreateIndex(index) for index in INDEXES]
    texts = (_tidy(str(creation.compile(dialect=dialect))) for creation in creations)
    entries = "".join(f'    """{text}""",\n' for text in texts)
    return f"{_SCHEMA_HEAD}SCHEMA: Final = (\n{entries})\n"


def _statements_module(dialect: Dialect) -> str:
    constructs = {
        name: value
        for module in (statements, administration_statements)
        for name, value in vars(module).items()
        if isinstance(value, ClauseElement) and name.isupper() and not name.startswith("_")
    }
    entries = (f'\n{name}: Final = """\\\n{_text(construct, dialect)}"""\n' for name, construct in constructs.items())
    return _STATEMENTS_HEAD + "".join(entries)


def _text(construct: ClauseElement, dialect: Dialect) -> str:
    compiled = construct.compile(dialect=dialect)
    if not isinstance(compiled, SQLCompiler):
        raise TypeError(f"not a statement: {construct}")
    fixed = [name for name, parameter in compiled.binds.items() if not parameter.required]
    if fixed:
        raise ValueError(f"values would be lost in the text: {fixed} in {compiled}")
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
