"""What several statements share: parameters that bear their columns' names, moments, and a bound on how many rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, TypeVarTuple

from sqlalchemy import BigInteger, bindparam, literal_column

if TYPE_CHECKING:
    from sqlalchemy import BindParameter, Column, ColumnElement, Table
    from sqlalchemy.sql.selectable import Select

ValueT = TypeVar("ValueT")
Columns = TypeVarTuple("Columns")

_LIMIT = bindparam("limit", type_=BigInteger())
_FIRST: ColumnElement[int] = literal_column("0")  # else one of the compilers writes it as a parameter


def value_of(column: Column[ValueT]) -> BindParameter[ValueT]:
    """The parameter that bears the column's name, with the column's type."""
    return bindparam(column.name, type_=column.type)


def moment(name: str) -> BindParameter[int]:
    """A parameter that is a time in epoch seconds."""
    return bindparam(name, type_=BigInteger())


def begun(table: Table) -> dict[str, BindParameter[object]]:
    """The parameters of a new row, by column: no mirror has been told of it."""
    return {column.name: value_of(column) for column in table.c if column.name != "mirrored_at"}


def some(rows: Select[*Columns]) -> Select[*Columns]:
    """At most so many of these rows."""
    return rows.limit(_LIMIT).offset(_FIRST)
