"""Running a command line of curl, and reading what it prints."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

from dragoman.verification.http_exchange import (
    NoResponseError,
    Response,
    ServerAddress,
    UnreachableError,
    decode_header,
)

_UNREACHABLE = frozenset({5, 6, 7, 35, 60})
"""Exit statuses of curl: no proxy, no such host, no connection, no TLS, no trusted certificate."""

_OWN_ARGUMENTS = ("-q", "-i", "-s", "-S", "--http1.1", "--noproxy", "*")
"""Nothing from ~/.curlrc, headers printed, no progress, the same protocol and route as requests without curl."""


def curl_is_installed() -> bool:
    """Whether there is a curl to run."""
    return shutil.which("curl") is not None


def run_curl(address: ServerAddress, arguments: Sequence[str], timeout: float) -> Response:
    """Run curl with these arguments, without a shell. Raises UnreachableError, NoResponseError."""
    program = shutil.which("curl")
    if program is None:
        raise NoResponseError("curl is not installed")
    command = [program, *_OWN_ARGUMENTS, "--max-time", str(timeout), *arguments]
    try:
        # No shell, and the command comes from a contract, not from a server.
        ended = subprocess.run(command, capture_output=True, timeout=timeout + 5, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise NoResponseError("curl did not end in time") from error
    if ended.returncode:
        reason = ended.stderr.decode("utf-8", "replace").strip() or f"curl ended with {ended.returncode}"
        if ended.returncode in _UNREACHABLE:
            raise UnreachableError(f"cannot reach {address.url}: {reason}")
        raise NoResponseError(reason)
    return parse_output(ended.stdout)


def parse_output(output: bytes) -> Response:
    """The response that `curl -i` printed; interim ones and redirects that it followed are left out.

    Raises NoResponseError.
    """
    head, _, rest = output.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ", 2)
    if not words[0].startswith("HTTP/") or len(words) == 1 or not words[1].isdigit():
        raise NoResponseError("curl printed no HTTP response")
    status = int(words[1])
    if rest.startswith(b"HTTP/") and (status < 200 or 300 <= status < 400):  # noqa: PLR2004 - classes of RFC 9110 §15
        return parse_output(rest)
    pairs = (line.partition(":") for line in lines[1:])
    headers = tuple((name, decode_header(value.strip())) for name, _, value in pairs)
    return Response(status=status, headers=headers, body=rest)
