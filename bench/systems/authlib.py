"""Authlib's authorization server (PyPI), which writes opaque tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.systems.python import missing, under_gunicorn
from bench.systems.system import System, ask, client_credentials, introspection, password_grant, refresh, revocation
from bench.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bench.load import Request


def authlib() -> System:
    """With Flask, SQLAlchemy and PostgreSQL, as its documentation has it."""
    return System(
        name="Authlib",
        about="Flask, SQLAlchemy, PostgreSQL, gunicorn with 2 workers of 4 threads",
        start=lambda folder: under_gunicorn(folder, "authlib_app", "app", _requests),
        missing=missing,
    )


def _requests(port: int) -> Mapping[Work, Callable[[], Request]]:
    by_client = client_credentials("/oauth/token")
    return {
        Work.PASSWORD: lambda: password_grant("/oauth/token"),
        Work.CLIENT_CREDENTIALS_OPAQUE: lambda: by_client,
        Work.REFRESH: lambda: refresh(port, "/oauth/token"),
        Work.INTROSPECTION_OPAQUE: lambda: introspection("/oauth/introspect", ask(port, by_client)["access_token"]),
        Work.REVOCATION: lambda: revocation(port, "/oauth/revoke", by_client),
    }
