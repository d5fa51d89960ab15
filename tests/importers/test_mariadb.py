"""MySQL and MariaDB as a source: what is promised of the connection, whoever is at its other end."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
import tracemalloc
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from dragoman.core.secret import Secret
from dragoman.importers.record import SourceFault
from dragoman.importers.sources.tables import open_tables
from tests.importers import test_passport
from tests.importers.sources import MariaDbSource, counts
from tests.postgresql import ENCODED, PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.commanding import Folder
    from tests.mariadb import MariaDb

SECRETS = (PASSWORD, ENCODED, "dragoman", "reader")


async def count(url: Secret) -> int:
    async with open_tables(url) as tables:
        return sum([1 async for _row in tables.rows("SELECT * FROM users ORDER BY id")])


def refusal_of(url: Secret) -> str:
    with pytest.raises(SourceFault) as refused:
        asyncio.run(count(url))
    assert not any(secret in str(refused.value) for secret in SECRETS), refused.value
    return str(refused.value)


@pytest.fixture
def users(mariadb: MariaDb, other_mariadb_database: str) -> str:
    mariadb.run(
        "CREATE TABLE users (id int PRIMARY KEY, filler text)",
        "INSERT INTO users SELECT seq, REPEAT('x', 1000) FROM seq_1_to_8000", database=other_mariadb_database,
    )  # fmt: skip
    return other_mariadb_database


def test_all_rows_are_of_one_moment_and_memory_does_not_grow_with_them(mariadb: MariaDb, users: str):
    async def read() -> int:
        found = 0
        async with open_tables(mariadb.url(users, user="reader")) as tables:
            assert await tables.columns("users") == {"id", "filler"}
            assert await tables.columns("nothing") == frozenset()
            mariadb.run("INSERT INTO users VALUES (0, 'late')", "DELETE FROM users WHERE id > 100", database=users)
            async for row in tables.rows('SELECT "id" FROM users WHERE id = 0'):
                raise AssertionError(row)
            async for row in tables.rows("SELECT * FROM users ORDER BY id"):
                found += len(row["filler"]) // 1000
        return found

    tracemalloc.start()
    try:
        assert asyncio.run(read()) == 8000
        assert tracemalloc.get_traced_memory()[1] < 6 << 20
    finally:
        tracemalloc.stop()


def test_a_result_may_be_left_half_read(mariadb: MariaDb, users: str):
    async def read() -> None:
        async with open_tables(mariadb.url(users)) as tables:
            async for row in tables.rows("SELECT * FROM users ORDER BY id"):
                assert row["id"] == 1
                return

    asyncio.run(read())


def test_the_server_proves_who_it_is_unless_it_is_near_or_the_address_says_otherwise(mariadb: MariaDb, users: str):
    here, certificate = "localhost", str(mariadb.certificate)
    assert asyncio.run(count(mariadb.url(users, host=here, sslrootcert=certificate))) == 8000
    assert asyncio.run(count(mariadb.url(users, sslmode="verify-ca", sslrootcert=certificate))) == 8000
    assert asyncio.run(count(mariadb.url(users, sslmode="require"))) == 8000
    assert asyncio.run(count(mariadb.url(users, socket=str(mariadb.socket)))) == 8000
    assert "cannot be reached" in refusal_of(mariadb.url(users, sslrootcert=certificate))  # it is for localhost
    assert "cannot be reached" in refusal_of(mariadb.url(users, host=here, sslmode="verify-full"))
    far = mariadb.url(users).reveal().replace("127.0.0.1", "127.0.0.2")
    assert "cannot be reached" in refusal_of(Secret(far))
    mariadb.run(f"ALTER USER 'reader'@'%' IDENTIFIED BY '{PASSWORD}' REQUIRE SSL")
    assert "(1045)" in refusal_of(mariadb.url(users, user="reader"))
    mariadb.run(f"ALTER USER 'reader'@'%' IDENTIFIED BY '{PASSWORD}' REQUIRE NONE")


def test_what_is_wrong_with_an_address_is_one_sentence_without_its_secrets(mariadb: MariaDb, users: str):
    plain = mariadb.url(users).reveal()
    for url, told in (
        (f"{plain}?password=hunter2", "has an option that is not known"),
        (f"{plain}?sslmode=perhaps", "sslmode in the address is one of"),
        (f"{plain}?sslrootcert=/nowhere", "name PEM files"),
        (f"{plain}?ssl-ca=/nowhere", "has ssl-ca: write sslrootcert, as in every address here"),
        (f"{plain}?ssl-mode=hunter2", "has ssl-mode: write sslmode"),
        (f"{plain}?ssl-cert=/nowhere&ssl-key=/nowhere", "has ssl-cert: write sslcert"),
        (f"{plain}?ssl-key=/nowhere", "has ssl-key: write sslkey"),
        (plain.replace(ENCODED, "hunter2"), "cannot be reached: OperationalError (1045)"),
        (plain.replace(users, "elsewhere"), "(1049)"),
        (plain.replace(users, ""), "names no database"),
        (plain.replace(f":{mariadb.port}", ":1"), "cannot be reached"),
        (plain.replace(f":{mariadb.port}", ":port"), "is no address"),
    ):
        refusal = refusal_of(Secret(url))
        assert told in refusal, (told, refusal)
        assert "hunter2" not in refusal


def test_without_the_driver_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pymysql", None)
    with pytest.raises(SourceFault, match=r"install dragoman\[migration\], or import a dump of the database"):
        asyncio.run(count(Secret("mysql://somebody:hunter2@h/d")))


def test_a_password_in_an_argument_is_refused_and_none_is_told(
    folder: Folder, mariadb: MariaDb, other_mariadb_database
):
    source = MariaDbSource(mariadb, other_mariadb_database)
    test_passport.version_4(source)
    fault = folder.run("import", "passport", mariadb.url(other_mariadb_database).reveal()).fault
    assert "pipe the address in" in fault
    outcome = source.imported(folder, "passport", *test_passport.SERVER, "--json")
    assert counts(outcome)["client"] == {"created": 3, "skipped": 1}
    told = outcome.out + outcome.err + folder.done("audit", "search", "--json").out
    assert outcome.json["source"] == f"passport mysql://127.0.0.1:{mariadb.port}/{other_mariadb_database}"
    assert not any(secret in told + fault for secret in (PASSWORD, ENCODED, test_passport.SECRET, "reader:"))


GREETING = (
    b"\x4a\0\0\0\x0a5.5.5-x\0\x01\0\0\0abcdefgh\0\xff\xf7\x2d\x02\0\xff\x81\x15"
    + b"\0" * 10
    + b"ijklmnopqrst\0mysql_native_password\0"
)
OK = b"\x07\0\0%c\0\0\0\x02\0\0\0"
LOCAL_FILE = b"\x0c\0\0\x01\xfb/etc/passwd"


@contextmanager
def lying(*answers: bytes) -> Iterator[int]:
    """The port of a server that says these things, one after each thing that it is told."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with listener.accept()[0] as client:
                client.settimeout(60)
                for left, one in reversed(list(enumerate(reversed(answers)))):
                    client.sendall(one)
                    if not left:
                        client.shutdown(socket.SHUT_WR)
                    heard.append(client.recv(65536))

        heard: list[bytes] = []
        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(60)
        assert b"root:" not in b"".join(heard), "a file of this machine was sent"


def greeting() -> bytes:
    body = GREETING[4:]
    return len(body).to_bytes(3, "little") + b"\0" + body


@pytest.mark.parametrize(
    "answers",
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n",),
        (b"\xff\xff\xff\0",),
        (b"\x05\0\0\0\xff\x15\x04no",),
        (greeting(), b"\x01\0\0\x02\x37"),
        (greeting(), OK % 2, OK % 1, LOCAL_FILE),
        (greeting(), OK % 2, OK % 1, b"\x01\0\0\x01\xfc"),
        (greeting(), OK % 2, OK % 1, b"\x01\0\0\x07\x01"),
    ],
    ids=["http", "endless", "refusal", "odd", "asks for a file", "cut", "out of order"],
)
def test_m09_a_lying_server_gets_no_file_and_causes_no_more_than_a_sentence(answers: tuple[bytes, ...]):
    with lying(*answers) as port:
        refusal = refusal_of(Secret(f"mysql://dragoman:{ENCODED}@127.0.0.1:{port}/old"))
    assert "cannot be re" in refusal
