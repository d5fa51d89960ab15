"""Refresh tokens of servers that stood here before, and a server that adopts them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dragoman.config.settings import FormerTable
from dragoman.core.adoption import digest_of
from dragoman.core.model import FormerSession
from dragoman.store.former_sessions import StoredSession
from dragoman.store.intake import Changes
from tests.attacks.harness import START
from tests.former_sessions import makers

if TYPE_CHECKING:
    from pathlib import Path

    from tests.attacks.harness import Answer, Server

DAY = 86400
END = START + 30 * DAY
UNTIL = START + 90 * DAY


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def former(folder: Path, format_name: str, key: str | None = None, **settings: Any) -> FormerTable:
    """A server that stopped when the test's clock begins, whose sessions are adopted for ninety days."""
    if key is not None:
        path = folder / f"{format_name}.key"
        path.write_text(key)
        path.chmod(0o600)
    times = {"cut_over": moment(START), "until": moment(UNTIL)}
    name = None if key is None else f"{format_name}.key"
    return FormerTable(format=format_name, key=name, **{**times, **settings})


def all_formats(folder: Path) -> tuple[FormerTable, ...]:
    return (
        former(folder, "passport", makers.APP_KEY_LINE),
        former(folder, "spring-jwt", makers.SECRET, unlisted=True),
        former(folder, "ts-oauth2-server", makers.SECRET + " of another"),
        former(folder, "spring-jdbc"),
        former(folder, "django"),
    )


def spring_token(server: Server, client: str, person: str, **claims: Any) -> str:
    """A refresh token as a JwtAccessTokenConverter makes it."""
    said = {
        "aud": ["backoffice_api"], "user_name": server.owner_id(person), "scope": ["read", "write"],
        "ati": "00000000-0000-0000-0000-000000000001", "exp": END, "authorities": ["ROLE_AGENT"],
        "jti": f"jti of {client} and {person}", "client_id": client,
    }  # fmt: skip
    return makers.jwt({name: value for name, value in {**said, **claims}.items() if value is not None})


def passport_token(server: Server, client: str, person: str, **payload: Any) -> str:
    said = {
        "client_id": client, "refresh_token_id": f"id of {client} and {person}", "access_token_id": "a",
        "scopes": ["read"], "user_id": server.owner_id(person), "expire_time": END,
    }  # fmt: skip
    return makers.sealed({**said, **payload})


@dataclass(frozen=True)
class Listing:
    """What `Intake.take` is handed."""

    changes: Changes


def list_session(server: Server, format_name: str, identifier: str, **session: Any) -> None:
    """As an import lists one."""
    said = {"client_id": None, "subject": None, "scope": None, "expires_at": END}
    stored = StoredSession(
        digest=digest_of(format_name, identifier), format=format_name, session=FormerSession(**{**said, **session})
    )
    listing = Listing(Changes(new_sessions=(stored,)))
    server.run(server.tool.intake.take((), (), lambda _standing: listing, START))


def refused(server: Server, answer: Answer, since: int) -> str:
    """The refusal in the audit, of an answer that tells nothing of it."""
    assert (answer.status, answer.error) == (400, "invalid_grant")
    return str(server.events(since)[-1]["refusal"])
