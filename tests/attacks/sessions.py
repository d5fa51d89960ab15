"""Sessions, and what becomes of them."""

from tests.attacks.harness import Answer, Server

DAY = 86400
BAD = (400, "invalid_grant")


def session(server: Server, **fields: object) -> tuple[str, str, str]:
    """A client, its refresh token and its access token."""
    client = server.add_client(**fields)
    tokens = server.log_in(client, server.add_owner()).document
    return client, tokens["refresh_token"], tokens["access_token"]


def outcome(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.document.get("error", "")
