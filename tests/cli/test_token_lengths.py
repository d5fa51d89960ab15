"""Whoever gives somebody more authorities than a token can carry is told so at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.commanding import make_folder

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.commanding import Folder, Outcome

MANY = [f"ROLE_OF_DEPARTMENT_NUMBER_{number:03}" for number in range(400)]
TOO_MANY = [part for name in MANY for part in ("--authority", name)]
PEOPLE = """
rows = "resource_owner"
[columns]
id = "id"
username = "login"
authorities = "roles"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return make_folder(tmp_path / "server", "--dialect", "standard", "--dialect", "jobspace", "--dialect", "paymentiq")


def doctor_warnings(folder: Folder) -> list[str]:
    found = folder.done("doctor", "--json").json["findings"]
    return [one["text"] for one in found if one["check"] == "tokens" and one["state"] == "warning"]


def create(folder: Folder, name: str, *more: str) -> Outcome:
    return folder.done("user", "create", name, "--id", name, "--password-stdin", *more, stdin="correct horse")


def test_commands_warn_of_who_cannot_log_in_and_of_nobody_else(folder: Folder):
    folder.client("shop", "--grant-type", "password")
    folder.client("other", "--grant-type", "password", "--dialect", "standard", "--dialect", "paymentiq")
    folder.client("unlike", "--grant-type", "password", "--token-format", "opaque")
    folder.client("job", "--grant-type", "client_credentials")
    assert doctor_warnings(folder) == []
    assert create(folder, "ann", *TOO_MANY[:200]).err == ""
    assert doctor_warnings(folder) == []
    told = create(folder, "bob", *TOO_MANY).err
    assert "warning: a token of resource owner 'bob' at client 'other' would have 1" in told
    assert "and 8192 is the most: take authorities or scope away" in told
    assert told.rstrip().endswith("; 1 more clients refuse it likewise")
    (warning,) = doctor_warnings(folder)
    assert warning.startswith("who has the most authorities cannot log in: a token of resource owner 'bob' at client")
    folder.done("client", "update", "other", "--token-format", "opaque")
    assert "likewise" not in folder.done("user", "update", "ann", *TOO_MANY).err
    assert folder.done("user", "update", "ann", "--email", "ann@example.com").err == ""
    folder.done("client", "disable", "shop")
    assert doctor_warnings(folder) == []


def test_an_import_warns_of_who_could_not_log_in(folder: Folder, tmp_path: Path):
    (tmp_path / "people.toml").write_text(PEOPLE)
    source = tmp_path / "people.csv"
    source.write_text(f"id,login,roles\n1,ann,{' '.join(MANY[:100])}\n2,bob,{' '.join(MANY)}\n")
    ask = ("import", "csv", source, "--mapping", tmp_path / "people.toml")
    allowed = [part for name in MANY for part in ("--allow-authority", name)]
    assert folder.done(*ask, "--dry-run", "--json").json["warnings"] == {}
    report = tmp_path / "report"
    told = folder.done(*ask, *allowed, "--dry-run", "--report", report).out
    sentence = "its tokens would be longer than 8192 characters in paymentiq, standard, and it could not log in"
    assert told.count(sentence) == 2  # of the person, and of how many there are
    assert f"warning for 1: {sentence}" in told
    assert report.read_text().count(sentence) == 2
    assert folder.done(*ask, *allowed, "--json").json["warnings"].popitem()[1] == 1
