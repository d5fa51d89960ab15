"""What was promised beside what came of it: one line each."""

from __future__ import annotations


class Aims:
    """Collects lines, and prints them as one table."""

    def __init__(self) -> None:
        self._lines: list[tuple[str, str, str, bool]] = []

    def add(self, what: str, aim: str, figure: str, *, held: bool) -> None:
        """One aim, its figure, and whether it holds."""
        self._lines.append((what, aim, figure, held))

    def print_all(self) -> bool:
        """Whether all hold."""
        rows = [("what", "aim", "figure", ""), *((*line[:3], "holds" if line[3] else "MISSED") for line in self._lines)]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        print()
        for row in rows:
            print("  ".join([*(one.ljust(width) for one, width in zip(row, widths, strict=False)), row[3]]).rstrip())
        return all(held for *_, held in self._lines)
