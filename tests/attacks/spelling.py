"""Log-ins and refreshes as each dialect's clients write them."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tests.attacks.harness import FORM, PASSWORD

if TYPE_CHECKING:
    from tests.attacks.harness import Answer, Server

TOKEN_PATHS = {
    "standard": "/oauth2/token",
    "jobspace": "/oauth/token",
    "passport-12": "/oauth/token",
    "passport-13": "/oauth/token",
    "jmondi": "/token",
    "jmondi-1": "/token",
    "jmondi-4": "/token",
    "paymentiq": "/paymentiq/oauth/token",
    "spring-form-clients": "/paymentiq/oauth/token",
    "spring-security-oauth-2.5": "/paymentiq/oauth/token",
    "kabbage": "/auth/token",
    "axosoft": "/api/oauth2/token",
}
IN_PARAMETERS = frozenset({"axosoft"})


def basic(client_id: str, secret: str) -> tuple[str, str]:
    """The header."""
    return "Authorization", "Basic " + b64encode(f"{client_id}:{secret}".encode()).decode()


def token_path(dialect: str) -> str:
    """Where this dialect's token endpoint stands in the harness."""
    return f"/{dialect}{TOKEN_PATHS[dialect]}"


def send(  # the rest of the request is named freely
    server: Server,
    dialect: str,
    client_id: str,
    secret: str | None = None,
    /,
    peer: str = "127.0.0.1",
    **fields: str,
) -> Answer:
    """A token request with the client's own credentials, unless another secret is given."""
    secret = server.secret_of(client_id) if secret is None else secret
    headers = [("Content-Type", FORM)]
    if dialect in IN_PARAMETERS:
        fields |= {"client_id": client_id, "client_secret": secret}
    else:
        headers.append(basic(client_id, secret))
    return server.ask("POST", token_path(dialect), headers=headers, body=urlencode(fields).encode(), peer=peer)


def log_in(
    server: Server, dialect: str, client_id: str, username: str, password: str = PASSWORD, /, **more: str
) -> Answer:
    """A password grant."""
    fields = {"grant_type": "password", "username": username, "password": password, "scope": "read", **more}
    return send(server, dialect, client_id, **fields)


def login(server: Server, client: str) -> dict[str, str]:
    """The form of a log-in by this client that would succeed."""
    own = server.credentials(client)
    return {"grant_type": "password", **own, "username": server.add_owner(), "password": PASSWORD, "scope": "read"}


def whole_login(server: Server, **changed: str) -> dict[str, str]:
    """The form of a log-in of a new person by a new client that would succeed, but for what is changed."""
    form = {"grant_type": "password", **server.credentials(server.add_client()), "username": server.add_owner()}
    return {**form, "password": PASSWORD, **changed}
