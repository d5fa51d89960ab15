"""What failed beside other tests is run once more by itself: `make test` after a run that failed.

On a machine that stood still for seconds a client gives up, and nothing is wrong. Whatever fails here too is a failure,
and what passes is named, so that somebody looks at it. Many failures are never a machine's: then nothing is run again.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

_FAILED = Path(".pytest_cache/v/cache/lastfailed")
_MOST = 5


def main() -> int:
    """The exit status of the second run, or 1 without one."""
    failed = sorted(json.loads(_FAILED.read_text())) if _FAILED.exists() else []
    if not 0 < len(failed) <= _MOST:
        return 1
    print("\nfailed beside others, run once more alone:", *failed, sep="\n  ")
    status = int(pytest.main(["-p", "no:cacheprovider", *failed]))
    if status == 0:
        print("\npassed alone, and failed before; each of them deserves a look:", *failed, sep="\n  ")
    return status


if __name__ == "__main__":
    sys.exit(main())
