"""The page of the packages and their order, made from the import rule and the docstrings."""

from __future__ import annotations

import ast
from configparser import ConfigParser
from pathlib import Path
from typing import TYPE_CHECKING

import dragoman
from making.markdown import code, page, table

if TYPE_CHECKING:
    from collections.abc import Iterator

_SOURCE = Path(dragoman.__file__).parent
_SHOWN_WHOLE = ("core", "store", "wiring")
"""Where a reader begins: what the server may do, and how it is put together."""
_INTRODUCTION = """\
<!-- Made by docs/make.py from .importlinter and the docstrings; do not edit. -->

How a token request goes through the code is told in [concepts](concepts.md#the-life-of-one-token-request). This page
says where things are. Paths are below `src/dragoman/`."""
_ORDER = """\
A package may import what stands in a lower line, and nothing of its own line; `make imports` holds the code to it. So
the rules of OAuth (`core`) know neither HTTP nor a database, and no package below `config` reads a setting: `wiring`
hands it over as a value."""
_ADDITIONS = (
    ("a dialect", "a TOML file in `dialects/`, exchanges in `contracts/`", "[Adding a dialect](adding-a-dialect.md)"),
    ("a grant type", "a module in `grant_types/`", "`core.ports.GrantType`"),
    ("a password hash format", "a module in `hashing/formats/`", "`hashing.format.HashFormat`"),
    ("a token format", "a module in `tokens/access_tokens/` or `tokens/refresh_tokens/`", "`tokens.format`"),
    ("a kind of source for imports", "a module in `importers/kinds/`", "`importers.kind.Kind`"),
    (
        "refresh tokens of a former server",
        "a TOML file in `former_sessions/formats/`",
        "[Session formats](session-formats.md)",
    ),
    ("a command", "a module in `cli/commands/` that offers `command`", "`cli.main`"),
    ("a setting", "a field with a docstring in `config/settings.py`", "[Configuration](configuration.md)"),
    ("a metric", "a line in `metrics/series.py`", "[Metrics](metrics.md)"),
    (
        "a statement",
        "`store/sql/`, in the module named as the one that runs it; `python -m dragoman.store.sql.compilation`",
        "[SQL access](adr/sql-access.md)",
    ),
    ("a change of the schema", "a module in `store/migrations/versions/`", "[PostgreSQL](adr/postgresql.md)"),
)
_ACROSS = "`attacks`, `histories`, `fuzz`, `properties`, `leaks`, `differential`, `clients`"
_BESIDE = (
    ("`contracts/`", "what a server of each dialect must answer, to the byte ([contracts](contracts.md))"),
    ("`tests/`", f"a folder for each package; for what many packages promise together {_ACROSS}"),
    ("`bench/`", "what [performance](performance.md) tells, and the servers beside which it is measured"),
    ("`deploy/`", "files for systemd, containers, compose and Kubernetes ([deployment](deployment.md))"),
    ("`docs/making/`", "what makes pages from the code: `make docs`"),
)


def make_architecture(root: Path) -> str:
    """The page. `root` is the project's folder, where the import rule stands."""
    layers = tuple(_layers(root / ".importlinter"))
    return page(
        "# Architecture",
        _INTRODUCTION,
        "## The packages, from the command line down",
        _ORDER,
        table(("", "package", "what it holds"), _packages(layers)),
        "## Where a new thing goes",
        table(("to add", "write", "more on it"), _ADDITIONS),
        *(part for name in _SHOWN_WHOLE for part in _inside(name)),
        "## Beside the source",
        table(("folder", "what it holds"), _BESIDE),
    )


def _inside(package: str) -> tuple[str, str]:
    return f"## Inside `{package}`", table(("module", "what it holds"), _modules(package))


def _layers(rule: Path) -> Iterator[tuple[str, ...]]:
    read = ConfigParser()
    read.read_string(rule.read_text(encoding="utf-8"))
    for line in read["importlinter:contract:layers"]["layers"].split("\n"):
        if line:
            yield tuple(sorted(name.strip() for name in line.split("|")))


def _packages(layers: tuple[tuple[str, ...], ...]) -> Iterator[tuple[str, str, str]]:
    for number, names in enumerate(layers, 1):
        for name in names:
            yield str(number) if name == names[0] else "", code(f"{name}/"), _meaning(_SOURCE / name / "__init__.py")


def _modules(package: str) -> Iterator[tuple[str, str]]:
    """Its modules, and the packages in it, by name."""
    folder = _SOURCE / package
    found = {path.name: path for path in folder.glob("*.py") if path.stem != "__init__"}
    found |= {f"{path.parent.name}/": path for path in folder.glob("*/__init__.py")}
    for name, path in sorted(found.items()):
        yield code(name), _meaning(path)


def _meaning(path: Path) -> str:
    """The first paragraph of its docstring."""
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n\n")[0]
