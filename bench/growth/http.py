"""Refreshing and logging in through a whole server when the database grows: `python -m bench.growth --http`.

Two `dragoman serve`, over a thousand grants and people and over a million, are loaded in turns by wrk. Each request is
the refresh of another grant, chosen at random, with the token that it has to present: made here with the server's keys,
as no million people have logged in; or the log-in of somebody, with the cheapest hash, so that what is measured is all
else. Every answer is a new pair of tokens, written durably; anything else ends the run.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote_plus, urlencode

from bench.growth.rounds import POSTGRESQL, ROUNDS, tell
from bench.growth.rows import grants, insert, insert_people
from tests.histories.deployment import deploy
from tests.postgresql import cluster

from dragoman.config.reading import read_configuration
from dragoman.core.model import Client, TokenFacts, TokenId
from dragoman.store.opening import open_tool
from dragoman.wiring.parts import epoch_seconds, load_dialects, open_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.histories.deployment import Deployment

    from dragoman.config.settings import Configuration
    from dragoman.core.model import Grant, GrantId
    from dragoman.core.secret import Secret

SECONDS = 4
CONNECTIONS = 16
_TOKENS = 40_000
"""More than a round can use."""
_CLIENT = "patient"
_LIFETIME = 10**7
_REFRESH, _LOG_IN = "refreshes", "log-ins"
_SCRIPT = """
{before}
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
function request()
  return wrk.format(nil, nil, nil, "{parameters}" .. {further})
end
function response(status, headers, body)
  if status ~= 200 then print(status, body) end
