"""The list of all dialects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from making.markdown import code, codes, page, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.dialects.schema import DialectFile

_INTRODUCTION = """\
<!-- Made by docs/make.py; do not edit. -->

Each dialect is a file in `src/dragoman/dialects/`; its page is made from the file and from its
[contract](../contracts.md). All words are in the [vocabulary](vocabulary.md); how to write one of your own is in
[adding a dialect](../adding-a-dialect.md). Where Dragoman differs from an upstream on purpose is told in
[differences](../differences.md)."""


def make_dialect_list(words: Sequence[DialectFile]) -> str:
    """The page."""
    rows = (
        (
            f"[{code(one.name)}]({one.name}.md)",
            one.title,
            f"{' '.join(one.token.methods)} {codes(one.token.paths)}",
            "" if one.extends is None else f"[{code(one.extends)}]({one.extends}.md)",
        )
        for one in words
    )
    return page("# Dialects", _INTRODUCTION, table(("name", "title", "token endpoint", "extends"), rows))
