"""How much of some packages the tests run, line by line and branch by branch (`make test`).

Python is half as slow again while it is measured. So it is measured in the tests of those packages alone.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import coverage

PACKAGES = ("dragoman.core", "dragoman.dialects", "dragoman.grant_types")
"""Of which every line and every branch is to be run, as pyproject.toml has it."""
FOLDERS = frozenset(
    {
        "attacks", "bridge", "contracts", "core", "dialects", "differential", "directories", "former", "mirror",
        "password_lists", "throttle",
    }
)  # fmt: skip
"""Whose tests are to do that. A line that is run by others alone is missing in the report, and has no test of its own."""
_TESTS = Path(__file__).parent


class Measuring:
    """By one process, of those that share the tests."""

    def __init__(self) -> None:
        """Measures from now on: also the beginnings of all modules, which it loads."""
        self._coverage = coverage.Coverage(data_suffix=True)
        self._on = False
        self._switch(on=True)
        for name in PACKAGES:
            package = import_module(name)
            for module in walk_packages(package.__path__, f"{name}."):
                import_module(module.name)
        self._switch(on=False)

    def go_on_for(self, test: Path) -> None:
        """Measure from now on if the tests of this file are to.

        Not off and on again between two of them: threads that began in one, such as a server's, would be lost.
        """
        self._switch(on=test.relative_to(_TESTS).parts[0] in FOLDERS)

    def end(self) -> None:
        """Write what was measured beside the others' (`coverage combine`)."""
        self._switch(on=False)
        self._coverage.save()

    def _switch(self, *, on: bool) -> None:
        if on is not self._on:
            (self._coverage.start if on else self._coverage.stop)()
            self._on = on
