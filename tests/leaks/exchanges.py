"""What is sent: secrets in every place in which a dialect takes them, and in those in which people put them wrongly."""

from __future__ import annotations

import http.client
import json
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from tests.leaks.cast import CLIENT, NARROW, PERSON, Secrets
from tests.spellings import FORM, WORDS, Spelling, Written, body_of, fill, spellings_of, token_path, write

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dragoman.dialects.schema import DialectFile

Headers = tuple[tuple[str, str], ...]
_TOKENS = ("access_token", "refresh_token")


@dataclass(slots=True, kw_only=True)
class Talk:
    """One dialect's endpoints, what they have answered, and the tokens that they gave out."""

    dialect: str
    port: int
    secrets: Secrets
    statuses: set[int] = field(default_factory=set)
    answers: list[bytes] = field(default_factory=list)
    """Whole, but for the tokens that were asked for."""
    tokens: list[Mapping[str, str]] = field(default_factory=list)
    _connection: http.client.HTTPConnection | None = None

    @property
    def words(self) -> DialectFile:
        """The dialect's."""
        return WORDS[self.dialect]

    def send(self, path: str, written: Written) -> int:
        """One exchange; with every request go secrets in headers that nobody reads."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        address = f"/{self.dialect}{path}"
        if written.query:
            address += "?" + written.query.decode()
        headers = (*written.headers, *self._unread())
        self._connection.putrequest(written.method, address)
        for name, value in (*headers, ("Content-Length", str(len(written.body)))):
            self._connection.putheader(name, value.encode("utf-8"))
        self._connection.endheaders(written.body)
        answer = self._connection.getresponse()
        body = answer.read()
        self.statuses.add(answer.status)
        if answer.status == 200:
            body = self._without_tokens(body)
        self.answers.append(f"{answer.status} {answer.getheaders()}\n".encode() + body)
        return answer.status

    def send_raw(self, text: bytes) -> None:
        """Bytes that are no request."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection, suppress(OSError):
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
            self.answers.append(answer)
            if answer.startswith(b"HTTP/1.1 "):
                self.statuses.add(int(answer[9:12]))

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()

    def _unread(self) -> Headers:
        secrets = self.secrets
        return (
            ("Cookie", f"session={secrets.cookie}"),
            ("Referer", f"https://app.example/?password={secrets.cookie}"),
            ("X-Api-Key", secrets.header),
            ("X-Request-Id", secrets.header),
            ("X-Correlation-Id", f"{secrets.header}\x80"),
            ("Proxy-Authorization", f"Basic {secrets.header}"),
        )

    def _without_tokens(self, body: bytes) -> bytes:
        """The answer without the tokens that were asked for, which are kept."""
        document = json.loads(body) if body[:1] == b"{" else {}
        issued = {name: document[name] for name in _TOKENS if name in document}
        if issued:
            self.tokens.append(issued)
            return json.dumps({name: value for name, value in document.items() if name not in _TOKENS}).encode()
        return body


def log_in(secrets: Secrets, **changed: str) -> dict[str, str]:
    """The parameters of a log-in that succeeds."""
    return {"grant_type": "password", "username": PERSON, "password": secrets.password, "scope": "read", **changed}


def succeed(talk: Talk) -> None:
    """What good clients send, in every spelling: log in, refresh, look, ask, sign out."""
    for spelling in spellings_of(talk.words):
        _post(talk, spelling, log_in(talk.secrets))
        if "refresh_token" in talk.words.grant_types and talk.tokens:
            refresh_token = talk.tokens[-1]["refresh_token"]
            _post(talk, spelling, {"grant_type": "refresh_token", "refresh_token": refresh_token})
        if talk.tokens:
            for path, written in _about(talk, talk.tokens[-1]["access_token"]):
                talk.send(path, written)


def fail(talk: Talk) -> None:
    """What is refused, for every reason that there is."""
    secrets = talk.secrets
    for spelling in spellings_of(talk.words):
        _post(talk, spelling, log_in(secrets, password=secrets.wrong_password))
        _post(talk, spelling, log_in(secrets), secret=secrets.wrong_secret)
        _post(talk, spelling, log_in(secrets, scope="nonsense"))
        _post(talk, spelling, log_in(secrets, grant_type="nonsense"))
        _post(talk, spelling, {"grant_type": "refresh_token", "refresh_token": secrets.refresh_token})
        _post(talk, spelling, {"grant_type": "password", "password": secrets.password})
        for name in ("grant_type", "scope", "username"):
            _post(talk, spelling, log_in(secrets, **{name: secrets.repeated}))
        swapped = write(spelling, log_in(secrets), secrets.client_secret, CLIENT)
        talk.send(token_path(talk.words), swapped)
        for path, written in _about(talk, secrets.token):
            talk.send(path, written)
    _misplace(talk)
    _misshape(talk)
    _overreach(talk)
    for text in _no_requests(talk):
        talk.send_raw(text)


def _post(talk: Talk, spelling: Spelling, fields: Mapping[str, str], *, secret: str | None = None) -> None:
    talk.send(token_path(talk.words), write(spelling, fields, CLIENT, secret or talk.secrets.client_secret))


