"""Migrates an SQLite file, all in one transaction."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from alembic.util import CommandError
from sqlalchemy import create_engine, event
from sqlalchemy.pool import StaticPool

from dragoman.store.faults import StoreFault
from dragoman.store.migrations.upgrade import FAULTS, upgrade
from dragoman.store.sqlite.connection import connect_writer
from dragoman.store.version import FITS_FROM_ALONE

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection, Engine


def upgrade_database(path: Path) -> None:
    """Run the migrations that are due, all in one transaction. The lock must be held. Raises StoreFault."""
    try:
        engine = _engine(path)
        try:
            with engine.begin() as connection:
                upgrade(connection, FITS_FROM_ALONE)
                _refuse_orphans(connection)
        finally:
            engine.dispose()
    except (*FAULTS, sqlite3.Error) as error:
        raise StoreFault(f"{path} could not be brought to this version: {error}. Nothing was changed.") from error


def _refuse_orphans(connection: Connection) -> None:
    orphan = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if orphan is not None:
        raise CommandError(f"a row of {orphan[0]} would refer to nothing in {orphan[2]}")


def _engine(path: Path) -> Engine:
    """An engine whose transactions hold the schema too; the driver's own would commit before each change of it."""
    raw = connect_writer(path)
    raw.execute("PRAGMA foreign_keys = OFF")  # a table that is built anew must not take its dependents with it
    engine = create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
