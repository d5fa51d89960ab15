"""X09: marked secrets through every dialect and to every outcome, against real processes; then every output is searched.

A worker that is killed writes no output of ours; core files are switched off in deploy/.
"""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dragoman.config.reading import read_configuration
from tests.leaks.cast import CLIENT, PERSON, draw_secrets, provision
from tests.leaks.exchanges import Talk, fail, succeed
from tests.leaks.search import Needles, needles_of, pieces_of, search
from tests.metrics.scraping import metrics_url, scrape
from tests.processes import PROGRAM, ServerProcess, running_server
from tests.spellings import WORDS
from tests.telemetry.collector import running_collector

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.leaks.cast import Secrets

OUTPUTS = ("log", "metrics", "traces", "answers", "files", "processes", "commands")
STEPS = ("before_commit", "after_commit")
FAULTS = {
    "raise": {f"{what}.{step}": "raise" for what in ("password", "refresh", "revoke") for step in STEPS},
    "io-error": {f"{what}.before_commit": "io-error" for what in ("password", "refresh", "revoke")},
    "slow": {f"{what}.before_commit": "sleep:30" for what in ("password", "refresh", "revoke")},
}
COMMANDS = (
    ("doctor",),
    ("token", "report"),
    ("token", "report", "--json"),
    ("token", "list", "--client", CLIENT),
    ("client", "list"),
    ("client", "show", CLIENT, "--json"),
    ("user", "show", PERSON, "--json"),
    ("audit", "tail", "-n", "1000000"),
    ("audit", "search", "--json"),
    ("audit", "export", "--format", "csv"),
    ("audit", "verify"),
)


@dataclass(slots=True)
class Story:
    """What was sent, and all that came out."""

    secrets: Secrets
    folder: Path
    statuses: dict[tuple[str, str], set[int]] = field(default_factory=dict)
    """By phase and dialect."""
    outputs: dict[str, bytes] = field(default_factory=lambda: dict.fromkeys(OUTPUTS, b""))
    tokens: dict[str, list[Mapping[str, str]]] = field(default_factory=dict)
    """Those that were issued, by dialect; a later phase goes on with them."""

    def keep(self, output: str, *texts: bytes) -> None:
        """Add to an output."""
        self.outputs[output] += b"\n".join((*texts, b""))

    def looked_for(self) -> dict[str, tuple[bytes, ...]]:
        """The pieces of each secret; of a token its end, which nobody can guess: a JWT's beginning is no secret."""
        own = {name: pieces_of(getattr(self.secrets, name)) for name in self.secrets.__dataclass_fields__}
        issued = {
            f"{name} {number}": pieces_of(token[-20:])
            for number, one in enumerate(one for issued in self.tokens.values() for one in issued)
            for name, token in one.items()
        }
        return {**own, **issued}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """One installation, served five times: whole, throttled, with faults, with a store that fails, slowly, and without tables."""
    folder = tmp_path_factory.mktemp("leaks")
    secrets = draw_secrets("secrets that must not leak")
    file = write_configuration(folder)
    provision(read_configuration(file), secrets)
    told = Story(secrets, folder)
    with running_collector() as collector:
        tracing = {**collector.environment, "DRAGOMAN_TELEMETRY__ADDRESSES": "true"}
        with running_server(file, workers=2, environment={"DRAGOMAN_METRICS__PORT": "0", **tracing}) as server:
            _talk(told, server, "whole", succeed, fail)
            told.keep("metrics", scrape(server).text.encode(), metrics_url(server).encode())
            told.keep("commands", *_commands(file))
            _look_at(told, server)
        with running_server(file, environment={"DRAGOMAN_THROTTLE__ADDRESS_FAILURES": "1", **tracing}) as server:
            _talk(told, server, "throttled", fail)
            _look_at(told, server)
        for name, points in FAULTS.items():
            failing = ",".join(f"{point}={action}" for point, action in points.items())
            with running_server(file, environment={"DRAGOMAN_FAILPOINTS": failing, **tracing}) as server:
                _talk(told, server, name, succeed)
                _look_at(told, server)
        told.keep("traces", *collector.raw)
    with running_server(file) as server:
        with closing(sqlite3.connect(folder / "dragoman.db")) as connection, connection:
            connection.executescript("PRAGMA foreign_keys = OFF; DROP TABLE login_names; DROP TABLE grants")
        _talk(told, server, "without tables", succeed)
        _look_at(told, server)
    return told


@pytest.fixture(scope="module")
def needles(story: Story) -> Needles:
    return needles_of(story.looked_for())


