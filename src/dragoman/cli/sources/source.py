"""The source of an import, as the command line has it: a file, or an address; no argument may hold its password."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from dragoman.cli.terminal.asking import STANDARD_INPUT, read_secret
from dragoman.core.errors import Fault
from dragoman.core.secret import Secret
from dragoman.importers.kind import Source
from dragoman.importers.sources.address import shown


def read_source(given: str, mapping: Path | None, now: int) -> Source:
    """The source that the command line names. Raises Fault."""
    text = read_secret("address").reveal() if given == STANDARD_INPUT else given
    if "://" not in text:
        return Source(location=Path(text), mapping=mapping, now=now)
    if given != STANDARD_INPUT and _has_password(text):
        raise Fault("a password in an argument can be read by others on this machine; pipe the address in, and write -")
    return Source(location=Secret(text), mapping=mapping, now=now)


def _has_password(url: str) -> bool:
    try:
        return urlsplit(url).password is not None or "password=" in urlsplit(url).query
    except ValueError:
        return True


def shown_source(source: Source) -> str:
    """A file by its name, a database by its host and name. Raises SourceFault."""
    return str(source.location) if isinstance(source.location, Path) else shown(source.location)
