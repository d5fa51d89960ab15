from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec
import pytest

from dragoman.dialects.files import OWN_FOLDER, list_dialects, load_dialect
from dragoman.dialects.schema import DialectFile
from tests.cli.commanding import Folder, run

OWN = sorted(path.stem for path in OWN_FOLDER.glob("*.toml"))
ACME = """\
name = "acme"
title = "The Acme app"
extends = "jobspace"

[token]
paths = ["/acme/login"]
"""


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_dialects_are_listed_without_any_configuration(elsewhere: Path):
    assert [one["name"] for one in run("dialect", "list", "--json").json] == OWN
    assert "The Job Space" in run("dialect", "list").out


def test_a_configuration_that_was_named_must_be_there(elsewhere: Path):
    assert "no such file" in run("dialect", "list", "--config", "nowhere.toml").fault


def test_what_is_mounted_and_what_is_broken_is_listed(folder: Folder):
    (folder.path / "own").mkdir()
    (folder.path / "own" / "acme.toml").write_text(ACME)
    (folder.path / "own" / "broken.toml").write_text(ACME.replace("acme", "broken") + "colour = 1\n")
    folder.change(dialect_folders='dialect_folders = ["own"]')
    listed = {one["name"]: one for one in folder.done("dialect", "list", "--json").json}
    assert listed["standard"]["mounted_at"] == [""]
    assert listed["acme"]["extends"] == "jobspace"
    assert "colour" in listed["broken"]["fault"]
    assert "colour" in folder.done("dialect", "list").out
    assert "acme: well; extends jobspace, then standard" in folder.done("dialect", "check", "acme").out


@pytest.mark.parametrize("name", OWN)
def test_the_merged_words_mean_the_same_without_what_they_extend(elsewhere: Path, name: str):
    merged = run("dialect", "show", name, "--merged").out
    words = load_dialect(name, list_dialects(())).words
    assert msgspec.convert(tomllib.loads(merged), DialectFile) == msgspec.structs.replace(words, extends=None)
    for ours, theirs in ((words.response.body, tomllib.loads(merged)["response"].get("body", {})),):
        assert list(ours) == list(theirs)


def test_a_dialect_is_shown_as_its_file_says_and_as_json(elsewhere: Path):
    shown = run("dialect", "show", "passport-12").out
    assert tomllib.loads(shown)["extends"] == "jobspace"
    assert "passport-12.toml" in shown
    assert run("dialect", "show", "passport-12", "--json").json["token"]["paths"] == ["/oauth/token"]
    assert "there is no dialect 'nope'" in run("dialect", "show", "nope").fault


def test_a_file_is_checked_with_its_endpoints(elsewhere: Path):
    (elsewhere / "acme.toml").write_text(ACME)
    checked = run("dialect", "check", "acme.toml")
    assert checked.status == 0
    assert "acme: well; extends jobspace, then standard" in checked.out
    assert "token          POST      /acme/login" in checked.out


def test_files_that_extend_each_other_are_checked_together(elsewhere: Path):
    (elsewhere / "acme.toml").write_text(ACME)
    (elsewhere / "acme-2.toml").write_text('name = "acme-2"\ntitle = "2"\nextends = "acme"\n')
    assert run("dialect", "check", "acme-2.toml", "acme.toml").status == 0
    assert "'acme', which is not among" in run("dialect", "check", "acme-2.toml").fault


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("[token]", "[tokens]"), "unknown field `tokens`"),
        (('extends = "jobspace"', 'extends = "nowhere"'), "extends 'nowhere'"),
        (('name = "acme"', 'name = "acne"'), "its `name` must be 'acme'"),
        (("paths = [", "paths = "), "TOML"),
        (('["/acme/login"]', '["login"]'), "$.token.paths[0]"),
        (("[token]", '[response.body]\ntoken = "{nothing}"\n\n[token]'), "nothing"),
        (("[token]", '[access_token]\nformat = "jtw"\n\n[token]'), "there is no token format 'jtw'"),
        (("[token]", '[access_token]\nalgorithm = "HS384"\n\n[token]'), "HS384 is no algorithm"),
        (("[token]", '[access_token.claims]\nsub = "{client.id}"\n\n[token]'), "needs `exp`"),
        (("[token]", '[order]\ndefault = ["client"]\n\n[token]'), "order"),
    ],
)
def test_whatever_is_wrong_with_a_file_is_named_with_it(elsewhere: Path, change: tuple[str, str], told: str):
    (elsewhere / "acme.toml").write_text(ACME.replace(*change))
    fault = run("dialect", "check", "acme.toml").fault
    assert told in fault
    assert "acme.toml" in fault


def test_a_file_cannot_take_the_name_of_ours(elsewhere: Path):
    (elsewhere / "jobspace.toml").write_text(ACME.replace("acme", "jobspace"))
    assert "has this name already" in run("dialect", "check", "jobspace.toml").fault
    assert "cannot be read" in run("dialect", "check", "missing.toml").fault


def test_all_that_are_well_are_told_before_those_that_are_not(elsewhere: Path):
    (elsewhere / "acme.toml").write_text(ACME)
    outcome = run("dialect", "check", "acme.toml", "nowhere")
    assert outcome.status == 2
    assert "acme: well" in outcome.out
    assert "there is no dialect 'nowhere'" in outcome.err


@pytest.mark.parametrize("name", OWN)
def test_each_dialect_is_described(elsewhere: Path, name: str):
    described = run("dialect", "openapi", name).json
    words = load_dialect(name, list_dialects(())).words
    assert described["openapi"] == "3.1.0"
    assert set(words.token.paths) <= set(described["paths"])
    assert "servers" not in described


def test_all_that_is_mounted_is_described_where_it_is_mounted(folder: Folder):
    folder.file.write_text(folder.file.read_text() + '[[mounts]]\ndialect = "kabbage"\nprefix = "/old"\n')
    described = folder.done("dialect", "openapi").json
    assert {"/oauth2/token", "/old/auth/token"} <= set(described["paths"])
    assert described["servers"] == [{"url": "http://127.0.0.1:8000"}]
    operations = [one["operationId"] for item in described["paths"].values() for one in item.values()]
    assert len(set(operations)) == len(operations)


def test_what_is_no_dialect_is_not_described(elsewhere: Path):
    assert "there is no dialect 'nowhere'" in run("dialect", "openapi", "nowhere").fault
    assert "no such file" in run("dialect", "openapi").fault