def write_configuration(folder: Path) -> Path:
    mounts = "".join(
        f'[[mounts]]\ndialect = "{name}"\nprefix = "/{name}"\ndemo_resource = true\nshared_key = "shown"\n'
        for name in WORDS
    )
    file = folder / "dragoman.toml"
    file.write_text(
        f'client_cache_seconds = 0\n{mounts}[passwords]\nmemory_kib = 8\niterations = 1\n[log]\nlevel = "debug"\n'
        "[throttle]\naccount_failures = 1000\naccount_limit = 1000\naddress_failures = 1000\n"
    )
    return file


def _talk(told: Story, server: ServerProcess, phase: str, *acts: Callable[[Talk], None]) -> None:
    for dialect in WORDS:
        kept = told.tokens.setdefault(dialect, [])
        talk = Talk(dialect=dialect, port=server.port, secrets=told.secrets, tokens=kept)
        for act in acts:
            act(talk)
        talk.close()
        told.statuses[phase, dialect] = talk.statuses
        told.keep("answers", *talk.answers)


def _look_at(told: Story, server: ServerProcess) -> None:
    """What the system shows of the processes while they live; files and log when they have ended."""
    pids = [server.process.pid, *server.workers]
    shown = [Path(f"/proc/{pid}/{name}") for pid in pids for name in ("cmdline", "environ", "comm", "status", "maps")]
    told.keep("processes", *(path.read_bytes() for path in shown))
    told.keep("files", *_files(told.folder, "*-wal"))
    server.stop()
    told.keep("files", *_files(told.folder, "*"))
    told.keep("log", server.log.read_bytes())


def _files(folder: Path, pattern: str) -> list[bytes]:
    """The database, what belongs to it, and whatever else is there; the log is an output of its own."""
    return [path.read_bytes() for path in sorted(folder.rglob(pattern)) if path.is_file() and path.name != "serve.log"]


def _commands(file: Path) -> list[bytes]:
    ended = [
        subprocess.run([*PROGRAM, *command, "--config", str(file)], capture_output=True, check=False, timeout=60)
        for command in COMMANDS
    ]
    assert all(b"Usage" not in one.stderr for one in ended), [one.stderr for one in ended]
    return [one.stdout + one.stderr for one in ended]


@pytest.mark.parametrize("output", OUTPUTS)
def test_x09_no_secret_is_in_any_output(story: Story, needles: Needles, output: str):
    text = story.outputs[output]
    assert text.strip(), "there is nothing to search"
    allowed = {"repeated"} if output == "answers" else set()
    assert {one for one in search({output: text}, needles) if one.secret not in allowed} == set()


@pytest.mark.parametrize("dialect", WORDS)
def test_x09_every_outcome_was_there(story: Story, dialect: str):
    whole = story.statuses["whole", dialect]
    assert whole >= {200, 400, 401, 404, 413, 414, 415, 431}
    assert 405 in whole or dialect == "jmondi-4", "its router knows no such route"
    assert (503 if dialect == "axosoft" else 429) in story.statuses["throttled", dialect], "its document says which"
    assert 500 in story.statuses["raise", dialect]
    assert 503 in story.statuses["io-error", dialect]
    assert 200 in story.statuses["slow", dialect]
    assert 500 in story.statuses["without tables", dialect]
    assert not {500, 503} & whole


def test_x09_refusals_of_every_kind_were_there(story: Story):
    seen = set().union(*(found for (phase, _), found in story.statuses.items() if phase == "whole"))
    assert seen >= {200, 400, 401, 403, 404, 405, 413, 415}
    assert all(story.tokens.values())
    for event in (
        b'"request"',
        b'"request_cut_off"',
        b'"audit"',
        b'"fault"',
        b'"outcome":"browser_navigation"',
        b"Traceback",
    ):
        assert event in story.outputs["log"]
    for told in (b'"outcome":"transport_not_secure"', b'"because":"hung_up"', b'"because":"unacceptable"'):
        assert told in story.outputs["log"]
    assert b'"refusal":"body_too_large"' in story.outputs["files"]
    for outcome in (b"wrong_credentials", b"malformed_request", b"server_error", b"temporarily_unavailable"):
        assert outcome in story.outputs["traces"]


def test_x09_the_search_would_have_found_them(story: Story, needles: Needles):
    """The same outputs, with each secret put in once, as a log that is broken would have it."""
    for output, text in story.outputs.items():
        for name in story.secrets.__dataclass_fields__:
            spoilt = text + f'{{"event": "request", "query": "{getattr(story.secrets, name)}"}}'.encode()
            assert name in {one.secret for one in search({output: spoilt[-4096:]}, needles)}
