"""The versions of Python that the project names: all places name the same ones, and each has an environment of its own."""

import re
import shutil
import subprocess

import pytest

from tests.deploy.reading import PROJECT, ROOT

README = (ROOT / "README.md").read_text()
OLDEST = PROJECT["project"]["requires-python"].removeprefix(">=")
NAMED = [
    one.rpartition(" ")[2]
    for one in PROJECT["project"]["classifiers"]
    if one.startswith("Programming Language :: Python :: 3.")
]


def test_the_tools_and_the_locks_judge_by_the_oldest_python_that_is_promised():
    locked = re.findall(r"--python-version (\S+)", (ROOT / "Makefile").read_text())
    assert set(locked) == {OLDEST}
    assert PROJECT["tool"]["mypy"]["python_version"] == OLDEST
    assert PROJECT["tool"]["ruff"]["target-version"] == f"py{OLDEST.replace('.', '')}"
    assert NAMED[0] == OLDEST


@pytest.mark.parametrize("version", NAMED)
def test_the_readme_names_every_python_that_the_package_names(version):
    assert re.search(rf"Python[^\n]*\b{re.escape(version)}\b", README)


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        ([], ".venv"),
        (["PYTHON=python3"], ".venv"),
        (["PYTHON=python3.13"], ".venv-python3.13"),
        (["PYTHON=/opt/python/bin/python3.12"], ".venv-python3.12"),
    ],
)
def test_another_python_leaves_the_environment_of_the_first_as_it_is(arguments, environment, tmp_path):
    made = shutil.which("make")
    if made is None:
        pytest.skip("make is not installed")
    shutil.copy(ROOT / "Makefile", tmp_path)
    for file in ("pyproject.toml", "locks/runtime.txt"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    told = subprocess.run(
        [made, "--dry-run", "demo", *arguments],
        cwd=tmp_path, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert set(re.findall(r"(\.venv\S*?)/bin/", told.stdout)) == {environment}
