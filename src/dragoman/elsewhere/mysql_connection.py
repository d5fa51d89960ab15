"""A connection to a MySQL or MariaDB server, as a URL of the configuration names it; for a thread to wait in."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from dragoman.core.ip_address import is_this_machine
from dragoman.core.secret import Secret
from dragoman.core.value import value
from dragoman.elsewhere.faults import ElsewhereFault
from dragoman.elsewhere.tls import trusting

try:
    import pymysql
    from pymysql.cursors import DictCursor
except ImportError as error:
    raise ElsewhereFault(
        f"a setting names a MySQL database, but its driver is not installed ({error.name}); install dragoman[migration]"
    ) from None

if TYPE_CHECKING:
    import ssl

    Connection = pymysql.Connection[DictCursor]

_PORT = 3306


@value
class Address:
    """All that the URL says."""

    host: str
    port: int
    user: str
    password: Secret
    database: str
    tls: ssl.SSLContext | None
    """What checks the server's certificate; None on this machine, where no file of roots is named."""


def read_address(setting: str, url: Secret) -> Address:
    """Read `mysql://user:password@host:port/database?sslrootcert=file`. Raises ElsewhereFault, with nothing of it."""
    try:
        parts = urlsplit(url.reveal())
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        port = parts.port or _PORT
    except ValueError:
        raise _misread(setting) from None
    if "ssl-ca" in options:
        raise ElsewhereFault(f"{setting}: write sslrootcert for ssl-ca, as in every address here")
    host, database, roots = parts.hostname, unquote(parts.path.removeprefix("/")), options.get("sslrootcert")
    if not host or not parts.username or not database or parts.fragment or options.keys() - {"sslrootcert"}:
        raise _misread(setting)
    return Address(
        host=host,
        port=port,
        user=unquote(parts.username),
        password=Secret(unquote(parts.password or "")),
        database=database,
        tls=None
        if roots is None and is_this_machine(host)
        else trusting(roots, f"{setting}: the file after sslrootcert="),
    )


def _misread(setting: str) -> ElsewhereFault:
    return ElsewhereFault(
        f"{setting}: write mysql://user:password@host:port/database, and in user and password each of the "
        "characters : / ? # [ ] @ % as its percent-encoding; after ?sslrootcert= a PEM file"
    )


def prepare_connection(address: Address, seconds: float) -> Connection:
    """A connection that is not made yet: `connect` makes it."""
    return pymysql.connect(
        host=address.host,
        port=address.port,
        user=address.user,
        password=address.password.reveal(),
        database=address.database,
        charset="utf8mb4",
        connect_timeout=max(1, int(seconds)),
        read_timeout=max(1, int(seconds)),
        write_timeout=max(1, int(seconds)),
        ssl=address.tls,
        local_infile=False,
        defer_connect=True,
        cursorclass=DictCursor,
    )


def wake(connection: Connection) -> None:
    """End a wait of another thread."""
    waited_on: socket.socket | None = getattr(connection, "_sock", None)
    if waited_on is not None:
        waited_on.shutdown(socket.SHUT_RDWR)


def let_go(connection: Connection) -> None:
    """At once: to close it in order would read whatever is left."""
    close = getattr(connection, "_force_close", None)
    if close is not None:
        close()


def said(error: Exception) -> str:
    """The kind and number of the error, without any value."""
    number = error.args[0] if error.args and isinstance(error.args[0], int) else None
    return type(error).__name__ if number is None else f"{type(error).__name__} ({number})"
