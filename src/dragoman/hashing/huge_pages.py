"""Whether the memory of a hash comes in huge pages: what it costs depends on that, and the machine decides."""

from __future__ import annotations

from pathlib import Path

SETTING = Path("/sys/kernel/mm/transparent_hugepage/enabled")
_EVERYWHERE = "always"


def setting_without_huge_pages(file: Path = SETTING) -> str | None:
    """The system's setting where it gives libsodium none; None where it gives them, or where nobody can tell.

    The kernel's transhuge.rst: the word in brackets counts. libsodium does not ask (`madvise`), so only `always` does.
    """
    try:
        words = file.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return None
    chosen = next((word.strip("[]") for word in words if word.startswith("[")), _EVERYWHERE)
    return None if chosen == _EVERYWHERE else chosen
