"""The port a server listens on, and the TLS files it needs: taken before anything else is opened."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

from dragoman.core.errors import Fault

if TYPE_CHECKING:
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


def refuse_unusable_tls(configuration: Configuration) -> None:
    """Raises ListeningFault where certificate or key cannot be read, or do not belong together."""
    certificate, key = configuration.server.tls_certificate, configuration.server.tls_key
    if certificate is None or key is None:
        return
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(configuration.path(certificate), configuration.path(key), password=_no_password)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ListeningFault(
            f"server.tls_certificate {certificate} with server.tls_key {key} cannot be used: {reason}; "
            "name two PEM files that belong together, the key without a password"
        ) from None


def _no_password() -> str:
    """Else OpenSSL would ask the terminal."""
    return ""
