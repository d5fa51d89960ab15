"""All pages that are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.dialects.files import list_dialects, load_dialect
from making.architecture import make_architecture
from making.attacks import make_attacks
from making.configuration import make_configuration
from making.dialect_list import make_dialect_list
from making.dialect_page import make_dialect_page
from making.export_format import make_export_format
from making.metrics import make_metrics
from making.session_formats import make_session_formats
from making.vocabulary import make_vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def make_pages(root: Path) -> Mapping[Path, str]:
    """The text of each page by its path. `root` is the project's folder."""
    docs = root / "docs"
    files = list_dialects([])
    dialects = tuple(load_dialect(name, files) for name in files)
    words = tuple(dialect.words for dialect in dialects)
    pages = {
        docs / "architecture.md": make_architecture(root),
        docs / "attacks.md": make_attacks(root),
        docs / "configuration.md": make_configuration(),
        docs / "export-format.md": make_export_format(),
        docs / "metrics.md": make_metrics(),
        docs / "session-formats.md": make_session_formats(),
        docs / "dialects" / "README.md": make_dialect_list(words),
        docs / "dialects" / "vocabulary.md": make_vocabulary(),
    }
    for dialect in dialects:
        pages[docs / "dialects" / f"{dialect.name}.md"] = make_dialect_page(dialect, words, root / "contracts")
    return pages
