"""Dumps by themselves: what the tools may write, what nobody but an attacker writes, and what memory either costs."""

from __future__ import annotations

import asyncio
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.importers.record import SourceFault
from dragoman.importers.sources.tables import open_tables

if TYPE_CHECKING:
    from tests.mariadb import MariaDb
    from tests.postgresql import Cluster

MYSQL = b"-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)\n--\n/*!50503 SET NAMES utf8mb4 */;\n"
MYSQL_END = b"-- Dump completed on 2026-01-01\n"
POSTGRESQL = b"--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n\nSET standard_conforming_strings = on;\n"
POSTGRESQL_END = b"--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict abc\n"
USERS = b"CREATE TABLE `users` (\n  `id` int(11) NOT NULL,\n  `name` varchar(99) DEFAULT 'a,(b''c\\'',\n  KEY `id` (`id`)\n);\n"
PEOPLE = b"CREATE TABLE public.users (\n    id bigint NOT NULL,\n    name text DEFAULT E'\\\\x'::text,\n    CONSTRAINT c CHECK ((id > 0))\n);\n"
COPY = b"COPY public.users (id, name) FROM stdin;\n"


def mysql(*parts: bytes) -> bytes:
    return MYSQL + USERS + b"".join(parts) + MYSQL_END


def postgresql(*parts: bytes) -> bytes:
    return POSTGRESQL + PEOPLE + b"".join(parts) + POSTGRESQL_END


def rows_of(path: Path, content: bytes | None = None, *, needed: tuple[str, ...] | None = ("users",)) -> list[tuple]:
    if content is not None:
        path.write_bytes(content)

    async def read() -> list[tuple]:
        async with open_tables(path, needed) as tables:
            return [tuple(row.values()) async for row in tables.rows('SELECT * FROM "users" ORDER BY 1')]

    return asyncio.run(read())


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    return tmp_path / "old.sql"


TEXTS = ("", "it's", "\\", "a\\'b", "tab\tline\nreturn\r", ");INSERT INTO users VALUES (9,'evil');--", "\x1a\x00%_", "ü🐎", "\\N", "\\.", "$$", "NULL", '`"')  # fmt: skip


def fill_mariadb(mariadb: MariaDb, name: str) -> None:
    values = ", ".join(f"({number}, 0x{text.encode().hex() or '00'})" for number, text in enumerate(TEXTS, start=1))
    mariadb.run(
        "CREATE TABLE users (id int unsigned PRIMARY KEY, name varchar(99)) COMMENT='x;''y'",
        f"INSERT INTO users VALUES {values}", "UPDATE users SET name = '' WHERE id = 1", "INSERT INTO users VALUES (99, NULL)",
        "CREATE TABLE blobs (x longblob)", f"INSERT INTO blobs VALUES (REPEAT('{chr(39) * 2};\\\\', 90000))",
        "CREATE TRIGGER t BEFORE INSERT ON blobs FOR EACH ROW BEGIN\nINSERT INTO users VALUES (7, 'evil');\nEND",
        "CREATE PROCEDURE p() BEGIN\nINSERT INTO users VALUES (8, 'evil');\nEND", "CREATE VIEW v AS SELECT ';' AS a, '*/' AS b",
        database=name,
    )  # fmt: skip


def fill_postgresql(postgresql: Cluster, name: str) -> None:
    values = ", ".join(
        f"({number}, convert_from('\\x{text.replace(chr(0), '').encode().hex()}', 'UTF8'))"
        for number, text in enumerate(TEXTS, start=1)
    )
    postgresql.run(
        "CREATE TABLE users (id bigint PRIMARY KEY, name text DEFAULT 'a,(b''c\\', key text)", f"INSERT INTO users VALUES {values}",
        "INSERT INTO users VALUES (99, NULL)", "CREATE TABLE big (x text)", "INSERT INTO big VALUES (repeat('x\n\\.\n', 90000))",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $body$\nINSERT INTO users VALUES (7, 'evil');\n$body$",
        "CREATE FUNCTION g() RETURNS void LANGUAGE sql BEGIN ATOMIC\nINSERT INTO users VALUES (8, 'evil'); END",
        "COMMENT ON TABLE users IS E'it''s; \\\\ \nINSERT INTO users VALUES (6, ''evil'');\n'", database=name,
    )  # fmt: skip


