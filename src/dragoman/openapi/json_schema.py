"""JSON Schemas (draft 2020-12, as OpenAPI 3.1 has it) of the records that dialect files write."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from dragoman.core.template import names_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

Schema = dict[str, object]

_ONE_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "integer"}
_LIST: Schema = {"type": "array", "items": _TEXT}
_KINDS: Mapping[str, Schema] = {
    "audience": {"anyOf": [_TEXT, _LIST]},
    "resource_owner.number": {"anyOf": [_NUMBER, _TEXT]},
    **dict.fromkeys(("authorities", "authorities.hash_set", "scope.list", "audience.list"), _LIST),
    **dict.fromkeys(
        (
            "expires_at", "expires_in", "issued_at", "now_ms", "refresh_token_expires_at", "refresh_token_issued_at",
            "retry_after", "status",
        ),
        _NUMBER,
    ),
}  # fmt: skip
"""Values that are no text, by the name that dialect files use."""
_ALWAYS_THERE = frozenset(
    {
        "access_token", "allow", "audience.list", "authorities", "authorities.hash_set", "client.id", "client.name",
        "error", "expires_at", "expires_in", "grant_type", "introspected_type", "issued_at", "issuer", "key.jca_name",
        "key.value", "now_ms", "path", "reason", "scope", "scope.list", "status", "subject", "token_id.base64url",
        "token_id.guid", "token_id.long_hex",
    }
)  # fmt: skip
"""Values that each answer has in which they may be named. `grant_type` is one of a token's; a refusal may have none."""


class Member(NamedTuple):
    """What one entry of a record becomes."""

    schema: Schema
    always: bool
    """Whether it is in each answer."""


def schema_of(
    table: Mapping[str, object], there: AbstractSet[str] = frozenset(), fixed: Mapping[str, Sequence[str]] | None = None
) -> Schema:
    """The schema of a record; an entry of None is never written.

    `there`: further values that are always there. `fixed`: the texts that values of these names may be.
    """
    members = {name: member_of(entry, there, fixed or {}) for name, entry in table.items() if entry is not None}
    required = [name for name, member in members.items() if member.always]
    schema: Schema = {"type": "object", "properties": {name: member.schema for name, member in members.items()}}
    return {**schema, "required": required} if required else schema


def member_of(entry: object, there: AbstractSet[str], fixed: Mapping[str, Sequence[str]]) -> Member:
    """A template, a constant, or a table or list of these."""
    match entry:
        case str():
            return _text(entry, _ALWAYS_THERE | there, fixed)
        case dict():
            return Member(schema_of(entry, there, fixed), always=True)
        case list():
            items = any_of(member_of(item, there, fixed).schema for item in entry)
            return Member({"type": "array", "items": items}, always=True)
        case _:
            return Member({"const": entry}, always=True)


def any_of(schemas: Iterable[Schema]) -> Schema:
    """One of these: of what is said twice, once. Anything, where there is none."""
    different = list({repr(schema): schema for schema in schemas}.values())
    return different[0] if len(different) == 1 else {"anyOf": different} if different else {}


def _text(template: str, there: AbstractSet[str], fixed: Mapping[str, Sequence[str]]) -> Member:
    alone = _ONE_PLACEHOLDER.fullmatch(template)
    if alone is None:
        names = set(names_in(template))
        text = template.replace("{{", "{").replace("}}", "}")
        return Member(_TEXT if names else {"const": text}, always=names <= there)
    alternatives = [name.strip() for name in alone[1].removesuffix("?").split("|")]
    always = not alone[1].endswith("?") and any(name in there or name.startswith("'") for name in alternatives)
    return Member(any_of(_value(name, fixed) for name in alternatives), always=always)


def _value(name: str, fixed: Mapping[str, Sequence[str]]) -> Schema:
    if name.startswith("'"):
        return {"const": name[1:-1]}
    match fixed.get(name):
        case None:
            return _KINDS.get(name, _TEXT)
        case (only,):
            return {"const": only}
        case texts:
            return {"enum": list(texts)}
