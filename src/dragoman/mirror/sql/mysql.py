"""A mirror in a MySQL or MariaDB database: connections that are kept for a while, each used by one thread at a time."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from dragoman.elsewhere.faults import Away, Useless
from dragoman.elsewhere.mysql_connection import let_go, prepare_connection, read_address, said, wake
from dragoman.elsewhere.threads import Threads

import pymysql  # isort: skip (the module before tells who has none how to get it)

if TYPE_CHECKING:
    from dragoman.core.secret import Secret
    from dragoman.elsewhere.mysql_connection import Connection
    from dragoman.elsewhere.statement import Statement, Values
    from dragoman.elsewhere.threads import Leash

_LONGEST_REST = 60.0
"""After so many idle seconds something on the way may have forgotten a connection: a new one is opened."""
_THERE = 1062
_UNFIT = frozenset({1264, 1292, 1366, 1367, 1411})
"""A value that cannot be one of the column's: out of range, truncated, incorrect."""
_PASSING = frozenset({1040, 1053, 1158, 1159, 1160, 1161, 1203, 1205, 1213, 1226, 1290, 1792, 1836, 1927})
"""Too many connections, shutdown, the network, a lock, a deadlock, a limit, read-only, killed. What else the server
says of a statement (1000 to 1999) no waiting would mend; the driver's own numbers come after."""
_SESSION = (
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",  # else an update locks rows that it does not change
    "SET SESSION sql_mode = CONCAT_WS(',', NULLIF(@@sql_mode, ''), 'STRICT_ALL_TABLES')",  # never a value made to fit
)


class Server:
    """The database, and threads to wait for it in."""

    def __init__(self, setting: str, url: Secret, connections: int, seconds: float) -> None:
        """Up to so many connections at once; each wait on one ends after `seconds`.

        Raises ElsewhereFault, which names the setting.
        """
        self._address = read_address(setting, url)
        self._seconds = seconds
        self._threads = Threads(connections)
        self._resting: list[tuple[Connection, float]] = []

    async def insert(self, statement: Statement, values: Values) -> None:
        """Add a row; one that had its key before is as good."""
        try:
            await self._threads.run(partial(self._run, _spelled(statement), values))
        except pymysql.err.MySQLError as error:
            if _number(error) != _THERE:
                raise _why(error) from None

    async def change(self, statement: Statement, values: Values) -> int:
        """How many rows it changed; none by a value that no column could hold."""
        try:
            return await self._threads.run(partial(self._run, _spelled(statement), values))
        except pymysql.err.MySQLError as error:
            if _number(error) in _UNFIT:
                return 0
            raise _why(error) from None

    async def examine(self, statement: Statement) -> None:
        """Have it prepared by the server, which knows only places."""
        text = statement.spelled(lambda _name: "?")
        try:
            await self._threads.run(partial(self._run, "PREPARE dragoman FROM %(text)s", {"text": text}))
        except pymysql.err.MySQLError as error:
            raise _why(error) from None

    async def close(self) -> None:
        """Close what rests, and let the threads end."""
        self._threads.close()
        while self._resting:
            let_go(self._resting.pop()[0])

    def _run(self, text: str, values: Values, leash: Leash) -> int:
        """Once more on a new connection if one that had rested was lost: what is run twice does no more than once."""
        rested = self._rested()
        if rested is not None:
            try:
                return self._execute(rested, text, values, leash)
            except (pymysql.err.OperationalError, pymysql.err.InterfaceError):
                if leash.pulled:
                    raise
        return self._execute(self._connected(leash), text, values, leash)

    def _execute(self, connection: Connection, text: str, values: Values, leash: Leash) -> int:
        """The driver puts the values into the text, escaped; that is why no parameter may stand in quotes."""
        leash.tie(lambda: wake(connection))
        try:
            with connection.cursor() as cursor:
                changed = cursor.execute(text, values)
        except pymysql.err.IntegrityError:
            self._resting.append((connection, monotonic()))
            raise
        except BaseException as error:
            let_go(connection)
            if isinstance(error, pymysql.err.MySQLError) or not isinstance(error, Exception):
                raise
            raise Away(f"the database does not answer: {said(error)}") from None  # whatever a strange answer makes
        self._resting.append((connection, monotonic()))
        return changed

    def _rested(self) -> Connection | None:
        """The one used last, so that those not needed rest."""
        with suppress(IndexError):
            while True:
                connection, since = self._resting.pop()
                if monotonic() - since < _LONGEST_REST:
                    return connection
                let_go(connection)
        return None

    def _connected(self, leash: Leash) -> Connection:
        connection = prepare_connection(self._address, self._seconds)
        leash.tie(lambda: wake(connection))
        try:
            connection.connect()
            connection.autocommit(True)
            with connection.cursor() as cursor:
                for one in _SESSION:
                    cursor.execute(one)
        except Exception as error:  # noqa: BLE001 (the driver lets through whatever a strange answer makes of it)
            let_go(connection)
            raise Away(f"the database does not answer: {said(error)}") from None
        return connection


def _spelled(statement: Statement) -> str:
    return statement.spelled(lambda name: f"%({name})s", lambda part: part.replace("%", "%%"))


def _number(error: pymysql.err.MySQLError) -> object:
    return error.args[0] if error.args else None


def _why(error: pymysql.err.MySQLError) -> Exception:
    number = _number(error)
    if isinstance(number, int) and 1000 <= number < 2000 and number not in _PASSING:  # noqa: PLR2004 (see above)
        return Useless(f"the statement fails: {said(error)}")
    return Away(f"the database does not answer: {said(error)}")
