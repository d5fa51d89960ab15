"""PostgreSQL's own `pg_dump` and `pg_restore`, run on the database of an address. No password is an argument."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from dragoman.store.faults import StoreFault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dragoman.core.secret import Secret

SERVICE = "dragoman"
"""What the address is called in the file that the programs read it from."""
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
_LONGEST_TOLD = 500


async def find_tool(name: str, least: int) -> str:
    """The program of this name, of at least this major version. Raises StoreFault."""
    found = shutil.which(name)
    if found is None:
        raise StoreFault(
            f"The program {name} is not there: install PostgreSQL's client programs, version {least} or later, and "
            "have PATH lead to them."
        )
    told = await run([found, "--version"])
    version = _VERSION.search(told.decode(errors="replace"))
    if version is None or int(version[1]) < least:
        shown = version[1] if version else "an unknown version"
        raise StoreFault(
            f"{found} is of PostgreSQL {shown}, and the database server of {least}: install client programs of version "
            f"{least} or later, and have PATH lead to them first."
        )
    return found


async def run(
    command: Sequence[str], environment: Mapping[str, str] | None = None, output: int = asyncio.subprocess.PIPE
) -> bytes:
    """What a program prints, unless it goes to the descriptor given. Raises StoreFault with its last words."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=output,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C", **(environment or {})},
    )
    try:
        printed, complaint = await process.communicate()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    if process.returncode != 0:
        lines = complaint.decode(errors="replace").strip().splitlines() or [f"exit status {process.returncode}"]
        raise StoreFault(f"{Path(command[0]).name} failed: {' '.join(lines)[:_LONGEST_TOLD]}")
    return printed or b""


@contextmanager
def connection_environment(url: Secret) -> Iterator[Mapping[str, str]]:
    """How the programs learn where the database is, until the block ends: a private file, and a variable."""
    settings = _settings(url.reveal())
    password = settings.pop("password", None)
    unwritable = [name for name, value in settings.items() if "\n" in value or value != value.strip()]
    if unwritable:
        raise StoreFault(
            f"The address of the database has a {unwritable[0]} that PostgreSQL's programs cannot be told."
        )
    with TemporaryDirectory(prefix="dragoman-") as folder:
        file = Path(folder) / "service"
        file.touch(mode=0o600)
        lines = [f"[{SERVICE}]", *(f"{name}={value}" for name, value in settings.items())]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        environment = {"PGSERVICEFILE": str(file), "PGSERVICE": SERVICE}
        yield environment if password is None else {**environment, "PGPASSWORD": password}


def _settings(url: str) -> dict[str, str]:
    """The parts of the URL under libpq's names."""
    parts = urlsplit(url)
    user, hosts = parts.netloc.rpartition("@")[::2]
    name, _, password = user.partition(":")
    places = [_place(one) for one in hosts.split(",")] if hosts else []
    found = {
        "user": unquote(name),
        "password": unquote(password),
        "host": ",".join(host for host, _ in places),
        "port": ",".join(port for _, port in places) if any(port for _, port in places) else "",
        "dbname": unquote(parts.path.removeprefix("/")),
    }
    return {name: value for name, value in found.items() if value} | dict(parse_qsl(parts.query))


def _place(text: str) -> tuple[str, str]:
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, rest.removeprefix(":")
    host, _, port = text.partition(":")
    return unquote(host), port
