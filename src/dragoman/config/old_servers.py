"""The settings of a mount whose old server still runs: before it, or beside it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from dragoman.config.table import Table

HeaderName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,64}$")]
Member = Annotated[str, Meta(min_length=1, max_length=64)]


class ShadowTable(Table, frozen=True):
    """The mount stands before the server that it is to replace: that one answers, and docs/shadow.md tells the rest."""

    old_server_url: str | None = None
    """Where that server is: what stands there before the mount's paths, as in https://old.example.com. Not set, the
    mount answers itself."""
    plain_http: bool = False
    """Whether old_server_url may begin with http:// although it is another machine: passwords then cross that network
    for anyone on it to read."""
    address_header: HeaderName = "X-Forwarded-For"
    """The header in which that server is told who asks; whatever a client has written there is dropped."""
    seconds: Annotated[int, Meta(ge=1, le=60)] = 10
    """How long that server may take for a whole answer; then the answer is 503."""
    at_once: Annotated[int, Meta(ge=1, le=1000)] = 100
    """How many requests each worker may have under way there; beyond that the answer is 503."""
    record: str = "shadow.json"
    """The file in which differences are counted; `dragoman shadow report` reads it."""


class BridgeTable(Table, frozen=True):
    """Whoever is unknown here is asked for at the server that one mount has replaced, and moves in (docs/bridge.md)."""

    old_server_url: str | None = None
    """Where that server is: what stands there before the mount's paths, as in https://old.example.com. Not set, nobody
    is asked for there."""
    plain_http: bool = False
    """Whether old_server_url may begin with http:// although it is another machine: passwords then cross that network
    for anyone on it to read."""
    until: Annotated[datetime, Meta(tz=True)] | None = None
    """From when on nobody is asked for there any more, with an offset, as in 2026-11-01T04:00:00Z. Needed."""
    clients: tuple[str, ...] = ()
    """The ids of the clients whose people and sessions may come from there. Needed; they have the same id and secret
    there."""
    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,31}$")] = "old-server"
    """What accounts are marked with that came with a session and whose password is still there. Never change it."""
    subject: Member | None = None
    """The member of that server's answer, or the claim in its access token, that holds the account's id. Without it and
    `username`, no session comes from there, and each account gets an id of its own."""
    username: Member | None = None
    """The one that holds the user name. Without it the name that somebody logs in with is the user name."""
    email: Member | None = None
    """The one that holds the e-mail."""
    authorities: Member | None = None
    """The one that holds roles or authorities."""
    authorities_allowed: tuple[str, ...] = ()
    """Those that an account may bring along; all others stay there."""
    address_header: HeaderName = "X-Forwarded-For"
    """The header in which that server is told who asks."""
    seconds: Annotated[int, Meta(ge=1, le=30)] = 5
    """How long somebody waits for that server; then the answer is 503."""
    at_once: Annotated[int, Meta(ge=1, le=1000)] = 20
    """How many requests each worker may have under way there."""
