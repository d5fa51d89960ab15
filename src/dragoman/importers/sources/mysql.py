"""A MySQL or MariaDB database as a source: one read-only transaction on one snapshot, and rows as they come.

PyMySQL is loaded here alone, and comes with the extra `migration`. What it calls unbuffered is a result that stays on
the wire until it is asked for, so that memory does not grow with the rows.
"""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from dragoman.importers.record import SourceFault
from dragoman.importers.sources.address import shown, split, unreachable, unreadable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from urllib.parse import SplitResult

    from pymysql.connections import Connection
    from pymysql.cursors import SSDictCursor

    from dragoman.core.secret import Secret

_AT_ONCE = 500
_CONNECT_SECONDS = 10
_ANSWER_SECONDS = 120
_PORT = 3306
_NO_SUCH_TABLE = 1146
_CALLED_OTHERWISE = {"ssl-mode": "sslmode", "ssl-ca": "sslrootcert", "ssl-cert": "sslcert", "ssl-key": "sslkey"}
"""What MySQL's own tools call options that have one name in all of our addresses (libpq's)."""
_OPTIONS = frozenset({*_CALLED_OTHERWISE.values(), "socket"})
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})
_MODES = ("disable", "require", "verify-ca", "verify-full")
_BEFORE = (
    "SET SESSION sql_mode = 'ANSI_QUOTES'",  # a query names a table in every database alike
    "SET SESSION time_zone = '+00:00'",
    "SET SESSION net_write_timeout = 3600",  # the server waits while a batch is written here
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
)


class Server:
    """An open connection, in one read-only transaction."""

    def __init__(self, connection: Connection[SSDictCursor], shown_as: str) -> None:
        self._connection = connection
        self._shown = shown_as

    async def columns(self, table: str) -> frozenset[str]:
        """The names of its columns; none if there is no such table in the database."""
        with self._cursor() as cursor:
            try:
                cursor.execute(f'SELECT * FROM "{table}" LIMIT 0')  # noqa: S608 (a name that stands in the code)
            except Exception as error:
                if _code_of(error) == _NO_SUCH_TABLE:
                    return frozenset()
                raise
            found = frozenset(column[0] for column in cursor.description or ())
            cursor.fetchall()  # the end of the result stands on the wire still
            return found

    async def rows(self, query: str) -> AsyncIterator[Mapping[str, object]]:
        """What a query finds. Raises SourceFault."""
        with self._cursor() as cursor:
            cursor.execute(query)
            while some := cursor.fetchmany(_AT_ONCE):
                for row in some:
                    yield row

    @contextmanager
    def _cursor(self) -> Iterator[SSDictCursor]:
        """A cursor that may be left half read. Raises SourceFault for whatever a broken or lying server causes."""
        cursor = self._connection.cursor()
        try:
            yield cursor
        except Exception as error:  # noqa: BLE001 (whatever a lying server makes the driver raise)
            raise unreadable(self._shown, _said(error)) from None
        finally:
            _leave(cursor)


@contextmanager
def opened(url: Secret) -> Iterator[Server]:
    """The database, until the block ends. Raises SourceFault."""
    shown_as = shown(url)
    connection = _connected(url, shown_as)
    try:
        with connection.cursor() as cursor:
            for statement in _BEFORE:
                cursor.execute(statement)
    except Exception as error:  # noqa: BLE001 (whatever a lying server makes the driver raise)
        connection.close()
        raise unreadable(shown_as, _said(error)) from None
    try:
        yield Server(connection, shown_as)
    finally:
        connection.close()


def _connected(url: Secret, shown_as: str) -> Connection[SSDictCursor]:
    try:
        import pymysql  # noqa: PLC0415 (an extra, which only this source needs)
        from pymysql.cursors import SSDictCursor  # noqa: PLC0415 (same)
    except ImportError:
        raise SourceFault(
            "reading MySQL or MariaDB needs PyMySQL: install dragoman[migration], or import a dump of the database"
        ) from None
    parts = split(url)
    options = _options_of(parts)
    tls = _tls_of(parts, options)
    database = unquote(parts.path.removeprefix("/"))
    if not database:
        raise SourceFault(f"{shown_as}: names no database; write {parts.scheme}://user@host/database")
    try:
        return pymysql.connect(
            host=parts.hostname or "localhost",
            port=parts.port or _PORT,
            unix_socket=options.get("socket"),
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            database=database,
            charset="utf8mb4",
            cursorclass=SSDictCursor,
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_ANSWER_SECONDS,
            ssl=tls,
            ssl_disabled=tls is None,
        )
    except Exception as error:  # noqa: BLE001 (whatever a lying server makes the driver raise)
        raise unreachable(shown_as, _said(error)) from None


def _options_of(parts: SplitResult) -> Mapping[str, str]:
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    for name, ours in _CALLED_OTHERWISE.items():
        if name in options:
            raise SourceFault(f"the address has {name}: write {ours}, as in every address here")
    if not options.keys() <= _OPTIONS:
        raise SourceFault(f"the address has an option that is not known; there are: {', '.join(sorted(_OPTIONS))}")
    return options


def _tls_of(parts: SplitResult, options: Mapping[str, str]) -> ssl.SSLContext | None:
    """The server is asked who it is, unless it is on this machine or the address says otherwise."""
    nearby = "socket" in options or (parts.hostname or "localhost") in _HERE
    mode = options.get("sslmode", "disable" if nearby and "sslrootcert" not in options else "verify-full")
    if mode not in _MODES:
        raise SourceFault(f"sslmode in the address is one of: {', '.join(_MODES)}")
    if mode == "disable":
        return None
    try:
        context = ssl.create_default_context(cafile=options.get("sslrootcert"))
        if "sslcert" in options:
            context.load_cert_chain(options["sslcert"], options.get("sslkey"))
    except (OSError, ValueError) as error:
        raise SourceFault(
            f"sslrootcert, sslcert or sslkey in the address: {type(error).__name__}; name PEM files"
        ) from None
    context.check_hostname = mode == "verify-full"
    if mode == "require":
        context.verify_mode = ssl.CERT_NONE
    return context


def _leave(cursor: SSDictCursor) -> None:
    """Let go of a result without reading it to its end: the driver would, even on a connection that is gone."""
    result: Any = getattr(cursor, "_result", None)  # there is no other way
    if result is not None:
        result.unbuffered_active = False
    cursor.close()


def _said(error: Exception) -> str:
    """What kind of trouble, without any value of a row or an address: the server's own text has both."""
    code = _code_of(error)
    return type(error).__name__ if code is None else f"{type(error).__name__} ({code})"


def _code_of(error: Exception) -> int | None:
    code = error.args[0] if error.args else None
    return code if isinstance(code, int) else None
