"""What is installed is whole, whether it is built from a checkout or from the source archive that is published."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def build(folder: Path, kind: str, into: Path) -> Path:
    """Build as an installer does, with the build system that pyproject.toml names."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(into)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    (built,) = into.iterdir()
    return built


@pytest.fixture(scope="module", params=["checkout", "source archive"])
def wheel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    if request.param == "checkout":
        return build(ROOT, "wheel", folder / "wheel")
    (folder / "source").mkdir()
    archive = build(ROOT, "sdist", folder / "archive")
    subprocess.run(["tar", "--extract", "--file", str(archive), "--directory", str(folder / "source")], check=True)
    (source,) = (folder / "source").iterdir()
    return build(source, "wheel", folder / "wheel")


def test_each_file_of_the_package_and_each_contract_is_in_it_once(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as content:
        names = [name for name in content.namelist() if ".dist-info/" not in name]
    package, contracts = ROOT / "src" / "dragoman", ROOT / "contracts"
    files = [one.relative_to(package.parent) for one in package.rglob("*") if one.is_file()]
    files += ["dragoman" / one.relative_to(ROOT) for one in contracts.rglob("*.toml")]
    assert sorted(names) == sorted({str(one) for one in files if "__pycache__" not in one.parts})


def test_a_program_that_is_installed_from_it_has_its_contracts(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as content:
        content.extractall(tmp_path)
    program = "import dragoman; print(dragoman.__file__); from dragoman.cli.main import main; main()"
    asked = subprocess.run(
        [sys.executable, "-c", program, "verify", "--dialect", "nobodys", "http://127.0.0.1:9"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)}, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert asked.stdout.strip() == str(tmp_path / "dragoman" / "__init__.py")
    assert "there are: axosoft, " in asked.stderr
