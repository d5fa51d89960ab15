"""Without `dragoman[telemetry]`: nothing of it is loaded unless it is configured, and then one sentence says it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.processes import running_server, started_process
from tests.telemetry.test_spans import ask

if TYPE_CHECKING:
    from tests.cli.commanding import Folder
    from tests.telemetry.collector import Collector

BLOCKED = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"opentelemetry", "requests", "google"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
from dragoman.cli.main import main
main()
"""
PROTOBUF = "google/_upb"
"""A library that belongs to the extra and shows in a process's memory."""
ENDPOINT = {"DRAGOMAN_TELEMETRY__ENDPOINT": "https://collector.example.com/v1/traces"}


def run(folder: Folder, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BLOCKED, *command, "--config", str(folder.file)],
        capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "DRAGOMAN_SERVER__PORT": "0", **environment},
    )  # fmt: skip


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_that_is_to_trace_refuses_to_start_with_a_sentence(folder: Folder, workers: str):
    ended = run(folder, "serve", "--workers", workers, **ENDPOINT)
    assert ended.returncode == 2
    assert ended.stderr.startswith("dragoman: telemetry.endpoint is set, but what sends traces is not installed")
    assert "install dragoman[telemetry], or take the setting out" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_the_doctor_says_so(folder: Folder):
    ended = run(folder, "doctor", **ENDPOINT)
    assert ended.returncode == 1
    assert "install dragoman[telemetry]" in ended.stdout
    assert "telemetry" not in run(folder, "doctor").stdout


def test_the_doctor_says_where_spans_go(folder: Folder, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(*next(iter(ENDPOINT.items())))
    told = folder.run("doctor").out
    assert "spans go to https://collector.example.com/v1/traces" in told


def test_a_server_that_does_not_trace_has_none_of_it_in_memory(folder: Folder):
    with running_server(folder.file, workers=1) as server:
        assert ask(server, "GET", "/.well-known/jwks.json").status == 200
        [worker] = server.workers
        assert PROTOBUF not in Path(f"/proc/{worker}/maps").read_text(encoding="utf-8")


def test_the_look_into_memory_would_have_found_it(folder: Folder, collector: Collector):
    with running_server(folder.file, workers=1, environment=collector.environment) as server:
        [worker] = server.workers
        assert PROTOBUF in Path(f"/proc/{worker}/maps").read_text(encoding="utf-8")
        assert PROTOBUF not in Path(f"/proc/{server.process.pid}/maps").read_text(encoding="utf-8"), "the parent forks"


def test_a_variable_of_opentelemetry_that_cannot_be_used_is_a_sentence(folder: Folder, collector: Collector):
    unusable = {**collector.environment, "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "hidden"}
    with started_process(folder.file, environment=unusable) as server:
        assert server.wait() == 2
        assert "a variable of OpenTelemetry's (OTEL_…) cannot be used" in server.told
        assert "hidden" not in server.told
        assert "Traceback" not in server.told


@pytest.mark.parametrize(
    "endpoint",
    [
        "collector.example.com",
        "grpc://collector.example.com",
        "https://user:hidden-word@collector.example.com/v1/traces",
        "https://collector.example.com/v1/traces?token=hidden-word",
        "https:///v1/traces",
    ],
)
def test_an_endpoint_that_is_none_or_holds_a_secret_is_refused_and_not_repeated(folder: Folder, endpoint: str):
    ended = run(folder, "serve", DRAGOMAN_TELEMETRY__ENDPOINT=endpoint)
    assert ended.returncode == 2
    assert "telemetry.endpoint: " in ended.stderr
    assert "hidden-word" not in ended.stderr
