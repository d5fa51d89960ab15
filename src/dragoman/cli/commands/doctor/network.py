"""What `dragoman doctor` looks at from outside: TLS, paths that two mounts claim, and whether the issuer answers."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dragoman.cli.commands.doctor.finding import Finding, fault_found, ok, problem, warning
from dragoman.cli.terminal.showing import told_time
from dragoman.core.errors import Fault
from dragoman.core.ip_address import is_this_machine
from dragoman.serving.listening import refuse_unusable_tls
from dragoman.wiring.parts import build_mounts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dragoman.config.settings import Configuration
    from dragoman.dialects.dialect import Dialect

_TIMEOUT = 2.0
_LIVE = "/health/live"
_LARGEST = 1024
_SOON = 21 * 86400
_READ_AGAIN = "have the server read it: SIGHUP"


def check_mounts(configuration: Configuration, dialects: Mapping[str, Dialect]) -> Iterator[Finding]:
    """Whether each endpoint has a path of its own."""
    try:
        build_mounts(configuration, dialects)
    except Fault as fault:
        yield fault_found("dialects", fault)
    else:
        yield ok("dialects", ", ".join(dialects))


def check_tls(configuration: Configuration, now: int) -> Iterator[Finding]:
    """Whether certificate and key can be read and belong together, and for how long."""
    try:
        refuse_unusable_tls(configuration)
    except Fault as fault:
        yield fault_found("tls", fault)
    else:
        certificate = configuration.server.tls_certificate
        if certificate is not None:
            yield _check_certificate(certificate, configuration.path(certificate), now)


def _check_certificate(name: str, path: Path, now: int) -> Finding:
    """Until when the server's own certificate is good: the first of the chain in its file."""
    from cryptography.x509 import load_pem_x509_certificates  # noqa: PLC0415 (where TLS is served)

    ends = int(load_pem_x509_certificates(path.read_bytes())[0].not_valid_after_utc.timestamp())
    if ends <= now:
        return problem("tls", f"{name} has expired at {told_time(ends)}", f"renew it, then {_READ_AGAIN}")
    if ends <= now + _SOON:
        return warning("tls", f"{name} expires at {told_time(ends)}", f"renew it in time, then {_READ_AGAIN}")
    return ok("tls", f"{name}, until {told_time(ends)}")


def check_issuer(configuration: Configuration) -> Iterator[Finding]:
    """Whether the server answers where tokens say that it is."""
    issuer = configuration.issuer
    if urlsplit(issuer).scheme == "http" and not is_this_machine(urlsplit(issuer).hostname or ""):
        yield warning("issuer", f"{issuer} is not https (RFC 8414 §2)", "set issuer to the https address clients know")
    address = issuer.rstrip("/") + _LIVE
    try:
        status, body = _get(address)
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        remedy = "start the server, or mend issuer, the name service or the proxy before it"
        yield warning("issuer", f"{address} does not answer: {reason}", remedy)
        return
    if status == http.client.OK and _is_ours(body):
        yield ok("issuer", f"{address} answers")
    else:
        remedy = f"have the proxy pass {_LIVE} on, or set issuer to where this server is"
        yield warning("issuer", f"{address} answers {status}, and not as Dragoman does", remedy)


def _get(address: str) -> tuple[int, bytes]:
    parts = urlsplit(address)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT)
    try:
        connection.request("GET", parts.path)
        response = connection.getresponse()
        return response.status, response.read(_LARGEST)
    finally:
        connection.close()


def _is_ours(body: bytes) -> bool:
    try:
        return bool(json.loads(body) == {"status": "live"})
    except (ValueError, RecursionError):
        return False
