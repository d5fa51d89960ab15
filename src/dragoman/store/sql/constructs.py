"""What the statements say that SQLAlchemy Core has no common word for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Text, bindparam, insert, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.base import SyntaxExtension
from sqlalchemy.sql.expression import ClauseElement, ColumnElement

if TYPE_CHECKING:
    from sqlalchemy import BindParameter, Column, Table
    from sqlalchemy.sql.compiler import SQLCompiler
    from sqlalchemy.sql.dml import Insert, Update
    from sqlalchemy.sql.selectable import Select


class _UnlessThere(SyntaxExtension, ClauseElement):
    def apply_to_insert(self, insert_stmt: Insert) -> None:
        insert_stmt.apply_syntax_extension_point(self.append_replacing_same_type, "post_values")


@compiles(_UnlessThere)
def _write_unless_there(_element: _UnlessThere, _compiler: SQLCompiler, **_keywords: object) -> str:
    return "ON CONFLICT DO NOTHING"


def insert_unless_there(table: Table) -> Insert:
    """A row of parameters, unless its key is there: then no row is changed, and a transaction goes on."""
    return insert(table).ext(_UnlessThere())


class Among(ColumnElement[bool]):
    """Whether the column's value is one of a JSON array of texts, which is the parameter: however many there are."""

    inherit_cache = False

    def __init__(self, column: Column[str], parameter: str) -> None:
        self.column = column
        self.wanted = bindparam(parameter, type_=Text())


@compiles(Among)
def _write_among(element: Among, compiler: SQLCompiler, **keywords: object) -> str:
    column, wanted = (compiler.process(one, **keywords) for one in (element.column, element.wanted))
    return f"{column} = ANY (ARRAY(SELECT json_array_elements_text(CAST({wanted} AS JSON))))"


@compiles(Among, "sqlite")
def _write_among_here(element: Among, compiler: SQLCompiler, **keywords: object) -> str:
    column, wanted = (compiler.process(one, **keywords) for one in (element.column, element.wanted))
    return f"{column} IN (SELECT value FROM json_each({wanted}))"  # noqa: S608 (the compiler's own text)


class ByBytes(ColumnElement[str]):
    """Text in the order of its bytes, whatever the collation of the database is."""

    inherit_cache = False

    def __init__(self, column: Column[str]) -> None:
        self.column = column


@compiles(ByBytes)
def _write_by_bytes(element: ByBytes, compiler: SQLCompiler, **keywords: object) -> str:
    return f'{compiler.process(element.column, **keywords)} COLLATE "C"'


@compiles(ByBytes, "sqlite")
def _write_by_bytes_here(element: ByBytes, compiler: SQLCompiler, **keywords: object) -> str:
    return compiler.process(element.column, **keywords)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A change that returns its row, and a row that is inserted only if there was one: both are done, or neither is.

    One statement where the database can say so, else two in a transaction.
    """

    first: Insert | Update
    then: Table
    prefix: str
    """What the parameters of the second begin with; the rest is the column's name."""

    def parameters(self) -> dict[str, BindParameter[object]]:
        """The parameters of the second change, by column."""
        return {column.name: bindparam(self.prefix + column.name, type_=column.type) for column in self.then.c}

    def second(self) -> Insert:
        """The second as a statement of its own."""
        return insert(self.then).values(self.parameters())

    def whole(self) -> Select[*tuple[object, ...]]:
        """Both as one statement, where the database can say so."""
        changed = self.first.cte("changed")
        row = select(*self.parameters().values()).select_from(changed)
        kept = insert(self.then).from_select(list(self.parameters()), row).cte("kept")
        return select(*changed.c).add_cte(kept)
