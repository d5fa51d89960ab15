"""Readers of what operators bring: settings, addresses, keys, dialects, lists, hashes, and accounts of other servers."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from dragoman.config.reading import read_configuration
from dragoman.core.errors import Fault
from dragoman.core.password_rules import find_weakness
from dragoman.core.secret import Secret
from dragoman.dialects.files import OWN_FOLDER, list_dialects, load_dialect
from dragoman.hashing.format import Limits, find_format, load_formats
from dragoman.importers.kind import Source, load_kind
from dragoman.importers.sources.tables import open_tables
from dragoman.password_lists.opening import open_lists
from dragoman.shared_server.address import read_address as read_shared_address
from dragoman.store.postgresql.address import read_address as read_database_address
from dragoman.tokens.keyring import create_missing, load_keyring
from tests.fuzz.target import Target
from tests.tokens.token_workshop import NOW, run

CHEAP = Limits(
    bcrypt_cost=4, pbkdf2_iterations=500, memory_kib=64, passes=1, lanes=1, weak_formats=frozenset({"noop", "MD5"})
)
HASHES = (
    "$2y$04$GhnNl0ei7bjY1L1r.UnYNOs4XBrLU6nuKnVTXdcnmVmwhVKLtxGpa",
    "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$iWh06vD8Fy27wf9npn6FXWiCX4K6pW6Ue1Bnzz07Z8A",
    "pbkdf2_sha256$100$salt$qXsSEE4q+k9hVqkmBrnGKfW0cPjKzsFxHeXQJk/4pNU=",
    "pbkdf2:sha256:100$salt$5b4b1b1a7d0e8b3a9c1f5b4b1b1a7d0e8b3a9c1f5b4b1b1a7d0e8b3a9c1f0000",
    "{bcrypt}$2a$04$GhnNl0ei7bjY1L1r.UnYNOs4XBrLU6nuKnVTXdcnmVmwhVKLtxGpa",
    "{pbkdf2}5d923b44a6d129f3ddf3e3c8d29412723dcbde72445e8ef6bf3b508fbf17fa4ed4d6b99ca763d8dc",
    "{scrypt}$e0801$8bWJaSu2IKSn9Z9kM+TPXfOc/9bdYSrN1oD9qfVThWEwdRTnO7re7Ei+fUZRJ68k9lTyuTeUp4of4g24hHnazw==$OAOec05+bXxvuu/1qZ6NUR+xQYvYv7BeL1QxwRpY5Pc=",
    "{MD5}{salt}d41d8cd98f00b204e9800998ecf8427e", "{noop}password", "bcrypt_sha256$$2b$04$abc", "{SSHA}x", "!", "",
)  # fmt: skip
CONFIGURATION = """\
issuer = "https://login.example.com"
database = "postgresql://user:password@db.example/dragoman?sslmode=verify-full"
shared = "rediss://:password@redis.example:6379/0"
scopes = { read = "Read", write = "Write" }
[server]
port = 9000
trusted_proxies = ["10.0.0.0/8", "::1"]
tls_certificate = "a.pem"
tls_key = "a.key"
[[mounts]]
dialect = "kabbage"
prefix = "/x"
paths = { token = ["/a", "/b"] }
[passwords]
memory_kib = 64
refused = ["a.txt"]
[metrics]
port = 9
"""


def password_hash_target() -> Target:
    formats = load_formats()

    def read(text: bytes) -> None:
        stored = text.decode("utf-8", "replace")
        found = find_format(formats, stored, CHEAP)
        if not isinstance(found, str):
            assert not found.verify(stored, b"\x00nobody's password"), "a hash of any password"
            found.seen(stored, b"x" * 100)

    return Target(name="password hash", seeds=tuple(one.encode() for one in HASHES), read=read, separator=b"$")


def configuration_target(path: Path) -> Target:
    def read(text: bytes) -> None:
        path.write_bytes(text)
        with suppress(Fault):
            configuration = read_configuration(path, {})
            configuration.location()
            configuration.shared_location()

    return Target(name="configuration", seeds=(CONFIGURATION.encode(),), read=read, separator=b"\n")


def environment_target(path: Path) -> Target:
    path.touch()

    def read(text: bytes) -> None:
        variables = (one.partition("=") for one in os.fsdecode(text).replace("\0", "").split("\n"))
        with suppress(Fault):
            read_configuration(path, {f"DRAGOMAN_{name}": value for name, _, value in variables})

    seed = (
        b'SERVER__PORT=9000\nISSUER=https://a.example\nSCOPES={ read = "Read" }\nSERVER__TRUSTED_PROXIES=["10.0.0.0/8"]'
    )
    seeds = (
        seed,
        b"MOUNTS=[{dialect = 'kabbage'}]\nSCOPES__READ=x\nPASSWORDS__SLOTS=1\nSHARED=redis://h",
        b"X=" + b"[" * 900,
    )
    return Target(name="environment", seeds=seeds, read=read, separator=b"\n")


def address_target() -> Target:
    def read(text: bytes) -> None:
        url = Secret(text.decode("utf-8", "replace"))
        for reading in (read_database_address, read_shared_address):
            with suppress(Fault):
                reading(url)

    database = b"postgresql://user:p%40ss@[::1]:5432/dragoman?sslmode=verify-full&connections=5&pooler=true"
    seeds = (
        database,
        b"rediss://user:password@redis.example:6379/3?ca=/etc/ca.pem",
        b"redis://h",
        b"postgres:///d?host=/run",
    )
    return Target(name="address", seeds=seeds, read=read, separator=b"/")


def key_file_target(folder: Path) -> Target:
    (kid,) = create_missing(folder, ("ES256",), NOW - 1000)[:1]
    path = folder / f"{kid}.json"

    def read(text: bytes) -> None:
        path.write_bytes(text)
        with suppress(Fault):
            load_keyring(folder, NOW)

    return Target(name="key file", seeds=(path.read_bytes(),), read=read, separator=b",")


def dialect_file_target(folder: Path) -> Target:
    folder.mkdir()
    path = folder / "fuzzed.toml"
    path.touch()
    files = list_dialects((folder,))
    moment = 0

    def read(text: bytes) -> None:
        nonlocal moment
        moment += 1_000_000_000
        path.write_bytes(text)
        os.utime(path, ns=(moment, moment))  # files are read anew when they have changed
        with suppress(Fault):
            load_dialect("fuzzed", files)

    def renamed(text: bytes) -> bytes:
        return b"\n".join(b'name = "fuzzed"' if line.startswith(b"name = ") else line for line in text.split(b"\n"))

    seeds = tuple(renamed(one.read_bytes()) for one in sorted(OWN_FOLDER.glob("*.toml")))
    return Target(name="dialect file", seeds=seeds, read=read, separator=b"\n")


def password_list_target(path: Path) -> Target:
    hashes = b"".join(b"%040X:%d\r\n" % (number << 152, number) for number in range(200))

    def read(text: bytes) -> None:
        path.write_bytes(text)
        with suppress(Fault):
            lists = list(open_lists((path,)))[1:]
            find_weakness(Secret("correct kettle"), (), lists)

    return Target(name="password list", seeds=(hashes, b"password\nletmein\n\xff\xfe\n"), read=read, separator=b"\n")


def sql_dump_target(path: Path) -> Target:
    async def rows() -> None:
        async with open_tables(path, ("users",)) as tables:
            async for row in tables.rows("SELECT * FROM users"):
                assert row, "a row without columns"

    def read(text: bytes) -> None:
        path.write_bytes(text)
        with suppress(Fault):
            run(rows())

    mysql = (
        b"-- MySQL dump 10.13\n/*!40101 SET NAMES utf8mb4 */;\nCREATE TABLE `users` (\n  `id` int(11) DEFAULT '1',\n  `name` text,\n"
        b"  KEY `id` (`id`)\n) COMMENT='a;b';\nINSERT INTO `users` VALUES (1,'it\\'s'),(-2,NULL),(3,0x41),(4,_binary 'a\\0');\n"
        b"DELIMITER ;;\nINSERT INTO users VALUES (9,'x');;\nDELIMITER ;\n/*!40000 ALTER TABLE `users` */;\n-- Dump completed\n"
    )
    postgresql = (
        b"--\n-- PostgreSQL database dump\n--\n\nSET standard_conforming_strings = on;\nCREATE TABLE public.users (\n    id bigint,\n"
        b"    name text DEFAULT E'\\\\x',\n    at date\n);\nCOPY public.users (id, name) FROM stdin;\n1\ta\\tb\n2\t\\N\n\\.\n"
        b"CREATE FUNCTION f() AS $a$ x; $a$;\nINSERT INTO public.users VALUES (3, 'it''s', NULL);\n-- PostgreSQL database dump complete\n"
    )
    return Target(name="sql dump", seeds=(mysql, postgresql), read=read, separator=b"\n")


def realm_export_target(path: Path) -> Target:
    async def records() -> None:
        async for record in load_kind("keycloak").read(Source(location=path)):
            assert record.place, "a record without a place"

    def read(text: bytes) -> None:
        path.write_bytes(text)
        with suppress(Fault):
            run(records())

    seed = (
        b'[{"realm":"shop","accessTokenLifespan":300,"roles":{"realm":[{"name":"a","composites":{"realm":["a"]}}],"client":{"c":[]}},'
        b'"groups":[{"path":"/g","realmRoles":["a"],"subGroups":[]}],"clients":[{"clientId":"c","secret":"s","attributes":{"x":"1"}}],'
        b'"users":[{"id":"1","username":"ann","createdTimestamp":1,"groups":["/g"],"clientRoles":{"c":["r"]},"credentials":'
        b'[{"type":"password","secretData":"{}","credentialData":"{}"}]}]}]'
    )
    return Target(name="realm export", seeds=(seed, seed[1:-1]), read=read, separator=b",")
