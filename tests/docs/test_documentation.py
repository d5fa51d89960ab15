"""The documentation: made from the code where it can be, whole, and free of dead links."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
from making import configuration, session_formats, vocabulary
from making.attacks import files_of_tests
from making.dialect_endpoints import INTROSPECTION_REFUSALS, KEY_REFUSALS, REVOCATION_REFUSALS
from making.pages import make_pages
from making.texts import read_texts

from dragoman.cli.main import dragoman
from dragoman.core.errors import Refusal
from dragoman.core.refusals import REFUSALS
from dragoman.dialects.files import list_dialects, load_dialect
from dragoman.importers.kind import list_kinds
from dragoman.importers.mapping import MappingFile, fields_of

ROOT = Path(__file__).parents[2]
PAGES = (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "deploy").rglob("*.md")))
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:^|`|\$ |\| |-- |server |exec dragoman )dragoman ([a-z][^`\n]*(?:\\\n[^`\n]*)*)", re.MULTILINE)
MODULE = re.compile(r"`((?:\w+/)+\w+\.py)`")
NAMED_FROM = (ROOT, ROOT / "src" / "dragoman", ROOT / "src" / "dragoman" / "store", ROOT / "tests")
OPTION = re.compile(r"(?:^|\s)(--[a-z][a-z-]*)")
FORBIDDEN = re.compile(r"shared/|/work/|/home/|/root/|/tmp/bash|\.library|issues show|localhost:\d|\bTODO\b|\bFIXME\b")

per_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def test_pages_made_from_the_code_are_up_to_date():
    for path, text in make_pages(ROOT).items():
        assert path.exists(), f"{path} is missing; run `make docs`"
        assert path.read_text(encoding="utf-8") == text, f"{path} is not what the code says; run `make docs`"


def test_the_check_names_a_page_that_differs_and_fails(tmp_path: Path):
    copy = tmp_path / "project"
    for folder in ("docs", "contracts"):
        _copy(ROOT / folder, copy / folder)
    (copy / ".importlinter").write_bytes((ROOT / ".importlinter").read_bytes())
    for path in files_of_tests(ROOT):
        (copy / path.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
        (copy / path.relative_to(ROOT)).write_bytes(path.read_bytes())
    (copy / "docs" / "configuration.md").write_text("something else\n", encoding="utf-8")
    (copy / "docs" / "dialects" / "gone.md").write_text("no such dialect\n", encoding="utf-8")
    checked = _make(copy, "--check")
    assert checked.returncode == 1
    assert "docs/configuration.md is not what the code says; run `make docs`" in checked.stderr
    assert "docs/dialects/gone.md" in checked.stderr
    assert _make(copy).returncode == 0
    assert _make(copy, "--check").returncode == 0


def test_every_setting_has_a_docstring():
    assert list(configuration.undocumented()) == []


def test_every_word_of_dialect_files_has_a_docstring():
    assert list(vocabulary.undocumented()) == []


def test_every_word_of_format_files_has_a_docstring():
    assert list(session_formats.undocumented()) == []


def test_every_value_has_a_text_and_every_text_a_value():
    texts = read_texts()
    for table, names in vocabulary.value_tables().items():
        assert sorted(getattr(texts, table)) == sorted(names), table


def test_every_refusal_has_a_text_and_every_text_a_refusal():
    refusals = read_texts().refusals
    named = [
        *refusals.request, *refusals.token, *refusals.management, *refusals.resource, *refusals.server
    ]  # fmt: skip
    assert sorted(named) == sorted(refusal.value for refusal in Refusal)
    assert set(REFUSALS) == set(Refusal)
    assert {*INTROSPECTION_REFUSALS, *REVOCATION_REFUSALS, *KEY_REFUSALS} == set(refusals.management)


def test_every_dialect_has_a_page_with_all_of_its_refusals():
    for name in list_dialects([]):
        text = (ROOT / "docs" / "dialects" / f"{name}.md").read_text(encoding="utf-8")
        for refusal in Refusal:
            if refusal.value not in read_texts().refusals.management:
                assert f"`{refusal.value}`" in text, f"{name}: {refusal.value}"


@per_page
def test_relative_links_lead_somewhere(page: Path):
    for target in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), f"{page.relative_to(ROOT)} links to {target}, which is not there"
        if anchor:
            headings = HEADING.findall(CODE.sub("", path.read_text(encoding="utf-8")))
            assert anchor in {vocabulary.anchor(heading) for heading in headings}, f"{page.name}: no heading {target}"


def test_every_page_is_in_an_index():
    for folder in (ROOT / "docs", ROOT / "docs" / "adr"):
        named = set(LINK.findall((folder / "README.md").read_text(encoding="utf-8")))
        assert {page.name for page in folder.glob("*.md")} - {"README.md"} <= named


@per_page
def test_pages_name_nothing_of_the_place_where_they_were_written(page: Path):
    found = FORBIDDEN.findall(page.read_text(encoding="utf-8"))
    assert found == []


@per_page
def test_modules_and_files_that_are_named_exist(page: Path):
    """As from the project's folder, or below the folder of the package or the tests that the page speaks of."""
    named = MODULE.findall(page.read_text(encoding="utf-8"))
    assert [name for name in named if not any((folder / name).exists() for folder in NAMED_FROM)] == []


@per_page
def test_commands_and_options_that_are_named_exist(page: Path):
    for text in COMMAND.findall(page.read_text(encoding="utf-8")):
        words, command = iter(text.split()), dragoman
        while isinstance(command, click.Group) and (name := next(words, None)):
            command = command.get_command(click.Context(command), name.strip(".,;:()"))
            assert command is not None, f"{page.name}: dragoman {text}"
        known = {"--help", *(option for one in command.params for option in (*one.opts, *one.secondary_opts))}
        assert set(OPTION.findall(text)) <= known, f"{page.name}: dragoman {text}"


@per_page
def test_settings_in_examples_exist(page: Path):
    known = {*configuration.names(), *vocabulary.names(), *session_formats.names(), *MappingFile.__struct_fields__}
    for block in re.findall(r"^```toml\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        for name in tomllib.loads(block):
            assert name in known or page.name == "contracts.md", f"{page.name}: {name}"


def test_every_kind_of_source_and_every_field_of_a_mapping_file_is_told():
    page = (ROOT / "docs" / "importing.md").read_text(encoding="utf-8")
    for name in (*list_kinds(), *MappingFile.__struct_fields__, *fields_of("client"), *fields_of("resource_owner")):
        assert re.search(rf"`{name}`|^\[?{name}\b", page, re.MULTILINE), name


def test_the_example_dialect_is_told_whole_on_its_page():
    example = (ROOT / "docs" / "examples" / "acme.toml").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "adding-a-dialect.md").read_text(encoding="utf-8")
    for part in example.split("\n\n"):
        if not part.startswith("#"):
            assert part.strip() in page, part


def test_the_example_of_a_format_file_is_told_whole_on_its_page():
    example = (ROOT / "docs" / "examples" / "sessions" / "acme.toml").read_text(encoding="utf-8")
    assert example in (ROOT / "docs" / "sessions.md").read_text(encoding="utf-8")


def test_the_example_dialect_can_be_used():
    dialect = load_dialect("acme", list_dialects([ROOT / "docs" / "examples"]))
    assert dialect.words.token.paths == ("/acme/login",)


def _make(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(project / "docs" / "make.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _copy(source: Path, target: Path) -> None:
    for path in source.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
