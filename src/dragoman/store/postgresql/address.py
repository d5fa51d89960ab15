"""Where a PostgreSQL database is and how to reach it, from one URL that may hold a password."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from dragoman.core.secret import Secret
from dragoman.store.faults import StoreFault

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCHEMES = frozenset({"postgresql", "postgres"})
_CONNECTIONS = 8
_MOST_CONNECTIONS = 500
_PATIENCE = 1
_MOST_PATIENCE = 60
_HOST = re.compile(r"(?:\[[^\[\]@]*\]|[^:\[\]@]*)(?::[0-9]{1,5})?")
"""With its port, if it has one."""
_OWN_OPTIONS = frozenset({"pool_size", "pooler", "patience", "application_name"})
_DRIVERS_OPTIONS = frozenset(
    {
        "host",
        "port",
        "dbname",
        "user",
        "password",
        "passfile",
        "sslmode",
        "sslnegotiation",
        "sslcert",
        "sslkey",
        "sslpassword",
        "sslrootcert",
        "sslcrl",
        "ssl_min_protocol_version",
        "ssl_max_protocol_version",
        "target_session_attrs",
        "krbsrvname",
        "gsslib",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """All that the URL says."""

    url: Secret
    """For the driver: without the options that are ours."""
    shown: str
    """What messages call the database; never with a password."""
    connections: int
    """How many a process has open at most."""
    through_pooler: bool
    """Whether a pooler hands each transaction to any of its own connections, so that sessions keep nothing."""
    patience: int
    """In seconds: after this long a statement is given up."""
    application_name: str


def read_address(text: Secret) -> Address:
    """Read `postgresql://user:password@host:port/database?option=value`. Raises StoreFault, which repeats no secret."""
    try:
        parts = urlsplit(text.reveal())
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query), keep_blank_values=True))
    except ValueError:
        raise _misread() from None
    if parts.scheme not in _SCHEMES:
        raise StoreFault(
            "The setting `database` is neither a file nor the address of a database that Dragoman knows: write "
            "postgresql://user:password@host/database."
        )
    if parts.fragment or "@" in parts.path or "@" in parts.query or not _names_hosts(parts.netloc):
        raise _misread()
    unknown = sorted(options.keys() - _OWN_OPTIONS - _DRIVERS_OPTIONS)
    if unknown:
        raise StoreFault(
            f"The address of the database has an option that Dragoman does not know: {unknown[0]!r}. "
            "docs/postgresql.md lists all."
        )
    return Address(
        url=Secret(_without_own_options(parts, options)),
        shown=_shown(parts, options),
        connections=_number("pool_size", options.get("pool_size", str(_CONNECTIONS)), _MOST_CONNECTIONS),
        through_pooler=_through_pooler(options.get("pooler", "none")),
        patience=_number("patience", options.get("patience", str(_PATIENCE)), _MOST_PATIENCE),
        application_name=options.get("application_name", "dragoman"),
    )


def _names_hosts(netloc: str) -> bool:
    """Whether hosts stand there, perhaps with a user before them; a user and a password alone look much the same."""
    hosts = netloc.partition("@")[2] if "@" in netloc else netloc
    return all(_HOST.fullmatch(host) for host in hosts.split(","))


def _misread() -> StoreFault:
    """What was read as host or option may be half of a password: nothing of it is repeated."""
    return StoreFault(
        "The address of the database cannot be read: write postgresql://user:password@host:port/database, and in user "
        "and password each of the characters : / ? # [ ] @ % as its percent-encoding, such as %40 for @."
    )


def _without_own_options(parts: SplitResult, options: Mapping[str, str]) -> str:
    passed_on = {name: value for name, value in options.items() if name not in _OWN_OPTIONS}
    return urlunsplit(parts._replace(query=urlencode(passed_on)))


def _shown(parts: SplitResult, options: Mapping[str, str]) -> str:
    host = unquote(parts.netloc.rpartition("@")[2]) or options.get("host", "")
    database = unquote(parts.path.removeprefix("/")) or options.get("dbname", "")
    named = f"The PostgreSQL database {database!r}" if database else "The PostgreSQL database"
    return f"{named} at {host}" if host else named


def _number(option: str, text: str, most: int) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise StoreFault(f"The address of the database has {option}={text!r}: write a number from 1 to {most}.")
    return int(text)


def _through_pooler(text: str) -> bool:
    if text not in {"none", "transaction"}:
        raise StoreFault(f"The address of the database has pooler={text!r}: write none or transaction.")
    return text == "transaction"
