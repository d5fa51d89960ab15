"""Each dialect beside `standard`, asked as its own document asks: `make bench-dialects`, and a part of `make bench`."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from bench.load import Request, check_generator, run
from bench.machine import free_port, started
from bench.systems.system import SESSIONS, basic, several

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_CONNECTIONS = 16
_BOUNDARY = "----FormBoundary7MA4YWxkTrZu0gW"
_PASSWORD, _CLIENT, _REFRESH = "password", "client_credentials", "refresh_token"
_STANDARD = "standard"
_OWN_ALGORITHM = {"jobspace": "RS256"}
"""Dialects whose access tokens cost a dearer signature than the default: beside these `standard` signs so, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One kind of request in one dialect, and the same in `standard`, in turns."""

    dialect: str
    grant_type: str
    requests_per_second: float
    standard: float
    ratio: float
    """The median of the rounds."""
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of the demo: a dialect's client and its user."""

    token_url: str
    client_id: str
    client_secret: str
    username: str
    password: str
    scope: str

    def fields(self, grant_type: str) -> dict[str, str]:
        """What the grant takes, without the client's credentials."""
        fields = {"grant_type": grant_type}
        if grant_type == _REFRESH:
            return {**fields, "refresh_token": "TOKEN"}
        if grant_type == _PASSWORD:
            fields |= {"username": self.username, "password": self.password}
        return {**fields, "scope": self.scope} if self.scope else fields

    @property
    def path(self) -> str:
        """Of its token endpoint."""
        return urlsplit(self.token_url).path

    @property
    def credentials(self) -> dict[str, str]:
        """As two parameters."""
        return {"client_id": self.client_id, "client_secret": self.client_secret}

    @property
    def basic(self) -> Mapping[str, str]:
        """As a header."""
        return basic(self.client_id, self.client_secret)


def _form(member: Member, grant_type: str) -> Request:
    return Request(path=member.path, body=urlencode(member.fields(grant_type)), headers=member.basic)


def _form_with_client(member: Member, grant_type: str) -> Request:
    return Request(path=member.path, body=urlencode({**member.fields(grant_type), **member.credentials}))


def _multipart(member: Member, grant_type: str) -> Request:
    parts = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in {**member.fields(grant_type), **member.credentials}.items()
    )
    media_type = f"multipart/form-data; boundary={_BOUNDARY}"
    return Request(path=member.path, body="".join(parts) + f"--{_BOUNDARY}--\r\n", headers={"Content-Type": media_type})


def _query(member: Member, grant_type: str) -> Request:
    return Request(path=f"{member.path}?{urlencode(member.fields(grant_type))}", method="POST", headers=member.basic)


def _query_with_client(member: Member, grant_type: str) -> Request:
    return Request(path=f"{member.path}?{urlencode({**member.fields(grant_type), **member.credentials})}")


DIALECTS: Mapping[str, tuple[Callable[[Member, str], Request], tuple[str, ...]]] = {
    _STANDARD: (_form, (_PASSWORD, _CLIENT, _REFRESH)),
    "jobspace": (_multipart, (_PASSWORD, _CLIENT, _REFRESH)),
    "jmondi": (_form_with_client, (_PASSWORD, _CLIENT, _REFRESH)),
    "paymentiq": (_query, (_PASSWORD, _CLIENT, _REFRESH)),
    "kabbage": (_form, (_PASSWORD, _CLIENT, _REFRESH)),
    "axosoft": (_query_with_client, (_PASSWORD,)),
}
"""How each document has its clients ask, and for what."""


def measure(folder: Path, rounds: int, seconds: int) -> Sequence[Comparison]:
    """All dialects. `folder` is made if it is not there."""
    compared = []
    for number, algorithm in enumerate((None, *sorted(set(_OWN_ALGORITHM.values())))):
        with _demo(folder / f"demo-{number}", algorithm) as (base, members):
            for dialect, (_, grant_types) in DIALECTS.items():
                if dialect != _STANDARD and _OWN_ALGORITHM.get(dialect) == algorithm:
                    compared += [_compare(base, members, dialect, one, (rounds, seconds)) for one in grant_types]
    return compared


def _compare(
    base: str, members: Mapping[str, Member], dialect: str, grant_type: str, extent: tuple[int, int]
) -> Comparison:
    rounds, seconds = extent
    pairs = [
        [_rate(base, _requested(base, members, one, grant_type), seconds) for one in (dialect, _STANDARD)]
        for _ in range(rounds)
    ]
    ours, theirs = zip(*pairs, strict=True)
    ratios = [one / other for one, other in pairs]
    return Comparison(
        dialect=dialect,
        grant_type=grant_type,
        requests_per_second=statistics.median(ours),
        standard=statistics.median(theirs),
        ratio=statistics.median(ratios),
        lowest=min(ratios),
        highest=max(ratios),
    )


def _requested(base: str, members: Mapping[str, Member], dialect: str, grant_type: str) -> Request:
    write = DIALECTS[dialect][0]
    request = write(members[dialect], grant_type)
    if grant_type != _REFRESH:
        return request
    port = urlsplit(base).port or 0
    tokens = several(port, write(members[dialect], _PASSWORD), SESSIONS, "refresh_token")
    return Request(
        path=request.path,
        body=request.body,
        headers=request.headers,
        method=request.method,
        tokens=tokens,
        spends=True,
    )


def _rate(base: str, request: Request, seconds: int) -> float:
    measured = run(base, request, _CONNECTIONS, seconds)
    if measured.failed:
        sys.exit(f"bench: {measured.failed} answers of {request.path} were refused")
    return measured.requests_per_second


@contextmanager
def _demo(folder: Path, algorithm: str | None) -> Iterator[tuple[str, Mapping[str, Member]]]:
    folder.mkdir(parents=True)
    port, told = free_port(), folder / "data" / "demo.json"
    command = (str(Path(sys.executable).with_name("dragoman")), "demo", "--port", str(port), "--data", str(told.parent))
    environment = {} if algorithm is None else {"DRAGOMAN_SIGNING_ALGORITHM": algorithm}
    with started(*command, log=folder / "demo.log", environment=environment):
        while not told.exists():
            time.sleep(0.01)
        cast = json.loads(told.read_bytes())["dialects"]
        names = Member.__dataclass_fields__
        members = {name: Member(**{field: one[field] for field in names}) for name, one in cast.items()}
        yield f"http://127.0.0.1:{port}", members


def as_text(compared: Sequence[Comparison]) -> str:
    """A table (Markdown)."""
    lines = ["| dialect | grant type | requests/s | `standard` | ratio | spread |", "|---|---|--:|--:|--:|---|"]
    lines += [
        f"| {one.dialect} | {one.grant_type} | {one.requests_per_second:,.0f} | {one.standard:,.0f} "
        f"| {one.ratio:.2f} | {one.lowest:.2f} to {one.highest:.2f} |"
        for one in compared
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench.dialects", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="for so long each time")
    chosen = parser.parse_args()
    check_generator()
    with tempfile.TemporaryDirectory() as folder:
        print(as_text(measure(Path(folder), chosen.rounds, chosen.seconds)))


if __name__ == "__main__":
    main()
