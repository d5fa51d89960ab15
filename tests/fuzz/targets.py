"""What is fuzzed by itself: each reads any bytes, refuses by the refusals of its trade, and raises nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from dragoman.config.reading import read_configuration
from dragoman.core.errors import Fault, OAuthError
from dragoman.core.password_rules import find_weakness
from dragoman.core.secret import Secret
from dragoman.dialects.body import Unreadable, read_form, read_json, read_multipart
from dragoman.dialects.codec import decode, decode_bearer
from dragoman.dialects.credentials import read_credentials
from dragoman.dialects.files import OWN_FOLDER, list_dialects, load_dialect
from dragoman.dialects.wire import WireRequest
from dragoman.hashing.format import Limits, find_format, load_formats
from dragoman.importers.kind import Source, load_kind
from dragoman.importers.sources.tables import open_tables
from dragoman.password_lists.opening import open_lists
from dragoman.shared.address import read_address as read_shared_address
from dragoman.store.postgresql.address import read_address as read_database_address
from dragoman.tokens.keyring import create_missing, load_keyring
from tests.attacks.harness import DIALECTS
from tests.fuzz.mutation import mutate, mutate_parts, mutate_request
from tests.fuzz.requests import read_parts, seeds_of
from tests.tokens.token_workshop import ACCESS, NOW, REFRESH, Workshop, run

if TYPE_CHECKING:
    from dragoman.dialects.dialect import Dialect

CAST = {
    "id": "client-1", "secret": "secret-of-client-1", "basic": "Y2xpZW50LTE6c2VjcmV0LW9mLWNsaWVudC0x", "name": "One",
    "username": "ann", "email": "ann@example.com", "password": "correct horse", "owner": "17", "access": "a.b.c",
    "refresh": "d.e.f",
}  # fmt: skip
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One reader, and what to give it."""

    name: str
    seeds: Sequence[bytes]
    read: Callable[[bytes], None]
    separator: bytes = b""
    """What stands between the parts of a seed, if it has parts."""
    of_requests: bool = False

    def case(self, chance: Random) -> bytes:
        """The next bytes to read."""
        seed = chance.choice(self.seeds)
        if self.of_requests:
            return mutate_request(chance, seed, self.seeds)
        if self.separator and chance.randrange(4):
            return mutate_parts(chance, seed, self.seeds, self.separator)
        return mutate(chance, seed, self.seeds)


def all_targets(folder: Path) -> tuple[Target, ...]:
    """Every reader. `folder` is for keys and files, and best lies in memory."""
    files = list_dialects(())
    dialects = [load_dialect(name, files) for name in DIALECTS]
    return (
        *(_codec(one) for one in dialects),
        _basic(dialects),
        *_bodies(),
        *_tokens(folder),
        _password_hash(),
        _configuration(folder / "dragoman.toml"),
        _environment(folder / "empty.toml"),
        _address(),
        _key_file(folder / "one more"),
        _dialect_file(folder / "dialects"),
        _password_list(folder / "list"),
        _sql_dump(folder / "dump.sql"),
        _realm_export(folder / "realm.json"),
    )


def _codec(dialect: Dialect) -> Target:
    def read(text: bytes) -> None:
        wire = read_parts(text).wire()
        for reading in (lambda: decode(dialect, wire), lambda: decode_bearer(dialect.words.resource, wire)):
            with suppress(OAuthError):
                reading()

    return Target(name=f"codec {dialect.name}", seeds=seeds_of(dialect.name, CAST), read=read, of_requests=True)


def _basic(dialects: Sequence[Dialect]) -> Target:
    words = [one.words.client_authentication for one in dialects if "basic" in one.words.client_authentication.methods]

    def read(text: bytes) -> None:
        for one in words:
            read_credentials(WireRequest(method="POST", path="/", headers={b"authorization": text}), {}, one)

    seeds = (b"Basic Y2xpZW50OnNlY3JldA==", b"basic  YTpiOmM", b"Basic QSUyMDolZmY=", b"Basic " + b"/+AA" * 50)
    return Target(name="basic", seeds=seeds, read=read, separator=b" ")


