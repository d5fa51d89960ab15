"""The contracts' requests as seeds, and requests read back from whatever was made of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from dragoman.dialects.wire import WireRequest
from dragoman.verification.contract import load_contract
from dragoman.verification.message import RequestText, fill_request
from dragoman.verification.placeholder import Known

if TYPE_CHECKING:
    from dragoman.verification.http_exchange import HttpRequest


class Cast(Mapping[str, str]):
    """Values by what a placeholder's name ends with, so that one client and one person play all parts."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> str:
        kind = name.rpartition(".")[2]
        if (
            "." in name
            and name.split(".", maxsplit=1)[0] in ("user", "junhuh", "locked", "disabled", "expired")
            and kind == "id"
        ):
            return self._values["owner"]
        return self._values.get(kind) or self._values["refresh" if "refresh" in name else "access"]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def seeds_of(dialect: str, cast: Mapping[str, str], prefix: str = "") -> list[bytes]:
    """The requests of a dialect's contract: a line, headers, an empty line, a body."""
    known = Known(base_url="http://127.0.0.1", members=Cast(cast), captures=Cast(cast))
    found = []
    for exchange in load_contract(dialect).exchanges:
        if isinstance(exchange.request, RequestText):
            try:
                found.append(_written(fill_request(exchange.request, known), prefix))
            except LookupError:
                continue
    return list(dict.fromkeys(found))


def _written(request: HttpRequest, prefix: str) -> bytes:
    headers = "".join(f"\n{name}: {value}" for name, value in request.headers)
    return f"{request.method} {prefix}{request.target}{headers}\n\n".encode("utf-8", "surrogateescape") + request.body


@dataclass(frozen=True, slots=True)
class Parts:
    """A request as an HTTP server hands it over."""

    method: str
    path: str
    query: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def wire(self) -> WireRequest:
        """As the dialects see it."""
        return WireRequest(
            method=self.method,
            path=self.path,
            query=self.query,
            headers=dict(self.headers[::-1]),
            body=self.body,
            secure=True,
        )


def read_parts(text: bytes) -> Parts:
    """A request from any bytes at all; what no HTTP server would hand over is left out."""
    head, _, body = text.partition(b"\n\n")
    line, *lines = head.split(b"\n")
    method, _, target = line.partition(b" ")
    path, _, query = target.partition(b"?")
    headers = []
    for one in lines:
        name, colon, value = one.partition(b":")
        if colon and name.strip():
            headers.append((name.strip().lower(), value.strip().replace(b"\r", b"").replace(b"\0", b"")))
    return Parts(
        method=method.decode("latin-1") or "POST",
        path=unquote(path.decode("latin-1")) or "/",
        query=query,
        headers=tuple(headers),
        body=body,
    )
