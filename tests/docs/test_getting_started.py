"""The page for who begins: each of its commands, run by a shell in their order, ends with somebody logged in."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from tests.processes import PROGRAM, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[2] / "docs" / "getting-started.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
SECRET = re.compile(r"shown this once: (\S+)")
ADDRESS, PRINTED = "http://127.0.0.1:8000", "the secret that was printed"
ASKED = "dragoman user create ann"


class Reader:
    """Whoever follows the page: a shell that begins each block where the one before it ended."""

    def __init__(self, folder: Path) -> None:
        programs = folder / "bin"
        programs.mkdir()
        (programs / "dragoman").write_text(f'#!/bin/sh\nexec {shlex.join(PROGRAM)} "$@"\n')
        (programs / "dragoman").chmod(0o755)
        self._environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(folder)}
        self._folder = folder
        self._set = ""

    def run(self, block: str) -> str:
        """What its commands print, none of which fails."""
        script = f"{self._set}\n{block}\npwd > {self._folder}/stands"
        ended = subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", script], cwd=self.stands, env=self._environment,
            input="three words of ann\n", capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, (block, ended.stdout, ended.stderr)
        if block.startswith("SECRET="):
            self._set = block
        return ended.stdout

    @property
    def stands(self) -> Path:
        """The folder that it has gone to."""
        noted = self._folder / "stands"
        return Path(noted.read_text().strip()) if noted.exists() else self._folder


def follow(folder: Path) -> Iterator[tuple[str, str]]:
    """Each block with what it printed; where the page knows an address or a secret, those that there are."""
    reader, known = Reader(folder), {ASKED: f"{ASKED} --password-stdin"}
    with ExitStack() as running:
        for text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
            block = text
            for name, there in known.items():
                block = block.replace(name, there)
            if block == "dragoman serve\n":
                server = running.enter_context(running_server(reader.stands / "dragoman.toml"))
                known[ADDRESS] = server.base_url
                continue
            printed = reader.run(block)
            secret = SECRET.search(printed)
            known |= {} if secret is None else {PRINTED: secret[1]}
            yield block, printed


def test_whoever_follows_the_page_for_beginners_has_a_server_and_is_logged_in(tmp_path: Path) -> None:
    printed = dict(follow(tmp_path))
    (answer,) = (json.loads(one) for block, one in printed.items() if "grant_type=password" in block)
    assert answer["token_type"] == "Bearer"
    assert answer["scope"] == "read write"
    assert answer["refresh_token"].startswith("dgr_")
    (told,) = (one for block, one in printed.items() if "token list" in block)
    assert "1042" in told
    assert "live" in told
