"""The commands of a guide, taken from its page and run in their order, as an operator would."""

from __future__ import annotations

import re
import shlex
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from dragoman.config.reading import read_configuration
from tests.cli.commanding import CHEAP, Outcome, run
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "migrating"
_BLOCKS = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_PATHS = re.compile(r"^(paths = .*)$", re.MULTILINE)
_NEW, _OLD = "http://127.0.0.1:8000", "https://old.example.com"
TOKENS = (
    """CREATE TABLE oauth_access_tokens (id varchar(100) primary key, user_id bigint, client_id varchar(36) not null,
    name varchar(255), scopes text, revoked boolean not null, expires_at timestamp null)""",
    """CREATE TABLE oauth_refresh_tokens (id varchar(100) primary key, access_token_id varchar(100) not null,
    revoked boolean not null, expires_at timestamp null)""",
    "INSERT INTO oauth_access_tokens VALUES ('a1', 10, '2', NULL, '[]', false, '2100-01-01 00:00:00')",
    "INSERT INTO oauth_refresh_tokens VALUES ('r1', 'a1', false, '2100-01-01 00:00:00')",
)
"""One outstanding session of Passport."""


def write_key(folder: Path) -> None:
    """The signing key of a Laravel application, where `passport:keys` puts it."""
    key = generate_private_key(public_exponent=65537, key_size=2048)
    (folder / "storage").mkdir()
    file = folder / "storage" / "oauth-private.key"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    file.chmod(0o600)


def commands_of(guide: str) -> list[str]:
    """Each line of its blocks; what a backslash continues is one."""
    text = (FOLDER / f"{guide}.md").read_text()
    lines = "\n".join(_BLOCKS.findall(text)).replace("\\\n", " ").splitlines()
    return [line for line in lines if line.strip()]


class Walk:
    """A guide that is being followed, in a folder of its own."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, address: str = "") -> None:
        """`address` is what the guide's file of this name holds."""
        self.folder = folder
        self.server = folder / "srv"
        self._patch = patch
        self._address = address
        self._running = ExitStack()
        self._served = ""
        patch.chdir(folder)

    def go(self, guide: str, expected: Mapping[str, int]) -> Iterator[tuple[str, Outcome]]:
        """Each command with its outcome. `expected` is the status of what holds these words, where it is not 0; the last that fits counts."""
        with self._running:
            for line in commands_of(guide):
                words = self._read(line)
                if words is None:
                    continue
                stdin = self._address if words[-2:] == ["<", "address"] else ""
                outcome = run(*(words[:-2] if stdin else words), stdin=stdin)
                likely = [status for part, status in expected.items() if part in line]
                assert outcome.status == ([0, *likely])[-1], (line, outcome.out, outcome.err)
                if words[0] == "init":
                    self._configure(_PATHS.findall((FOLDER / f"{guide}.md").read_text()))
                yield line, outcome

    @property
    def served(self) -> str:
        """Where the server is, once the guide has started it."""
        return self._served

    def _read(self, line: str) -> list[str] | None:
        """The arguments; None where it was done here."""
        words = shlex.split(line.replace("/srv/dragoman", str(self.server)), comments=True)
        if words[0] == "export":
            name, _, value = words[1].partition("=")
            self._patch.setenv(name, value)
            return None
        assert words[0] == "dragoman", f"the guide has a command that no test runs: {line}"
        if words[1] == "serve":
            self._served = self._running.enter_context(serving(read_configuration(self.server / "dragoman.toml")))
            return None
        assert self._served or words[1] != "verify"
        return [word.replace(_NEW, self._served).replace(_OLD, self._served) for word in words[1:]]

    def _configure(self, paths: list[str]) -> None:
        """What the guide says of the mount, and hashes for tests."""
        file = self.server / "dragoman.toml"
        text = file.read_text()
        for line in paths:
            text = text.replace("# paths = {}", line, 1)
        for old, new in CHEAP.items():
            text = text.replace(old, new.replace("info", "error"))
        file.write_text(text)
