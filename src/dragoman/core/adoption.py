"""Refresh tokens that are none of ours, but may be those of the server that stood here before."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from dragoman.core.errors import OAuthError, Refusal

if TYPE_CHECKING:
    from dragoman.core.model import Client, RefreshHandle, Sender
    from dragoman.core.ports import Services
    from dragoman.core.secret import Secret


def digest_of(format_name: str, identifier: str) -> str:
    """What is kept of a former session: `identifier` is what names it in tokens of this format, or the token itself."""
    return sha256(f"{format_name}\0{identifier}".encode()).hexdigest()


async def read_refresh_token(
    services: Services, client: Client, presented: Secret, sender: Sender, now: int
) -> RefreshHandle:
    """The grant and generation of a token of ours, or of a former one that is ours from now on.

    Ours is asked first, without any I/O. Refuses as `Tokens.read_refresh_token` and `FormerSessions.adopt`.
    """
    try:
        return services.tokens.read_refresh_token(presented)
    except OAuthError as refused:
        if refused.refusal is Refusal.NOT_A_REFRESH_TOKEN:  # it is ours, and something else
            raise
        for former in services.former_sessions:
            handle = await former.adopt(presented, client, sender, now)
            if handle is not None:
                return handle
        raise
