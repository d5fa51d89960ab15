"""Where the shared server is and how to reach it, from one URL that may hold a password."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from dragoman.core.secret import Secret
from dragoman.shared_server.faults import SharedFault

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCHEMES = frozenset({"redis", "rediss"})
_OPTIONS = frozenset({"sslrootcert", "sslcert", "sslkey"})
_PORT = 6379
_MOST_DATABASES = 65536


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Files (PEM) for a connection with TLS, which always checks certificate and name."""

    roots: str | None
    """Who may have signed the server's certificate; without it, whoever the system trusts."""
    certificate: str | None
    key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """All that the URL says."""

    host: str
    port: int
    database: int
    """Its number. Channels have none: they are kept apart by their prefix."""
    username: str | None
    password: Secret | None
    tls: Tls | None

    @property
    def shown(self) -> str:
        """What messages call the server; never with a password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"the shared server at {host}:{self.port}"


def read_address(text: Secret) -> Address:
    """Read `redis://user:password@host:port/0?option=value`. Raises SharedFault, which repeats no secret."""
    try:
        parts = urlsplit(text.reveal())
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query), keep_blank_values=True))
        port = parts.port or _PORT
    except ValueError:
        raise _misread() from None
    if parts.scheme not in _SCHEMES:
        raise SharedFault(
            "The setting `shared` is not the address of a server that Dragoman knows: write "
            "redis://user:password@host:port, or rediss:// for TLS."
        )
    if not parts.hostname or parts.fragment or "@" in parts.path or "@" in parts.query or parts.netloc.count("@") > 1:
        raise _misread()
    if parts.username and not parts.password:
        raise SharedFault(
            "The address of the shared server has a user name and no password: write redis://user:password@host, or "
            "redis://:password@host where there are no users."
        )
    return Address(
        host=parts.hostname,
        port=port,
        database=_database(parts.path),
        username=unquote(parts.username) if parts.username else None,
        password=Secret(unquote(parts.password)) if parts.password else None,
        tls=_tls(parts, options),
    )


def tls_context(tls: Tls) -> ssl.SSLContext:
    """What checks the server's certificate, read anew from the files. Raises SharedFault."""
    try:
        context = ssl.create_default_context(cafile=tls.roots)
        if tls.certificate is not None:
            context.load_cert_chain(tls.certificate, tls.key)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not what it should be"
        raise SharedFault(
            f"A file that the address of the shared server names cannot be used ({reason}): look at sslrootcert, "
            "sslcert and sslkey; all are PEM."
        ) from None
    return context


def _misread() -> SharedFault:
    """What was read as host or option may be half of a password: nothing of it is repeated."""
    return SharedFault(
        "The address of the shared server cannot be read: write redis://user:password@host:port/0, and in user and "
        "password each of the characters : / ? # [ ] @ % as its percent-encoding, such as %40 for @."
    )


def _database(path: str) -> int:
    number = path.removeprefix("/") or "0"
    if not (number.isascii() and number.isdecimal()) or int(number) >= _MOST_DATABASES:
        raise _misread()
    return int(number)


def _tls(parts: SplitResult, options: Mapping[str, str]) -> Tls | None:
    unknown = sorted(options.keys() - _OPTIONS)
    if unknown:
        raise SharedFault(
            f"The address of the shared server has an option that Dragoman does not know: {unknown[0]!r}. "
            "docs/shared-state.md lists all."
        )
    if parts.scheme != "rediss":
        if options:
            raise SharedFault(f"The address of the shared server has {min(options)}, but no TLS: write rediss://.")
        return None
    if "sslkey" in options and "sslcert" not in options:
        raise SharedFault("The address of the shared server has sslkey without sslcert: give both, or sslcert alone.")
    return Tls(roots=options.get("sslrootcert"), certificate=options.get("sslcert"), key=options.get("sslkey"))