def _about(talk: Talk, token: str) -> Iterator[tuple[str, Written]]:
    """A token at every other endpoint, in every place."""
    words = talk.words
    spelling = spellings_of(words)[-1]
    own = write(spelling, {"token": token}, CLIENT, talk.secrets.client_secret)
    for path in (*words.introspection.paths[:1], *words.revocation.paths[:1], *words.key.paths[:1]):
        yield fill(path), own
        yield fill(path), Written(method="GET", query=urlencode({"token": token, "access_token": token}).encode())
    for path in map(fill, words.resource.paths[:1]):
        for name in words.resource.headers:
            bearer = ((name, f"{words.resource.schemes[0]} {token}"),)
            yield path, Written(method="GET", headers=bearer)
            yield path, Written(method="POST", headers=bearer)
        yield path, Written(method="GET", query=urlencode({"access_token": token}).encode())
        yield path, Written(method="GET", headers=(("Authorization", token),))


def _misplace(talk: Talk) -> None:
    """Right secrets in wrong places."""
    secrets, path = talk.secrets, token_path(talk.words)
    fields = {**log_in(secrets), "client_id": CLIENT, "client_secret": secrets.client_secret}
    query, body = urlencode(fields).encode(), urlencode(fields).encode()
    form = (("Content-Type", FORM),)
    for method in ("GET", "PUT", "DELETE", "TRACE", "OPTIONS"):
        talk.send(path, Written(method=method, query=query, headers=form, body=body))
    talk.send(path, Written(method="POST", query=query, headers=form, body=body))
    talk.send(f"{path}/{secrets.path}", Written(method="POST", query=query, headers=form, body=body))
    talk.send(f"/{quote(secrets.path)}", Written(method="GET", query=query))
    for name, value in (("Sec-Fetch-Mode", "navigate"), ("X-Forwarded-Proto", "http"), ("Content-Encoding", "gzip")):
        for method in ("GET", "POST"):
            talk.send(path, Written(method=method, query=query, headers=(*form, (name, value)), body=body))


def _misshape(talk: Talk) -> None:
    """Bodies and headers that cannot be read, or are too much."""
    secrets, path = talk.secrets, token_path(talk.words)
    fields = {**log_in(secrets), "client_id": CLIENT, "client_secret": secrets.client_secret}
    for media_type, body in map(body_of, ("form", "json", "multipart"), [fields] * 3):
        header = ("Content-Type", media_type)
        for spoilt in (
            body[:-7],
            body + body,
            body + b"x" * 40_000,
            b"\xff" + body,
            body.replace(b"password", b"password[]"),
        ):
            talk.send(path, Written(method="POST", headers=(header,), body=spoilt))
    whole = urlencode(fields).encode()
    for media_type in ("text/plain", f"text/{secrets.malformed}", f"{FORM}; charset={secrets.malformed}"):
        talk.send(path, Written(method="POST", headers=(("Content-Type", media_type),), body=whole))
    for text in (
        f"Basic {secrets.malformed}",
        f"Bearer {secrets.bearer}",
        f"Digest {secrets.malformed}",
        secrets.bearer,
    ):
        talk.send(path, Written(method="POST", headers=(("Authorization", text), ("Content-Type", FORM)), body=whole))


def _overreach(talk: Talk) -> None:
    """A token whose scope is not enough, and one of nobody's."""
    spelling = spellings_of(talk.words)[0]
    talk.send(token_path(talk.words), write(spelling, log_in(talk.secrets), NARROW, talk.secrets.narrow_secret))
    narrow: Sequence[str] = [talk.tokens[-1]["access_token"]] if talk.tokens else []
    for path in map(fill, talk.words.resource.paths[:1]):
        for token in (*narrow, talk.secrets.bearer):
            talk.send(path, Written(method="POST", headers=(("Authorization", f"Bearer {token}"),)))


def _no_requests(talk: Talk) -> Iterator[bytes]:
    secret = talk.secrets.malformed.encode()
    path = f"/{talk.dialect}{token_path(talk.words)}".encode()
    yield b"POST " + path + b"?password=" + secret + b" HTTX/1.1\r\n\r\n"
    yield b"POST " + path + b" HTTP/1.1\r\nHost: a\r\nAuthorization " + secret + b"\r\n\r\n"
    yield b"POST " + path + b" HTTP/1.1\r\nHost: a\r\nContent-Length: " + secret + b"\r\n\r\n"
    yield b"POST " + path + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\npassword=" + secret
    yield b"POST " + path + b" HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + secret + b"\r\n"
    yield b"POST http://u:" + secret + b"@a" + path + b"?password=" + secret + b" HTTP/1.1\r\nHost: a\r\n\r\n"
    yield (
        b"PROPFIND " + path + b"?password=" + secret + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n" + secret[:3]
    )
    yield (
        b"POST "
        + path
        + b" HTTP/1.1\r\nHost: a\r\nX-Request-Id: "
        + secret
        + b"\r\nContent-Length: 99\r\n\r\n"
        + secret
    )
    for length in (10_000, 70_000):  # a URL that is too long, and a head
        yield b"GET " + path + b"?password=" + secret + b"x" * length + b" HTTP/1.1\r\nHost: a\r\n\r\n"
    yield b"GET " + path + b" HTTP/1.1\r\nHost: a\r\nX: " + secret + b"x" * 70_000 + b"\r\n\r\n"
