"""Hashes of other software by their origin, as pairs of password and hash: `vectors.json`.

docs/password-hashes.md tells how they were made.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.hashing.stored_hashes import LIMITS, blank_of, defect

DIRECTORY = {prefix + size for prefix in ("SHA", "SSHA") for size in ("", "256", "384", "512")} | {"MD5", "SMD5"}
WEAK = replace(LIMITS, weak_formats=frozenset({"SHA-1", "SHA-256", "NT", "MD4", "digest", *DIRECTORY}))
ORIGINS = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))
VECTORS = [pytest.param(*pair, id=f"{origin}, {pair[1][:24]}") for origin, pairs in ORIGINS.items() for pair in pairs]
HASHES = sorted({stored for pairs in ORIGINS.values() for _password, stored in pairs})
STRONG = {blank_of(stored, WEAK): stored for stored in HASHES if defect(stored) is None}
"""One of each kind, by its blank."""
