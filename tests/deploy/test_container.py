"""The image: judged by hadolint and by rules of our own, and its two programs run."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from deploy.container import settings_from_files

from dragoman.cli.terminal.options import config_option
from dragoman.config.settings import Configuration, Table
from tests.deploy.reading import (
    CONTAINERFILE,
    DATABASE_URL,
    DEPLOY,
    PROJECT,
    ROOT,
    Instruction,
    read_instructions,
    read_shipped,
)

IGNORED = CONTAINERFILE.with_name("Containerfile.dockerignore")
HADOLINT = shutil.which("hadolint", path=str(Path(sys.executable).parent))
TAGGED = re.compile(r"[a-z0-9./-]+:\d[\w.-]*(@sha256:[0-9a-f]{64})?")


def complaints(text: str) -> list[str]:
    found, stages = [], set()
    instructions = read_instructions(text)
    for one in instructions:
        if one.name == "FROM":
            if one.words[0] not in stages and not TAGGED.fullmatch(one.words[0]):
                found.append(f"FROM {one.words[0]} is not pinned")
            stages.update(one.words[2:])
        if one.name == "ADD":
            found.append("ADD may fetch and unpack; use COPY")
        if one.name == "RUN":
            found += _installs(one.text)
    return found + _final_complaints(instructions)


def _installs(text: str) -> list[str]:
    commands = [command for command in text.split("&&") if re.search(r"pip .*\b(install|wheel)\b", command)]
    checked = ("--require-hashes", "--no-index")
    return [f"no hashes: {command.strip()}" for command in commands if not any(one in command for one in checked)]


def _final_complaints(instructions: tuple[Instruction, ...]) -> list[str]:
    final = [one for one in instructions if one.stage == instructions[-1].stage]
    last = {one.name: one for one in final}
    found = []
    if "USER" not in last or not re.fullmatch(r"[1-9]\d*:[1-9]\d*", last["USER"].text):
        found.append("the final USER is not a number other than 0")
    if "STOPSIGNAL" not in last or last["STOPSIGNAL"].text != "SIGTERM":
        found.append("it is not stopped by SIGTERM")
    if "HEALTHCHECK" not in last or re.search(r"curl|wget|CMD [^\[]", last["HEALTHCHECK"].text):
        found.append("there is no HEALTHCHECK of our own")
    if re.search(r"PASSWORD|SECRET|TOKEN|DATABASE", last["ENV"].text):
        found.append("ENV holds a secret")
    found += [
        f"COPY {one.text} takes the modes of the checkout"
        for one in final
        if one.name == "COPY" and "--from=" not in one.text and "--chmod=0" not in one.text
    ]
    return found


def test_the_containerfile_obeys_the_rules():
    assert complaints(CONTAINERFILE.read_text()) == []


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("python:3.11-slim-bookworm AS", "python:latest AS", "FROM python:latest is not pinned"),
        ("python:3.11-slim-bookworm AS", "python AS", "FROM python is not pinned"),
        ("COPY src src", "ADD https://example.com/src.tar src", "ADD may fetch and unpack; use COPY"),
        ("USER 10001:10001", "USER root", "the final USER is not a number other than 0"),
        ("USER 10001:10001", "", "the final USER is not a number other than 0"),
        ("STOPSIGNAL SIGTERM", "STOPSIGNAL SIGKILL", "it is not stopped by SIGTERM"),
        ('CMD ["dragoman-healthcheck", "/health/live"]', "CMD curl x", "there is no HEALTHCHECK of our own"),
        ("    DRAGOMAN_CONFIG=", "    DRAGOMAN_DATABASE=x A=", "ENV holds a secret"),
    ],
)
def test_a_mistake_in_the_containerfile_is_told(old: str, new: str, complaint: str):
    text = CONTAINERFILE.read_text()
    assert old in text
    assert complaints(text.replace(old, new, 1)) == [complaint]


def test_a_download_without_hashes_is_told():
    text = CONTAINERFILE.read_text()
    assert len(complaints(text.replace("--require-hashes", ""))) == text.count("--require-hashes") == 2


def test_hadolint_finds_nothing_to_say():
    assert _hadolint(CONTAINERFILE.read_text()) == []
    assert "DL3007" in _hadolint(CONTAINERFILE.read_text().replace("3.11-slim-bookworm", "latest"))


def test_the_build_sees_what_it_copies_and_no_more():
    sources = [
        Path(source)
        for one in read_instructions(CONTAINERFILE.read_text())
        if one.name == "COPY" and "--from=" not in one.text
        for source in one.arguments[:-1]
    ]
    assert len(sources) > 5
    for source in sources:
        assert (ROOT / source).exists(), source
        assert not _is_ignored(source), source
    for name in (".git/config", ".venv/bin/python", "keys/a.json", "deploy/compose/secrets/url", "src/__pycache__/a"):
        assert _is_ignored(Path(name)), name


def test_there_is_an_image_with_what_each_extra_brings():
    build = " ".join(one.text for one in read_instructions(CONTAINERFILE.read_text()) if one.stage == 1)
    assert "LOCK=runtime" in build
    least = _locked("runtime")
    for extra, wanted in PROJECT["project"]["optional-dependencies"].items():
        assert f"locks/{extra}.txt" in build
        assert least.items() <= _locked(extra).items()
        assert {requirement.split(">=")[0] for requirement in wanted} <= set(_locked(extra))


def _locked(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "locks" / f"{name}.txt").read_text(), re.MULTILINE))


def test_links_in_the_package_lead_to_what_is_copied():
    copied = {word for one in read_instructions(CONTAINERFILE.read_text()) if one.name == "COPY" for word in one.words}
    for link in (path for path in (ROOT / "src").rglob("*") if path.is_symlink()):
        assert str(link.resolve().relative_to(ROOT)) in copied


def test_the_python_of_the_base_is_one_that_the_project_supports():
    version = re.search(r"FROM python:([\d.]+)", CONTAINERFILE.read_text())[1]
    assert f"Programming Language :: Python :: {version}" in PROJECT["project"]["classifiers"]


def test_what_builds_the_wheel_is_locked_with_hashes():
    text = (DEPLOY / "container" / "build.txt").read_text()
    locked = dict(re.findall(r"^([\w-]+)==(\S+) \\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE))
    assert len(locked) == len(re.findall(r"^\w", text, re.MULTILINE))
    for requirement in PROJECT["build-system"]["requires"]:
        name, least = requirement.split(">=")
        assert _version(locked[name]) >= _version(least)


def test_port_volume_and_configuration_agree_with_the_file_in_the_image(tmp_path: Path):
    configuration = read_shipped("container/dragoman.toml", tmp_path)
    last = {one.name: one for one in read_instructions(CONTAINERFILE.read_text())}
    assert last["EXPOSE"].text == str(configuration.server.port)
    assert configuration.server.host == "0.0.0.0"
    for name in (configuration.database, configuration.keys):
        assert Path(last["VOLUME"].words[0]) in configuration.path(name).parents
    environment = dict(word.split("=", 1) for word in last["ENV"].words)
    variable = config_option(lambda: None).__click_params__[0].envvar
    assert environment[variable] == "/etc/dragoman/dragoman.toml"
    assert environment["PATH"].startswith("/usr/local/bin:"), "else `dragoman` would not read settings from files"
    copied = {one.arguments[1] for one in read_instructions(CONTAINERFILE.read_text()) if one.name == "COPY"}
    assert {"/usr/local/bin/dragoman", "/usr/local/bin/dragoman-healthcheck", environment[variable]} <= copied
    assert last["ENTRYPOINT"].words[0] in PROJECT["project"]["scripts"]


def test_a_setting_is_read_from_the_file_that_is_named(tmp_path: Path):
    file = tmp_path / "url"
    file.write_text(f"{DATABASE_URL}\n")
    given = {"DRAGOMAN_DATABASE_FILE": str(file), "DRAGOMAN_CONFIG": "/etc/x", "HOME": "/", "OTHER_FILE": "/etc/passwd"}
    settings = settings_from_files.read_files(given)
    kept = {"DRAGOMAN_CONFIG": "/etc/x", "HOME": "/", "OTHER_FILE": "/etc/passwd"}
    assert settings == {"DRAGOMAN_DATABASE": DATABASE_URL, **kept}
    assert read_shipped("container/dragoman.toml", tmp_path, settings).database == DATABASE_URL


@pytest.mark.parametrize(
    ("content", "more"),
    [("", {}), ("\n", {}), ("a\0b", {}), ("x" * 100_000, {}), (None, {}), ("value", {"DRAGOMAN_DATABASE": "other"})],
    ids=["empty", "line", "nul", "large", "missing", "twice"],
)
def test_a_file_that_holds_no_setting_is_refused_in_one_sentence(tmp_path: Path, content: str | None, more: dict):
    file = tmp_path / "url"
    if content is not None:
        file.write_text(content)
    environment = {**os.environ, "DRAGOMAN_DATABASE_FILE": str(file), **more}
    command = [sys.executable, settings_from_files.__file__, "serve"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert re.fullmatch(r"dragoman: .*\n", done.stderr)


def test_no_setting_has_a_name_that_would_be_taken_for_a_file():
    assert [name for name in _settings(Configuration) if name.upper().endswith(settings_from_files.SUFFIX)] == []


def _version(text: str) -> list[int]:
    return [int(part) for part in text.split(".")]


def _settings(table: type[msgspec.Struct]) -> list[str]:
    names = []
    for field in msgspec.structs.fields(table):
        names.append(field.name)
        if isinstance(field.type, type) and issubclass(field.type, Table):
            names += _settings(field.type)
    return names


def _hadolint(text: str) -> list[str]:
    assert HADOLINT is not None
    command = [HADOLINT, "--no-color", "--format", "json", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=60)
    return [one["code"] for one in json.loads(done.stdout)]


def _is_ignored(path: Path) -> bool:
    """As BuildKit reads the file, for the patterns that stand in it: the last one that fits decides."""
    ignored = False
    for line in IGNORED.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        pattern, keeps = line.removeprefix("!"), line.startswith("!")
        paths = [path, *path.parents]
        if pattern.startswith("**/"):
            fits = any(fnmatch.fnmatch(one.name, pattern[3:]) for one in paths)
        else:
            fits = pattern == "*" or Path(pattern) in paths
        ignored = not keeps if fits else ignored
    return ignored