def test_values_come_as_they_were_from_the_databases_own_tools(mariadb: MariaDb, postgresql: Cluster, dump: Path):
    """With triggers, functions and views beside them whose bodies hold statements that must not count."""
    with mariadb.new_database() as name:
        fill_mariadb(mariadb, name)
        wanted = [*enumerate(TEXTS, start=1), (99, None)]
        for options in (
            (),
            ("--routines", "--hex-blob"),
            ("--skip-quote-names", "--skip-opt"),
            ("--insert-ignore", "--tz-utc"),
        ):
            assert rows_of(dump, mariadb.dump(name, *options)) == wanted, options
    with postgresql.new_database() as name:
        fill_postgresql(postgresql, name)
        wanted = [(number, text.replace("\0", ""), None) for number, text in enumerate(TEXTS, start=1)] + [
            (99, None, None)
        ]
        for options in (
            (),
            ("--inserts",),
            ("--column-inserts", "--rows-per-insert=3"),
            ("--inserts", "--on-conflict-do-nothing"),
        ):
            assert rows_of(dump, postgresql.dump(name, *options)) == wanted, options


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "neither an SQLite database nor a dump"),
        (b"INSERT INTO users VALUES (1);", "neither an SQLite database nor a dump"),
        (b"PGDMP\x01\x0e", "it is packed; unpack it"),
        (b"\x1f\x8b\x08\x00" + b"\0" * 99, "it is packed; unpack it"),
        (b"PK\x03\x04" + b"\0" * 99, "it is packed; unpack it"),
        (MYSQL + USERS + b"INSERT INTO `users` VALUES (1,'a');\n", "ends before its last line"),
        (MYSQL + USERS + b"INSERT INTO `users` VALUES (1,'a", "no plain number or text"),
        (POSTGRESQL + PEOPLE + COPY + b"1\ta\n", "ends within the rows"),
        (mysql(USERS), "two tables 'users'"),
        (mysql(USERS.replace(b"users", b"Users")), "two tables 'Users'"),
        (MYSQL + b"INSERT INTO `users` VALUES (1,'a');\n" + MYSQL_END, "before a CREATE TABLE"),
        (mysql(b"INSERT INTO `users` VALUES (1,'a','b');\n"), "more values than there are columns"),
        (mysql(b"INSERT INTO `users` VALUES (1);\n"), "fewer values than there are columns"),
        (mysql(b"INSERT INTO `users` (`id`,`admin`) VALUES (1,1);\n"), "columns that it does not have"),
        (mysql(b"INSERT INTO `users` VALUES (1,LOAD_FILE('/etc/passwd'));\n"), "no plain number or text"),
        (mysql(b"INSERT INTO `users` VALUES (1,$$a$$);\n"), "no plain number or text"),
        (mysql(b"INSERT INTO `users` VALUES (1,0xABC);\n"), "odd number of digits"),
        (mysql(b"INSERT INTO `users` SELECT * FROM secrets;\n"), "of another form than these tools write"),
        (mysql(b"INSERT INTO `users` VALUES (1,'a') ON DUPLICATE KEY UPDATE id=2;\n"), "does not end as these tools end it"),
        (mysql(b"/*!40101 SET NAMES latin1 */;\n"), "not in UTF-8"),
        (b"-- MySQL dump 10.13  Distrib 8.0.36\n/*!40101 SET NAMES latin1 */;\n" + USERS + MYSQL_END, "not in UTF-8"),
        (mysql(b"SET SQL_MODE='ANSI,NO_BACKSLASH_ESCAPES';\n"), "NO_BACKSLASH_ESCAPES"),
        (postgresql(b"SET standard_conforming_strings = off;\n"), "standard_conforming_strings"),
        (postgresql(b"SET client_encoding = 'LATIN1';\n"), "not in UTF-8"),
        (postgresql(b"INSERT INTO public.users VALUES (1, E'\\x41');\n"), "no plain number or text"),
        (postgresql(COPY, b"1\n\\.\n"), "1 values, where there are 2 columns"),
        (postgresql(b"CREATE TABLE public.old (\n    id bigint\n)\nINHERITS (public.users);\n"), "stand in parts of it"),
        (postgresql(b"ALTER TABLE ONLY public.users ATTACH PARTITION public.users_1 DEFAULT;\n"), "stand in parts of it"),
        (postgresql(COPY, b"1\t" + b"x" * (3 << 20) + b"\n\\.\n"), "longer than"),
        (mysql(b"INSERT INTO `users` VALUES (1,'" + b"x" * (3 << 20) + b"');\n"), "longer than"),
        (mysql(b"CREATE TABLE `wide` (" + b",".join(b"`c%d` int" % n for n in range(5000)) + b");\n"), "more than 4096 columns"),
    ],
)  # fmt: skip
def test_m03_what_these_tools_do_not_write_is_one_sentence_and_nothing_of_it_is_told(
    dump: Path, content: bytes, told: str
):
    with pytest.raises(SourceFault) as refused:
        rows_of(dump, content)
    assert told in str(refused.value)
    assert not any(word in str(refused.value) for word in ("xxx", "passwd", "evil", "VALUES ("))


