"""Vendors have files of their own; no line of the engine names one."""

import re
from pathlib import Path

import pytest

import dragoman
from dragoman.dialects.files import list_dialects
from dragoman.former_sessions.files import list_formats
from dragoman.importers.kind import list_kinds

SOURCE = Path(dragoman.__file__).parent
NAMES = (
    "aspnet", "axosoft", "defuse", "django", "duende", "identityserver", "jmondi", "jobspace", "kabbage",
    "katana", "keycloak", "laravel", "owin", "passport", "paymentiq", "spring", "ts.oauth2",
)  # fmt: skip
VENDOR = re.compile(rf"(?<![a-z])(?:{'|'.join(NAMES)})(?![a-z])", re.IGNORECASE)
OF_VENDORS = ("importers", "hashing/formats", "cli")
"""One module for each server's tables and each hash; and commands, which show how they are called."""
NOBODYS = frozenset({"standard", "csv", "jsonl"})
ENGINE = [path for path in SOURCE.rglob("*.py") if not path.relative_to(SOURCE).as_posix().startswith(OF_VENDORS)]


@pytest.mark.parametrize("name", sorted({*list_dialects(()), *list_formats(), *list_kinds()} - NOBODYS))
def test_each_vendor_is_known_here(name: str):
    assert VENDOR.search(name)


def test_no_line_of_the_engine_names_a_vendor():
    lines = [(path, line) for path in ENGINE for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(lines) > 10_000
    assert [f"{path.relative_to(SOURCE)}: {line.strip()}" for path, line in lines if VENDOR.search(line)] == []
