"""Commands run as an operator runs them: arguments and standard input in; status and both outputs back."""

from __future__ import annotations

import io
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from dragoman.cli.main import main
from tests import posting

PROGRAM = [sys.executable, "-c", "from dragoman.cli.main import main; main()"]
CHEAP = {
    "# memory_kib = 19456": "memory_kib = 8",
    "# iterations = 2": "iterations = 1",
    '# level = "info"': 'level = "info"',
}

STORED = ("--token-format", "opaque", "--scope", "x" * 200)
"""A client whose access tokens are stored, so that each of them is a write: sealed they would be too long."""


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def fault(self) -> str:
        """The one sentence of a refused command."""
        assert self.status == 2, self.err
        assert self.out == ""
        assert "Traceback" not in self.err
        lines = self.err.splitlines()
        assert len(lines) == 1
        assert lines[0].startswith("dragoman: ")
        return lines[0].removeprefix("dragoman: ")


def run(*arguments: object, stdin: str = "") -> Outcome:
    """The command in this process, through the door that the installed program has."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    given = io.TextIOWrapper(io.BytesIO(stdin.encode("utf-8", "surrogateescape")), encoding="utf-8")
    with (
        mock.patch.object(sys, "argv", ["dragoman", *map(str, arguments)]),
        mock.patch.object(sys, "stdin", given),
        mock.patch.object(sys, "stdout", out),
        mock.patch.object(sys, "stderr", err),
    ):
        try:
            main()
        except SystemExit as exit_:
            status = exit_.code
    told = []
    for stream in (out, err):
        stream.flush()
        told.append(stream.buffer.getvalue().decode())
    return Outcome(status, *told)


@dataclass(frozen=True)
class Folder:
    """A folder that `dragoman init` made, with the cheapest hashes and any free port."""

    path: Path

    @property
    def file(self) -> Path:
        return self.path / "dragoman.toml"

    def copied_to(self, path: Path) -> Folder:
        """Another one with the same keys: much cheaper to have than one that is made anew."""
        return Folder(Path(shutil.copytree(self.path, path)))

    def run(self, *arguments: object, stdin: str = "") -> Outcome:
        return run(*arguments, "--config", self.file, stdin=stdin)

    def done(self, *arguments: object, stdin: str = "") -> Outcome:
        outcome = self.run(*arguments, stdin=stdin)
        assert outcome.status == 0, outcome.err
        return outcome

    def change(self, **texts: str) -> None:
        """Put a line of the configuration in place of the commented one of that setting."""
        lines = self.file.read_text().splitlines()
        for name, text in texts.items():
            places = [number for number, line in enumerate(lines) if line.lstrip("# ").startswith(f"{name} =")]
            lines[places[0]] = text
        self.file.write_text("\n".join(lines) + "\n")

    def private_file(self, content: bytes | str) -> Path:
        """A key as it comes from another server."""
        path = self.path / "brought.key"
        path.unlink(missing_ok=True)
        path.touch(0o600)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def client(self, client_id: str, *more: object) -> str:
        """A new client's secret."""
        return self.done("client", "create", client_id, "--json", *more).json["secret"]

    def user(self, username: str, *more: object, password: str = "correct horse") -> dict:
        return self.done("user", "create", username, "--password-stdin", "--json", *more, stdin=password).json


def make_folder(path: Path, *more: object) -> Folder:
    outcome = run("init", path, *more)
    assert outcome.status == 0, outcome.err
    folder = Folder(path)
    text = folder.file.read_text()
    for old, new in CHEAP.items():
        assert old in text
        text = text.replace(old, new)
    folder.file.write_text(text)
    if "--port" not in more:
        folder.change(port="port = 0")  # whoever runs beside this test may have the usual one
    return folder


def post(url: str, client: tuple[str, str], **fields: str) -> tuple[int, dict]:
    """A form with Basic credentials, as curl -u sends it."""
    return posting.post(url, ":".join(client), **fields)