def test_strange_but_true_spellings_are_read(dump: Path):
    content = mysql(
        b"INSERT INTO `users` (`name`, `id`) VALUES (_binary 'a\\0', 1) ,\n( NULL ,+2),(b'101',3),(x'41',4),(-1.5e3,5);\r\n",
        b"REPLACE INTO `users` VALUES (6,'\xff');\nINSERT  IGNORE INTO `users` VALUES (7,''),(8,'''\\'\"');\n",
    )
    assert rows_of(dump, content) == [
        (1, "a\0"), (2, None), (3, "5"), (4, "A"), (5, "-1.5e3"), (6, b"\xff"), (7, ""), (8, "''\""),
    ]  # fmt: skip
    content = postgresql(
        COPY, b"1\ta\\tb\\\\c\\101\\x42\\q\r\n\\.\r\n", b"INSERT INTO public.users VALUES (2, true), (3, '\\');\n"
    )
    assert rows_of(dump, content) == [(1, "a\tb\\cABq"), (2, "true"), (3, "\\")]


def test_m02_tables_that_nobody_needs_are_stepped_over_whatever_their_size(dump: Path):
    parts = [
        b"CREATE TABLE `big` (`x` longblob);\n",
        b"INSERT INTO `big` VALUES ('", b"\\';\n INSERT INTO `users` VALUES (9,\\'evil\\');" * 30_000, b"');\n",
        b"INSERT INTO `users` VALUES (1,'a');\n",
    ]  # fmt: skip
    dump.write_bytes(mysql(*parts))
    tracemalloc.start()
    try:
        assert rows_of(dump) == [(1, "a")]
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_m02_many_rows_are_not_held(dump: Path):
    with dump.open("wb") as file:
        file.write(POSTGRESQL + PEOPLE + COPY)
        for number in range(8_000):
            file.write(b"%d\t%s\n" % (number, b"x" * 1000))
        file.write(b"\\.\n" + POSTGRESQL_END)

    async def count() -> int:
        async with open_tables(dump, ("users",)) as tables:
            return sum([1 async for _row in tables.rows("SELECT * FROM users ORDER BY name, id")])

    tracemalloc.start()
    try:
        assert asyncio.run(count()) == 8_000
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_m07_no_copy_is_left_behind(dump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("SQLITE_TMPDIR", str(folder))
    dump.write_bytes(postgresql(COPY, b"".join(b"%d\t%s\n" % (n, b"x" * 500) for n in range(20_000)), b"\\.\n"))

    async def look() -> None:
        async with open_tables(dump) as tables:
            assert len([row async for row in tables.rows("SELECT id FROM users")]) == 20_000
            assert list(folder.iterdir()) == []

    asyncio.run(look())


TEXT = st.text(st.characters(codec="utf-8"), max_size=40) | st.text("'\\\"`;-\n\tN.()/*$,0", max_size=20)


@given(st.lists(st.none() | TEXT, max_size=6))
@settings(max_examples=150, deadline=None)
def test_any_text_survives_being_escaped_and_read(tmp_path_factory: pytest.TempPathFactory, texts: list[str | None]):
    path = tmp_path_factory.getbasetemp() / "any.sql"
    wanted = list(enumerate(texts))
    escapes = str.maketrans(
        {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\0": "\\0", "\x1a": "\\Z", '"': '\\"'}
    )
    values = ",".join(
        f"({n},{'NULL' if text is None else chr(39) + text.translate(escapes) + chr(39)})" for n, text in wanted
    )
    insert = f"INSERT INTO `users` VALUES {values};\n".encode() if wanted else b""
    assert rows_of(path, mysql(insert)) == wanted
    plain = ",".join(
        f"({n},{'NULL' if text is None else chr(39) + text.replace(chr(39), chr(39) * 2) + chr(39)})"
        for n, text in wanted
    )
    insert = f"INSERT INTO public.users VALUES {plain};\n".encode() if wanted else b""
    assert rows_of(path, postgresql(insert)) == wanted
    copied = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f", "\v": "\\v"})
    lines = "".join(f"{n}\t{chr(92) + 'N' if text is None else text.translate(copied)}\n" for n, text in wanted)
    assert rows_of(path, postgresql(COPY, lines.encode(), b"\\.\n")) == wanted
