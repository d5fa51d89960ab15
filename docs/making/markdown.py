"""Small pieces of Markdown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def code(text: str) -> str:
    """A code span, whatever the text holds."""
    fence = "``" if "`" in text else "`"
    room = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{room}{text}{room}{fence}"


def codes(texts: Iterable[str]) -> str:
    """Code spans with commas between."""
    return ", ".join(code(text) for text in texts)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; nothing at all where there are no rows."""
    lines = [_row(row) for row in rows]
    if not lines:
        return ""
    return "\n".join([_row(head), "|" + "---|" * len(head), *lines])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def block(text: str, language: str = "") -> str:
    """A code block."""
    return f"```{language}\n{text}\n```"


def members(record: Mapping[str, object]) -> str:
    """A table of templates as a block of JSON, in order."""
    return block(json.dumps(record, indent=2, ensure_ascii=False), "json")


def page(*parts: str) -> str:
    """A whole page; empty parts are left out."""
    return "\n\n".join(part for part in parts if part) + "\n"
