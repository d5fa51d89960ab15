"""The port a server listens on, and the TLS files it needs: taken before anything else is opened."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

from dragoman.core.errors import Fault

if TYPE_CHECKING:
    from pathlib import Path

    from dragoman.config.settings import Configuration


_BACKLOG = 2048
"""Connections that may wait in the kernel, also while nobody is there yet to take them."""


class ListeningFault(Fault):
    """The server cannot listen as configured; the message says where, why, and what to do."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 takes a free one. Raises ListeningFault."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise ListeningFault(f"cannot listen on {host}:{port}: {error.strerror}; choose another host or port") from None
    return listening


def tls_context(configuration: Configuration) -> ssl.SSLContext | None:
    """TLS 1.2 or newer with the configured certificate (RFC 9325 §3.1.1); None where none is.

    Raises ListeningFault where certificate or key cannot be read, or do not belong together.
    """
    certificate, key = configuration.server.tls_certificate, configuration.server.tls_key
    if certificate is None or key is None:
        return None
    for setting, name in (("tls_certificate", certificate), ("tls_key", key)):
        _refuse_unreadable(f"server.{setting} {name}", configuration.path(name))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(configuration.path(certificate), configuration.path(key), password=_no_password)
    except (OSError, ValueError) as error:
        raise ListeningFault(
            f"server.tls_certificate {certificate} with server.tls_key {key} cannot be used: {_why(error)}; "
            "name two PEM files that belong together, the key without a password"
        ) from None
    return context


def refuse_unusable_tls(configuration: Configuration) -> None:
    """Raises ListeningFault where TLS cannot be spoken as configured."""
    tls_context(configuration)


def _refuse_unreadable(called: str, path: Path) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        raise ListeningFault(
            f"{called} cannot be read: {error.strerror}; name a PEM file that the account of the server may read"
        ) from None


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLError):
        told = {
            "KEY_VALUES_MISMATCH": "the key is not the certificate's",
            "NO_START_LINE": "there is no PEM certificate in the one or no PEM key in the other",
            "BAD_DECRYPT": "the key has a password",
        }
        return told.get(error.reason or "", str(error.reason or error))
    return str(error)


def _no_password() -> str:
    """Else OpenSSL would ask the terminal."""
    return ""
