"""The settings of the mirror: where APIs look up access tokens that are issued here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from dragoman.config.table import Table

if TYPE_CHECKING:
    from collections.abc import Collection


class MirrorTable(Table, frozen=True):
    """A table in somebody else's database in which APIs look up access tokens (docs/mirror.md).

    Each token has its row before it leaves, and where a token or its session ends, its rows are marked as revoked.
    Without a URL there is no mirror, and nothing else here has a meaning.
    """

    url: str | None = None
    """The database: the path of an SQLite file, postgresql://user:password@host/database, or
    mysql://user:password@host/database. It may hold a password: then give it by the environment, or keep the file
    private."""
    dialects: tuple[str, ...] = ()
    """The mounted dialects whose access tokens it holds; without any, those of all mounts."""
    insert: str = ""
    """The statement that adds the row of a token, with the parameters :token (its identifier, as its claim spells it)
    and :grant (what is revoked as one), and of :user, :client, :scopes (a JSON array), :issued_at and :expires_at
    (epoch seconds) those that the table has a column for. :user and :grant are NULL where a client acts for itself."""
    revoke_grant: str = ""
    """The statement that marks all rows of :grant as revoked; :user, :client and :now (epoch seconds) are there to
    find them by an index."""
    revoke_token: str = ""
    """The statement that marks the row of :token as revoked; there is :now, too."""
    purge: str = ""
    """The statement that takes away some hundred rows that expired before :before (epoch seconds); it is run until it
    finds none. Without it rows stay until somebody else takes them away."""
    timeout_seconds: Annotated[int, Meta(ge=1, le=10)] = 3
    """How long one statement may take, waiting for its turn included; then the answer is 503."""
    connections: Annotated[int, Meta(ge=1, le=64)] = 8
    """How many rows each worker writes at once; eight times as many may wait."""

    def __repr__(self) -> str:
        """Without settings: one of them may be a secret."""
        return "MirrorTable(…)"


def fault_of_mirror(table: MirrorTable, mounted: Collection[str]) -> str | None:
    """Why the mirror cannot be meant, as a key and a sentence with a remedy; None if it can.

    `mounted` are the names of the dialects that are mounted.
    """
    if table.url is None:
        return None
    for key in ("insert", "revoke_grant", "revoke_token"):
        if not getattr(table, key):
            return f"mirror.{key}: missing; docs/mirror.md has the statements of usual tables"
    for name in table.dialects:
        if name not in mounted:
            return f"mirror.dialects: {name} is not mounted; write the name of a mount's dialect, or take it out"
    return None
