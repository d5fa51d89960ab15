"""Make the pages that come from the code; with `--check`, fail where a committed page differs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from making.pages import make_pages

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parent.parent


def main() -> int:
    """Write all pages, or compare them. 1 if one differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only, and fail where a page differs")
    checking = parser.parse_args().check
    pages = make_pages(ROOT)
    stale = find_stale(pages)
    if checking:
        for path in stale:
            sys.stderr.write(f"{path.relative_to(ROOT)} is not what the code says; run `make docs`\n")
        return 1 if stale else 0
    for path in stale:
        if path in pages:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(pages[path], encoding="utf-8")
        else:
            path.unlink()
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")
    return 0


def find_stale(pages: Mapping[Path, str]) -> tuple[Path, ...]:
    """Pages that are missing or differ, and pages of dialects that are no more."""
    differing = [path for path, text in pages.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    left_over = [path for path in sorted((ROOT / "docs" / "dialects").glob("*.md")) if path not in pages]
    return (*differing, *left_over)


if __name__ == "__main__":
    sys.exit(main())
