"""Two of the peers need Java, which a machine may lack: then the table says so, and all else goes on."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from bench.__main__ import Plan, in_haste, systems
from bench.dialects import DIALECTS
from bench.results import Results, as_text
from bench.systems.java import missing
from bench.systems.keycloak import keycloak
from bench.systems.spring import spring_authorization_server
from bench.work import Work

_ROOT = Path(__file__).parents[2]
_PEERS = Path("bench", "peers")
_MADE = (str(_PEERS / "keycloak" / ".installed"), str(_PEERS / "spring" / "target" / "spring.jar"))
_SYSTEMS = (keycloak(), spring_authorization_server())


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of the path, with nothing in it yet."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def _install(machine: Path, name: str) -> None:
    program = machine / name
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)


@pytest.mark.parametrize("system", _SYSTEMS, ids=lambda one: one.name)
def test_without_java_the_table_says_so(system, machine):
    why = system.missing()
    assert why == "java is not installed"
    nothing = Results(limits={}, rows=[], standings=[], left_out={system.name: why}, rounds=1, seconds=1)
    assert f"| {system.name} | | | | | not measured: java is not installed |" in as_text(nothing)


def test_with_java_it_tells_whether_maven_is_missing_or_the_installing_failed(machine, tmp_path):
    installed = tmp_path / "installed"
    _install(machine, "java")
    assert missing(installed) == "mvn is not installed"
    _install(machine, "mvn")
    assert missing(installed) == "not installed: make bench-peers tells why"
    installed.touch()
    assert missing(installed) is None


@pytest.mark.parametrize("maven", [False, True], ids=["missing", "failing"])
def test_where_maven_is_missing_or_fails_make_goes_on(maven, tmp_path):
    made = shutil.which("make")
    if made is None:
        pytest.skip("make is not installed")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("dirname", "rm", "sh"):
        (programs / name).symlink_to(str(shutil.which(name)))
    if maven:
        _install(programs, "mvn")
    copy = tmp_path / "copy"
    shutil.copytree(_ROOT / _PEERS / "spring", copy / _PEERS / "spring", ignore=shutil.ignore_patterns("target"))
    for file in (Path("Makefile"), _PEERS / "keycloak.sh"):
        shutil.copy(_ROOT / file, copy / file)
    done = subprocess.run(
        [made, *_MADE], cwd=copy, env={"PATH": str(programs)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("(ignored)") == len(_MADE)
    assert not any((copy / one).exists() for one in _MADE)


@pytest.mark.parametrize("system", _SYSTEMS, ids=lambda one: one.name)
def test_the_quick_form_leaves_out_who_would_be_measured_cold(system):
    assert Plan(warm_up_seconds=1).leaves_out(system) == (
        f"warms up for {system.warm_up_seconds} s: not with --quick, but where it is named by --only"
    )
    assert Plan().leaves_out(system) is None


def test_the_quick_form_takes_less_than_five_minutes():
    """A minute and more is left for starting what is measured, and for the log-ins that a refresh needs."""
    plan = in_haste(only=())
    done = {(one["system"], one["work"]) for one in json.loads((_ROOT / "bench" / "results.json").read_bytes())["rows"]}
    measured = [one for one in systems() if plan.leaves_out(one) is None]
    assert {one.name for one in measured} == {name for name, _ in done} - {one.name for one in _SYSTEMS}
    load = sum(plan.seconds_of_load(one, [Work(work) for name, work in done if name == one.name]) for one in measured)
    compared = 2 * plan.rounds * plan.seconds * sum(len(grant_types) for _, grant_types in DIALECTS.values())
    assert load + compared < 225


@pytest.mark.parametrize(
    ("system", "file", "written"),
    [
        (_SYSTEMS[0], _PEERS / "keycloak.sh", r"^version=([0-9]+\.[0-9]+)\."),
        (_SYSTEMS[1], _PEERS / "spring" / "pom.xml", r"<version>([0-9]+\.[0-9]+)\.[0-9]+</version>"),
    ],
    ids=lambda one: getattr(one, "name", ""),
)
def test_the_table_names_the_version_that_is_installed(system, file, written):
    found = re.search(written, (_ROOT / file).read_text(), re.MULTILINE)
    assert found is not None
    assert found[1] in system.about
