"""A MySQL or MariaDB database with accounts: a connection for each question, in a thread, that cannot write."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dragoman.elsewhere.faults import Away, Useless
from dragoman.elsewhere.mysql_connection import let_go, prepare_connection, read_address, said, wake
from dragoman.elsewhere.threads import Threads

import pymysql  # isort: skip (the module before tells who has none how to get it)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dragoman.core.secret import Secret
    from dragoman.elsewhere.statement import Statement
    from dragoman.elsewhere.threads import Leash


class Server:
    """The database, and threads to wait for it in."""

    def __init__(self, url: Secret, connections: int, seconds: float) -> None:
        """Up to so many connections at once; each wait on one ends after `seconds`. Raises ElsewhereFault."""
        self._address = read_address("directory.sql.url", url)
        self._seconds = seconds
        self._threads = Threads(connections)

    async def find(self, query: Statement, value: str | None, most: int) -> Sequence[Mapping[str, object]]:
        """The first rows that a query finds. Raises Away, Useless."""
        return await self._threads.run(partial(self._find, query, value, most))

    async def close(self) -> None:
        """Let the threads end."""
        self._threads.close()

    def _find(self, query: Statement, value: str | None, most: int, leash: Leash) -> Sequence[Mapping[str, object]]:
        """The driver puts the value into the text, escaped; that is why no parameter may stand in quotes."""
        text = query.spelled(lambda _parameter: "%(value)s", lambda part: part.replace("%", "%%"))
        connection = prepare_connection(self._address, self._seconds)
        leash.tie(lambda: wake(connection))
        try:
            connection.connect()
            with connection.cursor() as cursor:
                cursor.execute("SET SESSION TRANSACTION READ ONLY")
                cursor.execute("SET SESSION sql_select_limit = %s", (most,))
                cursor.execute(text, {"value": value})
                return cursor.fetchmany(most)
        except (pymysql.err.ProgrammingError, pymysql.err.DataError, pymysql.err.NotSupportedError) as error:
            raise Useless(f"the query fails: {said(error)}") from None
        except Exception as error:  # noqa: BLE001 (the driver lets through whatever a strange answer makes of it)
            raise Away(f"the database does not answer: {said(error)}") from None
        finally:
            let_go(connection)
