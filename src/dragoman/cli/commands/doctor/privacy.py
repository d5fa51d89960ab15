"""What `dragoman doctor` finds of files that other accounts of the machine may change or read."""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING, Final

from dragoman.cli.commands.doctor.finding import Finding, ok, warning
from dragoman.config.reading import read_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dragoman.config.settings import Configuration

_ADDRESSES: Final = (("database",), ("shared",), ("directory", "sql", "url"), ("mirror", "url"))
_SECRETS: Final = (
    ("directory", "http", "bearer"),
    ("directory", "http", "signing_key"),
    ("directory", "ldap", "bind_password"),
)
_PASSWORD = re.compile(r"://[^/?#]*:[^/?#@]+@|[?&](?:ssl)?password=[^&]")
"""In a URL: between user and host (RFC 3986 §3.2.1), or as an option of the driver."""


def check_configuration_file(path: Path) -> Finding:
    """Whoever may write the configuration decides what the server does, and whoever may read it has what it holds."""
    for one in (path, path.parent):
        if stat.S_IMODE(one.stat().st_mode) & 0o022:
            return warning("configuration", f"{one} can be changed by other accounts", f"run `chmod go-w {one}`")
    secrets = [".".join(setting) for setting in _secrets_in(read_table(path))]
    if secrets and _may_be_read_by_all(path):
        told = f"{path} can be read by every account, and {', '.join(secrets)} has a secret in it"
        return warning("configuration", told, f"run `chmod o-r {path}`, or give it by the environment; then change it")
    return ok("configuration", str(path))


def check_tls_key(configuration: Configuration) -> Iterator[Finding]:
    """Whoever has it can pass for this server. Of a group it may be: many systems have one for such keys."""
    name = configuration.server.tls_key
    if name is not None and _may_be_read_by_all(configuration.path(name)):
        remedy = f"run `chmod o-r {configuration.path(name)}`, and renew key and certificate"
        yield warning("tls", f"server.tls_key {name} can be read by every account", remedy)


def _secrets_in(table: Mapping[str, object]) -> Iterator[tuple[str, ...]]:
    """The settings of the file that hold one; those of the environment are nobody's to read."""
    for setting in (*_ADDRESSES, *_SECRETS):
        text = _at(table, setting)
        if text and (setting not in _ADDRESSES or _PASSWORD.search(text)):
            yield setting


def _at(table: Mapping[str, object], setting: tuple[str, ...]) -> str:
    found: object = table
    for step in setting:
        found = found.get(step) if isinstance(found, dict) else None
    return found if isinstance(found, str) else ""


def _may_be_read_by_all(path: Path) -> bool:
    """Whether every account may read it, and reach it through all folders above."""
    whole = path.resolve()
    try:
        readable = whole.stat().st_mode & stat.S_IROTH
        return bool(readable) and all(folder.stat().st_mode & stat.S_IXOTH for folder in whole.parents)
    except OSError:  # whatever reads it says so
        return False
