from __future__ import annotations

import re
import stat
import tomllib
from pathlib import Path

import msgspec
import pytest

from dragoman.cli.commands.init.configuration_text import write_configuration
from dragoman.config.reading import read_configuration
from dragoman.config.settings import Configuration
from tests.cli.commanding import make_folder, run


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_folder_is_for_its_owner_alone(tmp_path: Path):
    folder = make_folder(tmp_path / "deep" / "server")
    assert mode(folder.path) == 0o700
    assert mode(folder.path / "keys") == 0o700
    files = [path for path in folder.path.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"dragoman.toml", "dragoman.db"}
    assert {mode(path) for path in files} == {0o600}


def test_every_setting_stands_in_a_new_configuration_and_means_its_default():
    text = write_configuration({"mounts": [{"dialect": "standard"}]})
    uncommented = re.sub(
        r"^# (\w+ = .*)$", lambda line: "" if "(not set)" in line[0] else line[1], text, flags=re.MULTILINE
    )
    assert msgspec.convert(tomllib.loads(uncommented), Configuration) == Configuration()
    assert msgspec.convert(tomllib.loads(text), Configuration) == Configuration()
    pending, names = [Configuration], []
    while pending:
        for field in msgspec.structs.fields(pending.pop()):
            default = field.default[0] if field.name == "mounts" else field.default
            if isinstance(default, msgspec.Struct):
                pending.append(type(default))
            elif field.name != "folder":
                names.append(field.name)
    for name in names:
        assert len(re.findall(rf"^(# )?{name} = ", text, flags=re.MULTILINE)) == names.count(name), name


def test_what_is_chosen_is_written_and_read(tmp_path: Path):
    chosen = ("--issuer", "https://login.example.com", "--dialect", "standard", "--dialect", "kabbage", "--port", 9000)
    folder = make_folder(tmp_path / "server", *chosen, "--host", "0.0.0.0")
    configuration = read_configuration(folder.file, {})
    assert configuration.issuer == "https://login.example.com"
    assert [mount.dialect for mount in configuration.mounts] == ["standard", "kabbage"]
    assert (configuration.server.host, configuration.server.port) == ("0.0.0.0", 9000)


@pytest.mark.parametrize(
    ("arguments", "issuer"),
    [
        ((), "http://127.0.0.1:8000"),
        (("--port", 81), "http://127.0.0.1:81"),
        (("--host", "0.0.0.0"), "http://127.0.0.1:8000"),
        (("--host", "::", "--port", 9), "http://[::1]:9"),
        (("--host", "fe80::1"), "http://[fe80::1]:8000"),
    ],
)
def test_without_an_issuer_it_is_where_the_server_listens(tmp_path: Path, arguments: tuple, issuer: str):
    assert run("init", tmp_path / "server", *arguments, "--json").json["issuer"] == issuer


def test_a_second_time_nothing_changes_and_options_that_did_nothing_are_told(tmp_path: Path):
    folder = make_folder(tmp_path / "server")
    folder.file.write_text(folder.file.read_text() + "# mine\n")
    before = {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()}
    again = run("init", folder.path, "--port", 9, "--json")
    assert again.json["made"] is False
    assert again.json["new_keys"] == []
    assert "--port changed nothing" in again.err
    assert {path: path.read_bytes() for path in folder.path.rglob("*") if path.suffix in (".toml", ".json")} == {
        path: content for path, content in before.items() if path.suffix in (".toml", ".json")
    }


def test_what_a_crash_left_half_done_is_finished(tmp_path: Path):
    folder = make_folder(tmp_path / "server")
    folder.file.unlink()
    keys = sorted((folder.path / "keys").iterdir())
    again = run("init", folder.path, "--json")
    assert again.json["made"] is True
    assert sorted((folder.path / "keys").iterdir()) == keys


def test_a_dialect_mounted_later_gets_its_keys(tmp_path: Path):
    folder = make_folder(tmp_path / "server")
    folder.file.write_text(folder.file.read_text() + '[[mounts]]\ndialect = "jobspace"\n')
    assert len(run("init", folder.path, "--json").json["new_keys"]) == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--dialect", "nowhere"), "there is no dialect 'nowhere'; there are: axosoft"),
        (("--issuer", "login.example.com"), "issuer"),
    ],
)
def test_a_mistake_leaves_nothing_behind(tmp_path: Path, arguments: tuple, told: str):
    assert told in run("init", tmp_path / "server", *arguments).fault
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path):
    (tmp_path / "file").write_text("")
    assert "cannot be made" in run("init", tmp_path / "file" / "server").fault


def test_a_folder_open_to_others_is_warned_of(tmp_path: Path):
    (tmp_path / "open").mkdir(mode=0o755)
    assert "chmod 700" in run("init", tmp_path / "open").err


def test_the_environment_decides_where_keys_and_database_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DRAGOMAN_DATABASE", str(tmp_path / "other" / "here.db"))
    make_folder(tmp_path / "server")
    assert (tmp_path / "other" / "here.db").is_file()
    assert not (tmp_path / "server" / "dragoman.db").exists()
