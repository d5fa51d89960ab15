"""Client credentials (RFC 6749 §4.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.core.model import Authorization

if TYPE_CHECKING:
    from dragoman.core.model import Client, TokenRequest
    from dragoman.core.ports import Services
    from dragoman.core.rules import Rules


_FOR_ITSELF = Authorization(resource_owner=None)


@dataclass(frozen=True, slots=True)
class ClientCredentialsGrant:
    """For the client itself."""

    name: str = "client_credentials"
    needs_confidential_client: bool = True

    async def authorize(
        self, _services: Services, _rules: Rules, _client: Client, _request: TokenRequest, _now: int
    ) -> Authorization:
        """Nothing is left to judge: the client has authenticated, and it speaks for nobody else."""
        return _FOR_ITSELF


GRANT_TYPE = ClientCredentialsGrant()
