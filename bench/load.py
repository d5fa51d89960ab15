"""Load by wrk (https://github.com/wg/wrk): an external generator, so that nothing of ours measures itself."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_RESULT = "RESULT "
_DONE = """
done = function(summary, latency, _requests)
  local e = summary.errors
  io.write(string.format('RESULT {"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"failed":%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.status + e.connect + e.read + e.write + e.timeout))
end
"""
_SAME = """
wrk.method, wrk.body = METHOD, BODY
for name, value in pairs(HEADERS) do wrk.headers[name] = value end
"""
_EACH = """
local tokens, first, last = {}, 1, 0
for line in io.lines(TOKENS) do last = last + 1; tokens[last] = line end
request = function()
  local token = tokens[first]
  if token == nil then wrk.thread:stop(); token = "none-left" end
  tokens[first] = nil
  first = first + 1
  if CYCLE then last = last + 1; tokens[last] = token end
  return wrk.format(METHOD, (PATH:gsub("TOKEN", token)), HEADERS, BODY and (BODY:gsub("TOKEN", token)))
end
if not CYCLE then
  response = function(_status, _headers, body)
    local token = body:match('"refresh_token": ?"([^"]+)"')
    if token ~= nil then last = last + 1; tokens[last] = token end
  end
end
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent over and over."""

    path: str
    body: str = ""
    """A form. `TOKEN` in it, or in the path, is the next of `tokens`."""
    method: str = ""
    """Where it is not told by the body: with one a POST, without a GET."""
    headers: Mapping[str, str] = field(default_factory=dict)
    tokens: tuple[str, ...] = ()
    spends: bool = False
    """Whether a token is good once, and its successor stands in the answer."""

    @property
    def verb(self) -> str:
        """The method that is sent."""
        return self.method or ("POST" if self.body else "GET")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run."""

    requests_per_second: float
    p50: float
    """Milliseconds."""
    p99: float
    """Milliseconds."""
    requests: int
    failed: int


def check_generator() -> None:
    """End with a sentence where wrk is missing."""
    if shutil.which("wrk") is None:
        sys.exit("bench: wrk is not installed; on Debian: apt-get install wrk")


def run(base: str, request: Request, connections: int, seconds: int) -> Measured:
    """Send it on so many connections for so long."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "request.lua"
        tokens = Path(folder) / "tokens"
        tokens.write_text("\n".join(request.tokens), encoding="ascii")
        script.write_text(_script(request, tokens), encoding="utf-8")
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(script)]
        told = subprocess.run([*command, base + request.path], capture_output=True, text=True, check=False)  # noqa: S603
    lines = [line for line in told.stdout.splitlines() if line.startswith(_RESULT)]
    if not lines:
        sys.exit(f"bench: wrk failed: {(told.stdout + told.stderr)[:300]}")
    found = json.loads(lines[-1].removeprefix(_RESULT))
    return Measured(
        requests_per_second=(found["requests"] - found["failed"]) / found["microseconds"] * 1e6,
        p50=found["p50"] / 1000,
        p99=found["p99"] / 1000,
        requests=found["requests"],
        failed=found["failed"],
    )


def _script(request: Request, tokens: Path) -> str:
    headers = dict(request.headers)
    if request.body:
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    settings = {
        "METHOD": _quoted(request.verb),
        "PATH": _quoted(request.path),
        "BODY": _quoted(request.body) if request.body else "nil",
        "HEADERS": "{" + ",".join(f"[{_quoted(name)}]={_quoted(value)}" for name, value in headers.items()) + "}",
        "TOKENS": _quoted(str(tokens)),
        "CYCLE": "false" if request.spends else "true",
    }
    head = "".join(f"local {name} = {value}\n" for name, value in settings.items())
    return head + (_EACH if request.tokens else _SAME) + _DONE


def _quoted(text: str) -> str:
    """A Lua string, whatever is in the text."""
    return '"' + "".join(f"\\{byte:03d}" for byte in text.encode()) + '"'
