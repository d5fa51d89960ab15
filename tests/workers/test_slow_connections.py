"""F25: a thousand connections that do not get on, beside a client that does; and one that is not read.

The deadlines are a second each; what is shown is that they hold, and that who is served is served.
"""

from __future__ import annotations

import resource
import select
import socket
import ssl
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.certificates import write_certificate
from tests.processes import running_server, wait_until
from tests.workers.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.cli.commanding import Folder

NUMBER = 1000
HEAD = b"POST /oauth2/token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
DEADLINES = {"head_seconds": 1, "body_seconds": 1, "answer_seconds": 1}
LIVE = b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"
KEYS = b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture(autouse=True)
def many_files() -> Iterator[None]:
    """Enough for all connections of a test, and for those of the server that it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def settings(**seconds: int) -> dict[str, str]:
    """As an environment that the server is started with."""
    return {f"DRAGOMAN_SERVER__{name.upper()}": str(value) for name, value in {**DEADLINES, **seconds}.items()}


@contextmanager
def opened(port: int, number: int, first: bytes) -> Iterator[list[socket.socket]]:
    """So many connections, on each of which this was sent."""
    with ExitStack() as stack:
        connections = []
        for _ in range(number):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
            connection.setblocking(False)
            connection.sendall(first)
            connections.append(connection)
        yield connections


def trickle_until_all_are_gone(connections: Sequence[socket.socket], piece: bytes) -> list[bytes]:
    """Send this on each of them again and again; what came back on each until the server hung up."""
    received = dict.fromkeys(connections, b"")
    left, until = set(connections), time.monotonic() + 90
    poll = select.poll()
    by_descriptor = {connection.fileno(): connection for connection in connections}
    for connection in connections:
        poll.register(connection, select.POLLIN)
    while left:
        assert time.monotonic() < until, f"{len(left)} are still there"
        for descriptor, _ in poll.poll(200):
            connection = by_descriptor[descriptor]
            try:
                chunk = connection.recv(4096)
            except ConnectionResetError:
                chunk = b""
            received[connection] += chunk
            if not chunk:
                left.discard(connection)
                poll.unregister(connection)
        for connection in left:
            if piece:
                with suppress_gone():
                    connection.send(piece)
    return list(received.values())


@contextmanager
def suppress_gone() -> Iterator[None]:
    try:
        yield
    except (ConnectionResetError, BrokenPipeError, BlockingIOError):
        return


SLOW = {
    "silent": (b"", b"", "silent", b""),
    "only line ends": (b"", b"\r\n", "silent", b""),
    "slow head": (b"GET / HTTP/1.1\r\n", b"X: a\r\n", "slow_head", b"HTTP/1.1 408 "),
    "slow body": (HEAD + b"Content-Length: 9999\r\n\r\n", b"a", "slow_body", b"HTTP/1.1 408 "),
    "slow chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n", "slow_body", b"HTTP/1.1 408 "),
    "no body at all": (HEAD + b"Content-Length: 9999\r\n\r\n", b"", "slow_body", b"HTTP/1.1 408 "),
    "slow after an answer": (LIVE + b"GET", b"", "slow_head", b"HTTP/1.1 200 "),
}


@pytest.mark.parametrize("name", SLOW)
def test_f25_a_thousand_slow_connections_are_gone_in_time_and_who_is_not_slow_is_served(
    folder: Folder, shop: tuple[str, str], name: str
):
    first, piece, told, answer = SLOW[name]
    with running_server(folder.file, environment=settings(), files=2048) as server:
        with load(server.port, shop, clients=2) as under_way, opened(server.port, NUMBER, first) as connections:
            received = trickle_until_all_are_gone(connections, piece)
            under_way.wait_for_more(20)
        assert (under_way.failed(), under_way.refused()) == ([], [])
        assert all(one.startswith(answer) for one in received if one)
        assert sum(one.startswith(answer) for one in received) > NUMBER * 0.9  # a reset may overtake an answer
        assert server.stop() == 0
        assert sum(line.get(told, 0) for line in server.events("connections_ended")) == NUMBER
        assert server.events("fault") == []
        assert {line["status"] for line in server.events("request")} <= {200}
        cut_off = [line["because"] for line in server.events("request_cut_off")]
        assert cut_off == ["slow_body"] * (NUMBER if told == "slow_body" else 0)


def test_f25_who_takes_no_answer_is_dropped_and_the_next_one_is_served(folder: Folder, shop: tuple[str, str]):
    with running_server(folder.file, environment=settings()) as server:
        with load(server.port, shop, clients=2) as under_way, ExitStack() as stack:
            for _ in range(3):
                greedy = stack.enter_context(socket.socket())
                greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                greedy.connect(("127.0.0.1", server.port))
                greedy.setblocking(False)
                ask_and_never_read(greedy)
            under_way.wait_for_more(20)
        assert (under_way.failed(), under_way.refused()) == ([], [])
        assert server.stop() == 0
        assert sum(line.get("unread", 0) for line in server.events("connections_ended")) == 3
        assert "Traceback" not in server.told


def ask_and_never_read(connection: socket.socket) -> None:
    """Until the server has had enough; never so many at once that this alone would be too much."""
    with pytest.raises((ConnectionResetError, BrokenPipeError)):  # noqa: PT012 (any of many)
        while True:
            if select.select([], [connection], [], 0.01)[1]:
                connection.send(KEYS * 2)
            time.sleep(0.005)  # for the server to answer these first


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_f25_however_fast_it_was_before_little_lies_here_of_who_takes_no_answer_any_more(folder: Folder, scheme: str):
    """The system gives more room to who sends fast, and keeps what is not read: megabytes for each, if it is let."""
    if scheme == "https":
        write_certificate(folder.path / "server.pem", "127.0.0.1")
        folder.change(tls_certificate='tls_certificate = "server.pem"', tls_key='tls_key = "server.pem"')
    long = KEYS[:-2] + b"X: " + b"x" * 12_000 + b"\r\n\r\n"
    with running_server(folder.file) as server, greedy(server.port, encrypted=scheme == "https") as connection:
        for _ in range(300):
            connection.sendall(long * 4)
            received = b""
            while received.count(b"HTTP/1.1 200 ") < 4:
                received += connection.recv(65536)
        connection.settimeout(1)
        lies = 0
        with pytest.raises(TimeoutError):  # noqa: PT012 (any of many)
            while lies < 2**22:
                lies += connection.send(KEYS * 300)
        assert lies < 450_000


@contextmanager
def greedy(port: int, *, encrypted: bool) -> Iterator[socket.socket]:
    """A connection whose own system keeps as little as it can."""
    with socket.socket() as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        plain.settimeout(20)
        plain.connect(("127.0.0.1", port))
        if not encrypted:
            yield plain
            return
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with context.wrap_socket(plain) as connection:
            yield connection


def test_f25_between_two_requests_a_connection_may_rest_but_not_for_ever(folder: Folder):
    with running_server(folder.file, environment=settings(idle_seconds=2)) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            for _ in range(2):
                began = time.monotonic()
                connection.sendall(LIVE)
                assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
            assert connection.recv(4096) == b""
            assert time.monotonic() - began > 1.5
        assert server.stop() == 0
        assert server.events("connections_ended") == []  # that is no offence


def test_f25_with_tls_a_handshake_has_an_end_too(folder: Folder):
    write_certificate(folder.path / "server.pem", "127.0.0.1")
    folder.change(tls_certificate='tls_certificate = "server.pem"', tls_key='tls_key = "server.pem"')
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with running_server(folder.file, environment=settings()) as server:
        with opened(server.port, 100, b"") as silent, opened(server.port, 100, b"\x16\x03\x01") as slow:
            trickle_until_all_are_gone([*silent, *slow], b"")
        plain = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        with context.wrap_socket(plain) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\n")
            assert connection.recv(4096).startswith(b"HTTP/1.1 408 ")
        assert server.stop() == 0
        assert server.events("fault") == []


def test_f24_where_all_places_are_taken_those_who_want_nothing_make_room(folder: Folder, shop: tuple[str, str]):
    """None of the deadlines is near: without that, newcomers would wait for half a minute."""
    with running_server(folder.file, files=64) as server, ExitStack() as stack:
        idle = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port))) for _ in range(20)]
        for connection in idle:
            connection.settimeout(20)
            connection.sendall(LIVE)
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
        stack.enter_context(opened(server.port, 100, b"GET / HT"))
        with load(server.port, shop, clients=2, reuse=False) as under_way:
            under_way.wait_for_more(6)
        assert (under_way.failed(), under_way.refused()) == ([], [])
        assert all(connection.recv(4096) == b"" for connection in idle)
        assert server.stop() == 0
        assert server.events("fault") == []
        assert sum(line.get("made_room", 0) for line in server.events("connections_ended")) > 5


def test_f24_requests_that_are_being_answered_never_make_room(folder: Folder, shop: tuple[str, str]):
    folder.user("ann")
    with running_server(folder.file, files=64, environment=settings(body_seconds=20)) as server, ExitStack() as stack:
        body = b"grant_type=client_credentials&client_id=shop&client_secret=" + shop[1].encode()
        begun = stack.enter_context(opened(server.port, 10, HEAD + b"Content-Length: %d\r\n\r\n" % len(body)))
        stack.enter_context(opened(server.port, 100, b""))
        wait_until(lambda: len(server.events("worker_ready")) == 1)
        with load(server.port, shop, clients=1, reuse=False) as under_way:
            under_way.wait_for_more(5)
        for connection in begun:
            connection.setblocking(True)
            connection.sendall(body)
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")


def own_address() -> str:
    """One that is not the loopback's, by which this machine reaches itself."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
        except OSError:
            return "127.0.0.1"
        return probe.getsockname()[0]


def test_f25_one_address_has_so_many_connections_and_the_others_theirs(folder: Folder):
    address = own_address()
    if address.startswith("127."):
        pytest.skip("this machine has no address but loopback")
    environment = settings(connections_per_address=20, head_seconds=20) | {"DRAGOMAN_SERVER__HOST": "0.0.0.0"}
    with running_server(folder.file, environment=environment) as server, ExitStack() as stack:
        for _ in range(20):
            connection = stack.enter_context(socket.create_connection((address, server.port), timeout=20))
            connection.sendall(LIVE)
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
        with socket.create_connection((address, server.port), timeout=20) as one_more:
            assert taken_away(one_more)
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as other:
            other.sendall(LIVE)
            assert other.recv(4096).startswith(b"HTTP/1.1 200 ")
        connection.close()
        wait_until(lambda: is_served(address, server.port))
        assert server.stop() == 0
        assert sum(line["address_has_too_many"] for line in server.events("connections_ended")) >= 1


def taken_away(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def is_served(address: str, port: int) -> bool:
    with suppress_gone(), socket.create_connection((address, port), timeout=20) as connection:
        connection.sendall(LIVE)
        return connection.recv(4096).startswith(b"HTTP/1.1 200 ")
    return False
