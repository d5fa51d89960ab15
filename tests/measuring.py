"""How much of some packages the tests run, line by line and branch by branch (`make test`).

Python is half as slow again while it is measured. So it is measured in the tests of those packages alone, and these
come first: what a process remembers once it has done it, such as compiled dialects, is done while it is measured.
"""

from __future__ import annotations

from pathlib import Path

import coverage

SHOWING = (
    "attacks/", "bridge/", "cli/test_token_lengths.py", "contracts/", "core/", "dialects/", "differential/",
    "directories/", "elsewhere/", "former_sessions/", "mirror/", "password_lists/", "throttle/",
)  # fmt: skip
"""The tests that are to run every line and every branch of what pyproject.toml names.

A line that is run by others alone is missing in the report: it has no test of its own, or that test is missing here.
"""
_TESTS = Path(__file__).parent


def shows(test: Path) -> bool:
    """Whether the tests in this file are measured."""
    return test.relative_to(_TESTS).as_posix().startswith(SHOWING)


class Measuring:
    """By one process, of those that share the tests; from now on."""

    def __init__(self) -> None:
        self._coverage = coverage.Coverage(data_suffix=True)
        self._on = False
        self._switch(on=True)

    def go_on_for(self, test: Path) -> None:
        """Measure from now on if the tests of this file are to be measured.

        Not off and on again between two of them: threads that began in one, such as a server's, would be lost.
        """
        self._switch(on=shows(test))

    def end(self) -> None:
        """Write what was measured beside the others' (`coverage combine`)."""
        self._switch(on=False)
        self._coverage.save()

    def _switch(self, *, on: bool) -> None:
        if on is not self._on:
            (self._coverage.start if on else self._coverage.stop)()
            self._on = on