end
"""


@dataclass(slots=True, kw_only=True)
class Server:
    """One of the two, and its grants in an order by chance."""

    folder: Path
    deployment: Deployment
    configuration: Configuration
    ids: Sequence[GrantId]
    used: int = 0
    costs: dict[str, list[float]] = field(default_factory=dict)
    """Microseconds of processor time that the server took for a request, by round: the steadier figure."""

    def load(self, work: str) -> float:
        """Requests per second of one round. Ends the program if one was refused."""
        script = self.folder / "request.lua"
        script.write_text(self._refreshing() if work == _REFRESH else self._logging_in(), encoding="ascii")
        url = f"http://127.0.0.1:{self.deployment.ports[0]}/oauth2/token"
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}", "-s", str(script), url]
        before = self._processor_seconds()
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 (ours)
        found = re.search(r"Requests/sec:\s+([0-9.]+)", told)
        done = re.search(r"(\d+) requests in", told)
        if found is None or done is None or "Non-2xx" in told or "Socket errors" in told:
            sys.exit(f"refused under load:\n{told}")
        cost = (self._processor_seconds() - before) / int(done[1]) * 1e6
        self.costs.setdefault(work, []).append(cost)
        return float(found[1])

    def _refreshing(self) -> str:
        """The script that spends tokens."""
        tokens, sent = self.folder / "tokens", asyncio.run(self._tokens())
        tokens.write_text("\n".join([sent[0], *sent]), encoding="ascii")  # wrk makes one request only to look at it
        parameters = f"grant_type=refresh_token&{self._credentials()}&refresh_token="
        return _SCRIPT.format(before=f'local token = io.lines("{tokens}")', parameters=parameters, further="token()")

    def _logging_in(self) -> str:
        """The script that logs in one of all people, chosen at random."""
        password = quote_plus(self.deployment.apps[0].password)
        parameters = f"grant_type=password&{self._credentials()}&password={password}&username=person+"
        before = f"math.randomseed({random.randrange(1 << 31)})"  # noqa: S311 (load, no secret)
        further = f"math.random(0, {len(self.ids) - 1})"
        return _SCRIPT.format(before=before, parameters=parameters, further=further)

    def _credentials(self) -> str:
        app = next(one for one in self.deployment.apps if one.client_id == _CLIENT)
        return urlencode(app.credentials)

    def _processor_seconds(self) -> float:
        """What all processes of the server have used, in user and kernel: it has a session of its own."""
        process = self.deployment.servers[0].process
        used = 0
        for one in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                after_name = one.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
                if process is not None and int(after_name[3]) == process.pid:
                    used += int(after_name[11]) + int(after_name[12])
        return used / os.sysconf("SC_CLK_TCK")

    async def _tokens(self) -> Sequence[str]:
        """In the order of sending: what is live, then the successor of each, and so on, until there are enough."""
        async with open_tool(self.configuration.location()) as store:
            dialects = load_dialects(self.configuration)
            issuer = open_tokens(self.configuration, dialects, store, epoch_seconds)
            recipe = dialects["standard"].rules.refresh_token
            live = [await store.find_grant(grant_id) for grant_id in self._next_ids()]
            return [
                issuer.write_refresh_token(recipe, _facts(replace(grant, generation=grant.generation + ahead))).reveal()
                for ahead in range(-(-_TOKENS // len(live)))
                for grant in live
                if grant is not None
            ]

    def _next_ids(self) -> Sequence[GrantId]:
        """Of a million, others than the round before; of a thousand, all."""
        first = self.used if self.used + _TOKENS <= len(self.ids) else 0
        self.used = first + _TOKENS
        return self.ids[first : self.used]


def _facts(grant: Grant) -> TokenFacts:
    """Only what a refresh token is made of counts."""
    return TokenFacts(
        issuer="", client=Client(id=_CLIENT, name=""), resource_owner=None, scope=grant.scope, audience=(),
        grant_type="refresh_token", grant=grant, token_id=TokenId(b""), issued_at=epoch_seconds(), expires_at=0,
    )  # fmt: skip


@contextmanager
def _running(folder: Path, database: str, count: int) -> Iterator[Server]:
    """A server over so many grants."""
    folder.mkdir(parents=True)
    deployment = deploy(folder, database=database)
    configuration = read_configuration(deployment.servers[0].configuration)
    now = epoch_seconds()
    ends = {"created_at": now, "expires_at": now + _LIFETIME, "idle_expires_at": now + _LIFETIME}
    location = configuration.location()
    asyncio.run(insert_people(location, count, asyncio.run(_stored_hash(location))))
    made = grants(count, client_id=_CLIENT, **ends)
    ids = list(asyncio.run(insert(location, made)))
    random.shuffle(ids)
    deployment.start()
    try:
        yield Server(folder=folder, deployment=deployment, configuration=configuration, ids=ids)
    finally:
        deployment.kill()


async def _stored_hash(location: Path | Secret) -> str | None:
    """That of the deployment's own person: all others have the same password."""
    async with open_tool(location) as store:
        owner = await store.find_resource_owner("person-1")
        return owner and owner.password_hash


def compare(folder: Path, databases: tuple[str, str], count: int) -> None:
    """Rounds in turns, and what they come to."""
    with _running(folder / "few", databases[0], 1000) as few, _running(folder / "many", databases[1], count) as many:
        for work in (_REFRESH, _LOG_IN):
            for server in (few, many):  # the first round of each finds nothing in memory
                server.load(work)
                server.costs.clear()
            tell(f"{work}, {count} against 1000", [(few.load(work), many.load(work)) for _ in range(ROUNDS)])
            less, more = (statistics.median(one.costs[work]) for one in (few, many))
            print(f"  processor time of the server for one: {more:.0f} against {less:.0f} µs")


def measure(on: Sequence[str], count: int) -> None:
    """Measure and print, on each of these databases."""
    if shutil.which("wrk") is None:
        sys.exit("bench: wrk is not installed; on Debian: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        if "sqlite" in on:
            print(f"SQLite, over HTTP, one worker, {CONNECTIONS} connections")
            compare(Path(folder) / "sqlite", ("dragoman.db", "dragoman.db"), count)
        if "postgresql" in on:
            print("PostgreSQL on the same machine, the same")
            with cluster(**POSTGRESQL) as server, server.new_database() as few, server.new_database() as many:
                urls = server.url(few).reveal(), server.url(many).reveal()
                compare(Path(folder) / "postgresql", urls, count)
