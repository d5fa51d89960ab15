"""A token request as a dialect's own clients write it: from our terms back to the wire (RFC 6749 §4.3.2, §6)."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote_plus, urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.core.scope import Scope
    from dragoman.core.secret import Secret
    from dragoman.dialects.schema import ClientAuthenticationWords, DialectFile
    from dragoman.dialects.wire import Headers


class Asked(NamedTuple):
    """One request, to be sent to a token endpoint of this dialect."""

    method: str
    query: bytes
    headers: Headers
    body: bytes


def write_token_request(
    words: DialectFile,
    client: tuple[str, Secret | None],
    grant_type: str,
    parameters: Mapping[str, Secret],
    scope: Scope | None = None,
) -> Asked:
    """Each value once, in one place: a body where the dialect reads bodies, so that nothing secret is in a URL."""
    values: Mapping[str, str] = {
        "grant_type": grant_type,
        **{name: secret.reveal() for name, secret in parameters.items()},
    }
    if scope is not None:
        values = {**values, "scope": words.scope.separators[0].join(scope)}
    lines = [(b"accept", b"application/json")]
    values, credentials = _with_client(values, client, words.client_authentication)
    if credentials is not None:
        lines.append((b"authorization", credentials))
    if "body" not in words.request.parameters or "POST" not in words.token.methods:
        return Asked("GET", urlencode(values).encode(), tuple(lines), b"")
    if "form" in words.request.media_types:
        lines.append((b"content-type", b"application/x-www-form-urlencoded"))
        return Asked("POST", b"", tuple(lines), urlencode(values).encode())
    lines.append((b"content-type", b"application/json"))
    return Asked("POST", b"", tuple(lines), json.dumps(values, ensure_ascii=False).encode())


def _with_client(
    values: Mapping[str, str], client: tuple[str, Secret | None], words: ClientAuthenticationWords
) -> tuple[Mapping[str, str], bytes | None]:
    """The values with those of the client, or its Basic credentials beside them (RFC 6749 §2.3.1)."""
    client_id, secret = client[0], "" if client[1] is None else client[1].reveal()
    if "parameters" in words.methods:
        named = {"client_id": client_id} if client[1] is None else {"client_id": client_id, "client_secret": secret}
        return {**values, **named}, None
    if words.basic.percent_decoding:
        client_id, secret = quote_plus(client_id), quote_plus(secret)
    text = f"{client_id}:{secret}".encode(words.basic.charset, "replace")
    return values, b"Basic " + b64encode(text)
