"""Values as TOML writes them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_DELETE = "\x7f"


def toml_key(name: str) -> str:
    """A key, quoted where it must be."""
    return name if _BARE_KEY.fullmatch(name) else toml_value(name)


def toml_value(value: object) -> str:
    """A value on one line; tables are inline. None has no spelling in TOML and is left out of tables and lists."""
    match value:
        case bool() | int() | float():
            return json.dumps(value)
        case str():
            return json.dumps(value, ensure_ascii=False).replace(_DELETE, "\\u007f")
        case Mapping():
            inside = ", ".join(
                f"{toml_key(str(key))} = {toml_value(one)}" for key, one in value.items() if one is not None
            )
            return f"{{ {inside} }}" if inside else "{}"
        case list() | tuple():
            return "[" + ", ".join(toml_value(one) for one in value if one is not None) + "]"
        case _:
            raise TypeError(f"TOML has no {type(value).__name__}")
