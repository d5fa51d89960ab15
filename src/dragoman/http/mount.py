"""Where a dialect stands on this server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from dragoman.core.errors import Fault
from dragoman.http.origins import why_no_origin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.core.rules import Rules
    from dragoman.dialects.dialect import Dialect
    from dragoman.dialects.schema import EndpointWords

ENDPOINTS = ("token", "introspection", "revocation", "key", "jwks", "metadata", "resource")
_PATH = re.compile(r"/[!-~]*")
_PLACEHOLDER = re.compile(r"\{([a-zA-Z_][a-zA-Z0-9_]*)\}")
"""As Starlette's router reads one, without a converter: `{rest:path}` would take any number of segments."""
_OWN_PATHS = "/health/"


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A dialect at a prefix; two mounts of one dialect are allowed."""

    dialect: Dialect
    prefix: str = ""
    paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Paths in place of the dialect's own, by endpoint."""
    account_state_shown: bool = False
    shared_key_shown: bool = False
    demo_resource: bool = False
    origins: frozenset[str] = frozenset()
    """Those whose pages may read what the mount answers."""

    @cached_property
    def rules(self) -> Rules:
        """The dialect's rules, with what this mount switches on."""
        return replace(self.dialect.rules, account_state_shown=self.account_state_shown)

    def paths_of(self, endpoint: str) -> tuple[str, ...]:
        """The absolute paths of an endpoint: `token`, `introspection`, `revocation`, `key`, `jwks` and so on."""
        words: EndpointWords = getattr(self.dialect.words, endpoint)
        return tuple(self.prefix + path for path in self.paths.get(endpoint, words.paths))


def check_mounts(mounts: Sequence[Mount]) -> None:
    """Raises Fault where a path or an origin is none, or where two endpoints would answer at one path.

    Which dialect a path speaks decides what a client may do there; it must not hang on the order of a file. A path
    without placeholders may stand beside one with them: the router always prefers it.
    """
    taken: list[tuple[str, str]] = []
    for mount in mounts:
        name = mount.dialect.name
        _check_origins(name, mount.origins)
        for endpoint in mount.paths.keys() - set(ENDPOINTS):
            raise Fault(f"mounts, {name}, paths: there is no endpoint {endpoint!r}; there are: {', '.join(ENDPOINTS)}")
        for endpoint in ENDPOINTS:
            for path in mount.paths_of(endpoint):
                _check_path(name, path)
                _check_free(f"{name} {endpoint}", path, taken)
                taken.append((f"{name} {endpoint}", path))


def _check_origins(dialect: str, origins: frozenset[str]) -> None:
    for origin in sorted(origins):
        if reason := why_no_origin(origin):
            raise Fault(f"mounts, {dialect}, origins: {origin!r}: {reason}")


def _check_path(dialect: str, path: str) -> None:
    """Raises Fault for a path that the router would not read as it is written."""
    told = f"mounts, {dialect}, paths: {path!r}"
    if not _PATH.fullmatch(path):
        raise Fault(f"{told} is no path; begin it with / and write it in ASCII")
    names = _PLACEHOLDER.findall(path)
    if re.search(r"[{}]", _PLACEHOLDER.sub("", path)):
        raise Fault(f"{told} has braces around what is no name; write {{version}}: letters, digits and _ alone")
    if len(set(names)) < len(names):
        raise Fault(f"{told} has one placeholder twice; give each a name of its own")
    if path.startswith(_OWN_PATHS):
        raise Fault(f"{told} is under {_OWN_PATHS}, which is the server's own; give it another")


def _check_free(owner: str, path: str, taken: Sequence[tuple[str, str]]) -> None:
    for other, held in taken:
        if path == held:
            raise Fault(f"mounts: {other} and {owner} both answer at {path}; give one a prefix")
        if _may_be_one(path, held):
            raise Fault(f"mounts: {other} at {held} and {owner} at {path} could both answer a request; prefix one")


def _may_be_one(path: str, other: str) -> bool:
    """Whether some request fits both of two paths with placeholders, so that their order would decide."""
    if "{" not in path or "{" not in other:
        return False
    segments, others = path.split("/"), other.split("/")
    return len(segments) == len(others) and all(
        one == two or "{" in one or "{" in two for one, two in zip(segments, others, strict=True)
    )
