"""Where a dialect stands on this server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from dragoman.core.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.core.rules import Rules
    from dragoman.dialects.dialect import Dialect
    from dragoman.dialects.schema import EndpointWords

ENDPOINTS = ("token", "introspection", "revocation", "key", "jwks", "metadata", "resource")
_PATH = re.compile(r"/[!-~]*")


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

    @cached_property
    def rules(self) -> Rules:
        """The dialect's rules, with what this mount switches on."""
        return replace(self.dialect.rules, account_state_shown=self.account_state_shown)

    def paths_of(self, endpoint: str) -> tuple[str, ...]:
        """The absolute paths of an endpoint: `token`, `introspection`, `revocation`, `key`, `jwks` and so on."""
        words: EndpointWords = getattr(self.dialect.words, endpoint)
        return tuple(self.prefix + path for path in self.paths.get(endpoint, words.paths))


def check_mounts(mounts: Sequence[Mount]) -> None:
    """Raises Fault where a path is none, or where two endpoints would answer at one.

    Which dialect a path speaks decides what a client may do there; it must not hang on the order of a file.
    """
    taken: dict[str, str] = {}
    for mount in mounts:
        name = mount.dialect.name
        for endpoint in mount.paths.keys() - set(ENDPOINTS):
            raise Fault(f"mounts, {name}, paths: there is no endpoint {endpoint!r}; there are: {', '.join(ENDPOINTS)}")
        for endpoint in ENDPOINTS:
            for path in mount.paths_of(endpoint):
                if not _PATH.fullmatch(path):
                    raise Fault(f"mounts, {name}, paths: {path!r} is no path; begin it with / and write it in ASCII")
                if path in taken:
                    raise Fault(f"mounts: {taken[path]} and {name} {endpoint} both answer at {path}; give one a prefix")
                taken[path] = f"{name} {endpoint}"
