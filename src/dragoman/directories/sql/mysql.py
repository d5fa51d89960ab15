"""A MySQL or MariaDB database with accounts: a connection for each question, in a thread, that cannot write."""

from __future__ import annotations

import socket
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from dragoman.core.ip_address import is_this_machine
from dragoman.core.secret import Secret
from dragoman.core.value import value as value_type
from dragoman.directories.faults import Away, DirectoryFault, Useless
from dragoman.directories.threads import Threads
from dragoman.directories.tls import trusting

try:
    import pymysql
    from pymysql.cursors import DictCursor
except ImportError as error:
    raise DirectoryFault(
        f"directory.sql.url names a MySQL database, but its driver is not installed ({error.name}); "
        "install dragoman[migration]"
    ) from None

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping, Sequence

    from dragoman.directories.sql.query import Query
    from dragoman.directories.threads import Leash

_PORT = 3306
_MISREAD = (
    "directory.sql.url: write mysql://user:password@host:port/database, and in user and password each of the "
    "characters : / ? # [ ] @ % as its percent-encoding; after ?sslrootcert= a PEM file"
)
_ROOTS = "directory.sql.url: the file after sslrootcert="


@value_type
class Address:
    """All that the URL says."""

    host: str
    port: int
    user: str
    password: Secret
    database: str
    tls: ssl.SSLContext | None
    """What checks the server's certificate; None on this machine, where no file of roots is named."""


def read_address(url: Secret) -> Address:
    """Read `mysql://user:password@host:port/database?sslrootcert=file`. Raises DirectoryFault, with nothing of it."""
    try:
        parts = urlsplit(url.reveal())
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        port = parts.port or _PORT
    except ValueError:
        raise DirectoryFault(_MISREAD) from None
    host, database, roots = parts.hostname, unquote(parts.path.removeprefix("/")), options.get("sslrootcert")
    if not host or not parts.username or not database or parts.fragment or options.keys() - {"sslrootcert"}:
        raise DirectoryFault(_MISREAD)
    return Address(
        host=host,
        port=port,
        user=unquote(parts.username),
        password=Secret(unquote(parts.password or "")),
        database=database,
        tls=None if roots is None and is_this_machine(host) else trusting(roots, _ROOTS),
    )


class Server:
    """The database, and threads to wait for it in."""

    def __init__(self, url: Secret, connections: int, seconds: float) -> None:
        self._address = read_address(url)
        self._seconds = seconds
        self._threads = Threads(connections)

    async def find(self, query: Query, value: str | None, most: int) -> Sequence[Mapping[str, object]]:
        """The first rows that a query finds. Raises Away, Useless."""
        return await self._threads.run(partial(self._find, query, value, most))

    async def close(self) -> None:
        """Let the threads end."""
        self._threads.close()

    def _find(self, query: Query, value: str | None, most: int, leash: Leash) -> Sequence[Mapping[str, object]]:
        """The driver puts the value into the text, escaped; that is why no parameter may stand in quotes."""
        text = "%(value)s".join(part.replace("%", "%%") for part in query.parts)
        connection = self._connection()
        leash.tie(lambda: _wake(connection))
        try:
            connection.connect()
            with connection.cursor(DictCursor) as cursor:
                cursor.execute("SET SESSION TRANSACTION READ ONLY")
                cursor.execute("SET SESSION sql_select_limit = %s", (most,))
                cursor.execute(text, {"value": value})
                return cursor.fetchmany(most)
        except (pymysql.err.ProgrammingError, pymysql.err.DataError, pymysql.err.NotSupportedError) as error:
            raise Useless(f"the query fails: {_said(error)}") from None
        except Exception as error:  # noqa: BLE001 (the driver lets through whatever a strange answer makes of it)
            raise Away(f"the database does not answer: {_said(error)}") from None
        finally:
            _let_go(connection)

    def _connection(self) -> pymysql.Connection[DictCursor]:
        address = self._address
        return pymysql.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password.reveal(),
            database=address.database,
            charset="utf8mb4",
            connect_timeout=max(1, int(self._seconds)),
            read_timeout=max(1, int(self._seconds)),
            write_timeout=max(1, int(self._seconds)),
            ssl=address.tls,
            local_infile=False,
            defer_connect=True,
        )


def _wake(connection: pymysql.Connection[DictCursor]) -> None:
    """End a wait of another thread."""
    waited_on: socket.socket | None = getattr(connection, "_sock", None)
    if waited_on is not None:
        waited_on.shutdown(socket.SHUT_RDWR)


def _let_go(connection: pymysql.Connection[DictCursor]) -> None:
    """At once: to close it in order would read whatever is left."""
    close = getattr(connection, "_force_close", None)
    if close is not None:
        close()


def _said(error: Exception) -> str:
    """The kind and number of the error, without any value."""
    number = error.args[0] if error.args and isinstance(error.args[0], int) else None
    return type(error).__name__ if number is None else f"{type(error).__name__} ({number})"