def _bodies() -> Iterator[Target]:
    def refusing(reader: Callable[[bytes], object]) -> Callable[[bytes], None]:
        def read(text: bytes) -> None:
            with suppress(Unreadable):
                reader(text)

        return read

    def multipart(text: bytes) -> object:
        content_type, _, body = text.partition(b"\n\n")
        return read_multipart(body, content_type.decode("latin-1"))

    form = b"grant_type=password&username=a%20b&password=%e2%82%ac+%26&scope[]=a&scope[1]=b"
    json = b'{"grant_type":"password","username":"a\\u00e9","scope":["a",1,null,{"b":[]}],"n":1e3,"client_id":35}'
    part = b'--XyZ\r\nContent-Disposition: form-data; name="username"\r\nContent-Type: text/plain\r\n\r\nann\r\n'
    parts = b'multipart/form-data; boundary=XyZ; boundary="b"\n\n' + part * 3 + b"--XyZ--\r\n"
    yield Target(name="form", seeds=(form, form * 8), read=refusing(read_form), separator=b"&")
    yield Target(name="json", seeds=(json, b"[" * 400, b'{"a":' * 400), read=refusing(read_json))
    yield Target(
        name="multipart", seeds=(parts, parts.replace(b"XyZ", b'"')), read=refusing(multipart), separator=b"\r"
    )


def _tokens(folder: Path) -> Iterator[Target]:
    create_missing(folder / "keys", ("ES256", "RS256", "EdDSA", "HS256"), NOW - 1000)
    workshop = Workshop(load_keyring(folder / "keys", NOW))
    access = tuple(workshop.access_token(recipe).encode() for recipe in ACCESS)
    refresh = tuple(workshop.refresh_token(recipe).encode() for recipe in REFRESH)
    genuine = {*access, *refresh}

    def reading(reader: Callable[[str], object]) -> Callable[[bytes], None]:
        def read(text: bytes) -> None:
            with suppress(OAuthError):
                reader(text.decode("utf-8", "replace"))
                assert text in genuine, "an altered token is taken for a genuine one"

        return read

    seeds = (*access, *refresh)
    handle = reading(lambda text: workshop.issuer.read_refresh_token(Secret(text)))
    bearer = reading(lambda text: run(workshop.issuer.read_access_token(Secret(text))))
    yield Target(name="access token", seeds=seeds, read=bearer, separator=b".")
    yield Target(name="refresh token", seeds=seeds, read=handle, separator=b".")


def _password_hash() -> Target:
    formats = load_formats()

    def read(text: bytes) -> None:
        stored = text.decode("utf-8", "replace")
        found = find_format(formats, stored, CHEAP)
        if not isinstance(found, str):
            assert not found.verify(stored, b"\x00nobody's password"), "a hash of any password"
            found.seen(stored, b"x" * 100)

    return Target(name="password hash", seeds=tuple(one.encode() for one in HASHES), read=read, separator=b"$")


def _configuration(path: Path) -> Target:
    def read(text: bytes) -> None:
        path.write_bytes(text)
        with suppress(Fault):
            configuration = read_configuration(path, {})
            configuration.location()
            configuration.shared_location()

    return Target(name="configuration", seeds=(CONFIGURATION.encode(),), read=read, separator=b"\n")


def _environment(path: Path) -> Target:
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


def _address() -> Target:
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


def _key_file(folder: Path) -> Target:
    (kid,) = create_missing(folder, ("ES256",), NOW - 1000)[:1]
    path = folder / f"{kid}.json"

    def read(text: bytes) -> None:
        path.write_bytes(text)
        with suppress(Fault):
            load_keyring(folder, NOW)

    return Target(name="key file", seeds=(path.read_bytes(),), read=read, separator=b",")


def _dialect_file(folder: Path) -> Target:
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


def _password_list(path: Path) -> Target:
    hashes = b"".join(b"%040X:%d\r\n" % (number << 152, number) for number in range(200))

    def read(text: bytes) -> None:
        path.write_bytes(text)
        with suppress(Fault):
            lists = list(open_lists((path,)))[1:]
            find_weakness(Secret("correct kettle"), (), lists)

    return Target(name="password list", seeds=(hashes, b"password\nletmein\n\xff\xfe\n"), read=read, separator=b"\n")


def _sql_dump(path: Path) -> Target:
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


def _realm_export(path: Path) -> Target:
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
