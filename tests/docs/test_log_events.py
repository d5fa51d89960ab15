"""Every event that the log may have stands in the table of docs/operations.md, and nothing else does."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

from dragoman.http.log import LEVELS

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "dragoman"
NAME = re.compile(r"`([a-z_0-9]+)`")


def test_every_event_of_the_log_is_told_and_every_event_told_is_written() -> None:
    written = {event for path in PACKAGE.rglob("*.py") for event in _events(path)}
    assert {"request", "fault", "worker_ended", "mirror_away", "events_lost"} <= written
    assert _told() == written


def _told() -> set[str]:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = text.partition("| `event` | what |\n|---|---|\n")[2].partition("\n\n")[0]
    return {name for row in table.splitlines() for name in NAME.findall(row.split("|")[1])}


def _events(path: Path) -> Iterator[str]:
    """What stands behind a level in a call, and the two events of which `_log` of the mirror writes one or the other."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        for level, event in zip(node.args, node.args[1:], strict=False):
            if isinstance(level, ast.Constant) and level.value in LEVELS:
                yield from _texts(event, path)
        if [ast.unparse(one) for one in node.args[:2]] == ["_log", "log"]:
            yield from (one.value for one in node.args[2:] if isinstance(one, ast.Constant))


def _texts(event: ast.expr, path: Path) -> Iterator[str]:
    if isinstance(event, ast.Constant) and isinstance(event.value, str):
        yield event.value
    elif isinstance(event, ast.Name) and event.id.isupper():
        module = importlib.import_module(".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts))
        yield getattr(module, event.id)
