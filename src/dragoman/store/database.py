"""What the store asks of a database: statements by name, alone or in a transaction. One module each fulfils it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from dragoman.store.rows import Row, Values

ResultT = TypeVar("ResultT")


class Transaction(Protocol):
    """Statements of which all are done or none. Raises ConstraintViolated; then the transaction is at its end."""

    async def row(self, statement: str, values: Values) -> Row | None:
        """The only row that the statement finds or changes, if there is one."""
        ...

    async def rows(self, statement: str, values: Values) -> Sequence[Row]:
        """All rows that the statement finds, as this transaction sees them."""
        ...

    def count(self, statement: str, values: Values) -> Coroutine[object, None, int]:
        """How many rows it changed."""
        ...

    async def each(self, statement: str, many: Sequence[Values]) -> None:
        """Run a change for each of these values, with as few round trips as the database allows."""
        ...


class Database(Protocol):
    """Statements are named as in `statement_names`, values as the parameters are.

    All of it may refuse `temporarily_unavailable`. What is refused was not done, unless a connection or a disk was lost
    at that very moment: then nobody knows, and it is never tried again.
    """

    @property
    def broken(self) -> str | None:
        """Why nothing can be written any more until a restart, if so."""
        ...

    async def row(self, statement: str, values: Values) -> Row | None:
        """Read the only row, if there is one, from what is committed."""
        ...

    async def rows(self, statement: str, values: Values) -> Sequence[Row]:
        """Read all rows from what is committed."""
        ...

    def change(self, statement: str, values: Values) -> Awaitable[int]:
        """Run one statement; how many rows it changed, durable when this returns. Raises ConstraintViolated.

        It touches a row or two, by their keys; what touches many is for `transact`.
        """
        ...

    def change_row(self, statement: str, values: Values) -> Awaitable[Row | None]:
        """Run one such statement; the row it changed, if any, durable when this returns. Raises ConstraintViolated."""
        ...

    def ensure(self, statement: str, values: Values) -> Awaitable[object]:
        """Run one such statement that comes to the same however often it is run, and whose outcome nobody asks for.

        Durable when this returns. It waits for nobody who holds a row, and its first parameter is a key of bytes.
        """
        ...

    def contest(self, statement: str, values: Values) -> Awaitable[bool]:
        """Run one such statement, of which one caller wins; whether this one did, durable when this returns.

        It changes the row with this `id`, if that is as the statement expects it. Raises ConstraintViolated.
        """
        ...

    async def transact(self, work: Callable[[Transaction], Coroutine[object, None, ResultT]]) -> ResultT:
        """Run the work in one transaction, durable when this returns. If the work raises, so does this, nothing done.

        The work awaits nothing but its transaction, and has no other effect: it may be run again from its beginning.
        """
        ...
