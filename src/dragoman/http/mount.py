"""Where a dialect stands on this server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dragoman.core.rules import Rules
    from dragoman.dialects.dialect import Dialect
    from dragoman.dialects.schema import EndpointWords


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
