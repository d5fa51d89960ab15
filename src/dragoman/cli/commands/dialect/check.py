"""Whether a dialect file can be served: read, compiled, and its tokens opened with throw-away keys."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dragoman.core.errors import Fault
from dragoman.dialects.files import DialectFault, list_dialects, load_dialect
from dragoman.tokens.format import Issuers
from dragoman.tokens.issuer import open_issuer
from dragoman.tokens.keyring import keyring_of
from dragoman.tokens.keys import ALGORITHMS, Purpose, new_key
from dragoman.wiring.parts import epoch_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dragoman.config.settings import Configuration
    from dragoman.core.model import StoredAccessToken
    from dragoman.dialects.dialect import Dialect
    from dragoman.tokens.keyring import Keyring

_ENDPOINTS = ("token", "introspection", "revocation", "key", "jwks", "metadata", "resource")
_DEFAULT = "ES256"
_ISSUER = "http://127.0.0.1:8000"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointDescription:
    """Where an endpoint of a dialect stands."""

    endpoint: str
    methods: Sequence[str]
    path: str


def known_files(configuration: Configuration | None) -> Mapping[str, Path]:
    """Dialect files by name: our own, and those of the configured folders. Raises DialectFault."""
    folders = () if configuration is None else configuration.dialect_folders
    return list_dialects([configuration.path(folder) for folder in folders] if configuration else ())


def with_file(files: Mapping[str, Path], file: str) -> tuple[str, Mapping[str, Path]]:
    """The name of a dialect, given by name or by file, and the files with it among them. Raises DialectFault."""
    if not file.endswith(".toml"):
        return file, files
    path = Path(file).absolute()
    there = files.get(path.stem)
    if there is not None and there.absolute() != path:
        raise DialectFault(f"{file}: {there} has this name already; rename the file and its `name`")
    return path.stem, {**files, path.stem: path}


def check_dialect(name: str, files: Mapping[str, Path]) -> Dialect:
    """The dialect, if a server could serve it. Raises DialectFault."""
    dialect = load_dialect(name, files)
    try:
        open_issuer(
            keyring=_throw_away_keys(dialect),
            access_recipes=[dialect.rules.access_token],
            refresh_recipes=[dialect.rules.refresh_token],
            find_access_token=_find_nothing,
            clock=epoch_seconds,
            issuers=Issuers(own=_ISSUER),
            default_algorithm=_DEFAULT,
        )
    except DialectFault:
        raise
    except Fault as fault:
        raise DialectFault(f"{files[name]}: {fault}") from None
    return dialect


def chain_of(name: str, files: Mapping[str, Path]) -> Sequence[str]:
    """What the dialect extends, the nearest first."""
    chain: list[str] = []
    parent = load_dialect(name, files).words.extends
    while parent is not None:
        chain.append(parent)
        parent = load_dialect(parent, files).words.extends
    return chain


def endpoints_of(dialect: Dialect) -> Sequence[EndpointDescription]:
    """All paths, below whatever prefix it is mounted at."""
    words = {endpoint: getattr(dialect.words, endpoint) for endpoint in _ENDPOINTS}
    return [
        EndpointDescription(endpoint=endpoint, methods=one.methods, path=path)
        for endpoint, one in words.items()
        for path in one.paths
    ]


def _throw_away_keys(dialect: Dialect) -> Keyring:
    """One of each purpose; of RSA only where it is asked for, since such a key takes its time."""
    wanted = [(purpose, algorithms[0]) for purpose, algorithms in ALGORITHMS.items()]
    algorithm = dialect.rules.access_token.algorithm
    if algorithm in ALGORITHMS[Purpose.ACCESS] and algorithm != _DEFAULT:
        wanted.append((Purpose.ACCESS, algorithm))
    keys = tuple(new_key(purpose, one, 0) for purpose, one in wanted)
    return keyring_of(keys)


async def _find_nothing(_digest: bytes) -> StoredAccessToken | None:
    return None
