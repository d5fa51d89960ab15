"""Which key makes a grant's refresh token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.tokens.format import TokenFault
from dragoman.tokens.keys import ALGORITHMS, Purpose

if TYPE_CHECKING:
    from dragoman.core.model import Grant, TokenFacts
    from dragoman.tokens.keyring import Keyring
    from dragoman.tokens.keys import Key

ALGORITHM = ALGORITHMS[Purpose.REFRESH][0]


def live_grant(facts: TokenFacts) -> Grant:
    """The grant whose refresh token is asked for."""
    if facts.grant is None:
        raise TokenFault("a refresh token needs a grant")
    return facts.grant


def choose_refresh_key(keyring: Keyring, grant: Grant, now: int) -> Key:
    """The key that was in force when the generation began: asked again later, the same token comes out.

    Once that key has a date to retire the one in force now takes over, so that no live token dies with it.
    """
    began = grant.created_at if grant.rotated_at is None else grant.rotated_at
    first = keyring.find_signing_key(Purpose.REFRESH, ALGORITHM, began)
    if first is not None and first.retires_at is None:
        return first
    return keyring.signing_key(Purpose.REFRESH, ALGORITHM, now)
