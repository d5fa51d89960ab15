"""Client authentication (RFC 6749 §2.3): who sends this, whatever the dialect read it from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.guessing import refuse_wrong_secret
from dragoman.core.secret import Secret

if TYPE_CHECKING:
    from dragoman.core.model import Client, ClientCredentials, Sender
    from dragoman.core.ports import HungUp, Services

_NOTHING = Secret("")


async def authenticate_client(  # noqa: PLR0913 (each is one thing it needs)
    services: Services, presented: ClientCredentials, sender: Sender, dialect: str, hung_up: HungUp, *, now: int
) -> Client:
    """The client, once its secret is right; the same work and one refusal for unknown ids and wrong secrets.

    Secrets that have ended at `now`, in epoch seconds, are wrong.

    Each of these is counted for its sender's address; beyond the allowance it is told `too_many_requests`. A right
    secret is believed however many were wrong before, so that nobody can lock a client out.

    Raises OAuthError with the refusal that reading came to, or `missing_client_id`, `unknown_client`,
    `missing_client_secret`, `wrong_client_secret`, `unexpected_client_secret`, `client_id_mismatch`.
    """
    if presented.refusal is not None:
        raise OAuthError(presented.refusal)
    if not presented.id:
        raise OAuthError(Refusal.MISSING_CLIENT_ID, parameter="client_id")
    client = await services.clients.find_client(presented.id)
    stored = client.secrets if client is not None else ()
    matches = await services.client_secrets.matches(stored, presented.secret or _NOTHING, now, sender, hung_up)
    if client is None:
        unknown = OAuthError(Refusal.UNKNOWN_CLIENT, "no client has this id")
        raise await refuse_wrong_secret(services, "", sender, dialect, unknown)
    if client.confidential:
        if not presented.secret:
            raise OAuthError(
                Refusal.MISSING_CLIENT_SECRET,
                "confidential client without secret",
                client_id=client.id,
                parameter="client_secret",
            )
        if not matches:
            wrong = OAuthError(Refusal.WRONG_CLIENT_SECRET, "wrong secret", client_id=client.id)
            raise await refuse_wrong_secret(services, client.id, sender, dialect, wrong)
    elif presented.secret:
        raise OAuthError(Refusal.UNEXPECTED_CLIENT_SECRET, "public client sent a secret", client_id=client.id)
    if presented.other_id is not None and presented.other_id != client.id:
        raise OAuthError(Refusal.CLIENT_ID_MISMATCH, "two client ids", client_id=client.id)
    return client
