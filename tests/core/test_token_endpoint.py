"""One audit event for each answer, whatever is away."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.model import ClientCredentials, Sender, TokenRequest
from dragoman.core.secret import Secret
from dragoman.core.token_endpoint import answer
from dragoman.dialects.files import list_dialects, load_dialect


async def _away(_id):
    raise OAuthError(Refusal.TEMPORARILY_UNAVAILABLE, "the store is away")


def test_what_is_refused_because_the_store_is_away_is_in_the_audit():
    events = []
    services = SimpleNamespace(
        clients=SimpleNamespace(find_client=_away), grant_types={}, audit=SimpleNamespace(record=events.append)
    )
    request = TokenRequest(
        grant_type="password",
        client=ClientCredentials(id="shop", secret=Secret("secret")),
        parameters={},
        sender=Sender(address="192.0.2.1"),
    )
    rules = load_dialect("standard", list_dialects(())).rules
    with pytest.raises(OAuthError) as refused:
        asyncio.run(answer(services, None, rules, request, 0))
    assert refused.value.detail == "the store is away"
    assert [(one.name, one.client_id, one.facts["detail"]) for one in events] == [
        ("token_refused", None, "the store is away")
    ]
