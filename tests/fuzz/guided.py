"""The same readers under atheris, which keeps what reached new code. It is not installed with the other tools."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def search(folder: Path, name: str | None, count: int) -> int:
    """Cases until so many have been read, or one is a finding: then atheris ends the process and writes it down."""
    try:
        import atheris
    except ImportError:
        sys.stderr.write("atheris is missing: pip install atheris (a wheel for Linux; not in locks/)\n")
        return 2
    with atheris.instrument_imports(include=["dragoman", "multipart"]):
        from tests.fuzz.targets import all_targets

        targets = {target.name: target for target in all_targets(folder)}
    target = targets.get(name or "")
    if target is None:
        sys.stderr.write(f"say which with --on: {', '.join(targets)}\n")
        return 2
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(target.seeds):
        (corpus / str(number)).write_bytes(seed)
    atheris.Setup([sys.argv[0], f"-runs={count}", "-max_len=4096", "-timeout=20", str(corpus)], target.read)
    atheris.Fuzz()
    return 0
