"""django-oauth-toolkit (PyPI), which writes opaque tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.systems.python import missing, under_gunicorn
from bench.systems.system import (
    System,
    ask,
    basic,
    client_credentials,
    introspection,
    password_grant,
    refresh,
    revocation,
)
from bench.work import CLIENT_ID, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bench.load import Request

_TOKEN = "/o/token/"
_PEOPLE = basic(CLIENT_ID + "-people")
"""An application of theirs has one grant."""


def django_oauth_toolkit() -> System:
    """With Django and PostgreSQL, as its documentation has it."""
    return System(
        name="django-oauth-toolkit",
        about="Django, PostgreSQL, gunicorn with 2 workers of 4 threads",
        start=lambda folder: under_gunicorn(folder, "django_app", "application", _requests),
        missing=missing,
    )


def _requests(port: int) -> Mapping[Work, Callable[[], Request]]:
    by_client = client_credentials(_TOKEN)
    return {
        Work.PASSWORD: lambda: password_grant(_TOKEN, _PEOPLE),
        Work.CLIENT_CREDENTIALS_OPAQUE: lambda: by_client,
        Work.REFRESH: lambda: refresh(port, _TOKEN, _PEOPLE),
        Work.INTROSPECTION_OPAQUE: lambda: introspection("/o/introspect/", ask(port, by_client)["access_token"]),
        Work.REVOCATION: lambda: revocation(port, "/o/revoke_token/", by_client),
    }
