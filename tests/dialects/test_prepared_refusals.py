"""A refusal that is told from a prepared answer is told as it would be if it were written anew for its request."""

from __future__ import annotations

import re

import pytest

from dragoman.core.errors import OAuthError, Refusal
from dragoman.dialects.files import list_dialects, load_dialect
from dragoman.dialects.wire import WireRequest

FILES = list_dialects(())
REQUESTS = [
    WireRequest(method="POST", path="/oauth2/token"),
    WireRequest(
        method="GET",
        path="/other",
        headers={b"authorization": b"Bearer x", b"accept": b"text/html"},
        header_lines=((b"authorization", b"Bearer x"), (b"accept", b"text/html")),
    ),
    WireRequest(
        method="PUT",
        path="/third",
        headers={b"authorization": b"Basic x", b"accept": b"application/json"},
        header_lines=((b"authorization", b"Basic x"), (b"accept", b"application/json")),
    ),
]
VALUES = dict.fromkeys(
    ("parameter", "grant_type", "cause", "scope", "client_scope", "requested_scope", "granted_scope", "required_scope"),
    "some <value>",
)


def without_time(body: bytes) -> bytes:
    """What some dialects tell of the moment."""
    return re.sub(rb"\d{13}", b"now", body)


@pytest.mark.parametrize("name", FILES)
def test_whatever_was_sent_a_refusal_is_told_as_if_written_for_it(name: str) -> None:
    dialect = load_dialect(name, FILES)
    for spelling in (dialect.errors, dialect.introspection_errors, dialect.resource_errors):
        for refusal in Refusal:
            refused = OAuthError(refusal, "detail", **VALUES)
            for retry_after in (None, 1, 30):
                for wire in (*REQUESTS, *REQUESTS):
                    told = spelling.spell(refused, wire, allow="POST", retry_after=retry_after)
                    written = spelling.render(refused, wire, "POST", retry_after)
                    assert (told.status, told.headers) == (written.status, written.headers)
                    assert without_time(told.body) == without_time(written.body), (refusal, wire)


@pytest.mark.parametrize("name", FILES)
def test_what_a_full_queue_is_told_is_prepared_in_every_dialect(name: str) -> None:
    assert load_dialect(name, FILES).errors.refusals[Refusal.TEMPORARILY_UNAVAILABLE].same_each_time
