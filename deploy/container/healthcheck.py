#!/opt/dragoman/bin/python
"""Whether the server in this container answers 200 at a path, with the port and TLS of its configuration."""

from __future__ import annotations

import http.client
import os
import ssl
import sys
from pathlib import Path

from dragoman.config.reading import read_configuration
from dragoman.config.settings import Configuration
from dragoman.core.errors import Fault

TIMEOUT = 3.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (told apart, not listened on)


def connect(configuration: Configuration) -> http.client.HTTPConnection:
    """A connection to the server beside this process, not opened yet."""
    server = configuration.server
    host = _EVERYWHERE.get(server.host, server.host)
    if server.tls_certificate is None:
        return http.client.HTTPConnection(host, server.port, timeout=TIMEOUT)
    context = ssl.create_default_context()
    context.check_hostname = False  # the certificate names the issuer's host, and this is loopback
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, server.port, timeout=TIMEOUT, context=context)


def main() -> int:
    """0 when all is well, 1 when not: the two answers that a container's health check has."""
    file = Path(os.environ.get("DRAGOMAN_CONFIG", "/etc/dragoman/dragoman.toml"))
    settings = {name: value for name, value in os.environ.items() if not name.endswith("_FILE")}
    try:
        connection = connect(read_configuration(file, settings))
        connection.request("GET", sys.argv[1])
        status = connection.getresponse().status
    except (Fault, OSError, http.client.HTTPException) as fault:
        sys.stderr.write(f"{sys.argv[1]}: {fault}\n")
        return 1
    sys.stderr.write(f"{sys.argv[1]}: {status}\n")
    return 0 if status == http.client.OK else 1


if __name__ == "__main__":
    sys.exit(main())
