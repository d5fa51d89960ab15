"""Types and defaults of structs, in words and as TOML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from msgspec import inspect

if TYPE_CHECKING:
    from collections.abc import Iterator

from making.markdown import code

REQUIRED = "required"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldShape:
    """One field of a struct."""

    name: str
    type: str
    """In words, bounds included."""
    default: str
    """As TOML, `none`, or `required`."""
    table: inspect.StructType | None
    """The struct behind it, where it is a table."""
    named: bool = False
    """Whether it is a table of such tables, by names of the writer's choice."""
    several: bool = False
    """Whether it is a list of such tables."""


def read_shape(struct: type[msgspec.Struct]) -> inspect.StructType:
    """The shape of a struct."""
    found = inspect.type_info(struct)
    if not isinstance(found, inspect.StructType):
        raise TypeError(f"{struct} is no struct")
    return found


def fields_of(struct: inspect.StructType) -> Iterator[FieldShape]:
    """Its fields in order."""
    for field in struct.fields:
        match field.type:
            case inspect.StructType() as inner:
                shape = FieldShape(name=field.name, type="table", default="", table=inner)
            case inspect.DictType(value_type=inspect.StructType() as inner):
                shape = FieldShape(name=field.name, type="tables", default="", table=inner, named=True)
            case inspect.VarTupleType(item_type=inspect.StructType() as inner):
                shape = FieldShape(name=field.name, type="tables", default="", table=inner, several=True)
            case plain:
                shape = FieldShape(name=field.name, type=_type(plain), default=_default(field), table=None)
        yield shape


def show(value: object) -> str:
    """A value as TOML writes it."""
    match value:
        case None:
            return "none"
        case bool() | int() | str():
            return json.dumps(value, ensure_ascii=False)
        case Mapping():
            inside = ", ".join(f"{name} = {show(one)}" for name, one in value.items())
            return f"{{ {inside} }}" if inside else "{}"
        case tuple() | list():
            return "[" + ", ".join(show(one) for one in value) + "]"
        case _:
            return str(value)


def _type(shape: inspect.Type) -> str:
    match shape:
        case inspect.UnionType(types=types):
            return " or ".join(_type(one) for one in types if not isinstance(one, inspect.NoneType))
        case inspect.VarTupleType(item_type=item):
            return f"list of {_type(item)}"
        case inspect.DictType(value_type=inspect.CustomType() | inspect.AnyType()):
            return "ordered table"
        case inspect.DictType(value_type=value):
            return f"table of {_type(value)}"
        case inspect.DateTimeType():
            return "date and time with offset"
        case _:
            return _plain_type(shape)


def _bounds(least: int | None, most: int | None) -> str:
    if least is None:
        return ""
    return f", {least} or more" if most is None else f", {least} to {most}"


def _plain_type(shape: inspect.Type) -> str:
    match shape:
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType(ge=least, le=most):
            return f"whole number{_bounds(least, most)}"
        case inspect.FloatType(ge=least, le=most):
            return "number" if least is None else f"number, {least} to {most}"
        case inspect.StrType(pattern=str(pattern)):
            return f"text like {code(pattern)}"
        case inspect.StrType(min_length=least):
            return "text, not empty" if least else "text"
        case inspect.LiteralType(values=values):
            return " or ".join(code(show(value)) for value in values)
        case _:
            raise TypeError(f"no words for {shape}")


def _default(field: inspect.Field) -> str:
    if field.default is not msgspec.NODEFAULT:
        return show(field.default)
    if field.default_factory is not msgspec.NODEFAULT:
        return show(field.default_factory())
    return REQUIRED
