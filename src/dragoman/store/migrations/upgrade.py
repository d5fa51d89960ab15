"""Brings an older database to this program's schema. A server loads Alembic and SQLAlchemy here and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from dragoman.store.sql.tables import installation
from dragoman.store.version import FITS_FROM, FITS_FROM_NAME

if TYPE_CHECKING:
    from sqlalchemy import Connection

FAULTS = (SQLAlchemyError, CommandError)
"""What an upgrade raises when it cannot be done."""


def upgrade(connection: Connection, fits_from: str = FITS_FROM) -> None:
    """Run the migrations that are due in the transaction of this connection, and say which programs still fit.

    Those that were shut out before stay shut out.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    named = installation.c.name == FITS_FROM_NAME
    before = connection.execute(select(installation.c.value).where(named)).scalar_one_or_none()
    connection.execute(delete(installation).where(named))
    connection.execute(insert(installation).values(name=FITS_FROM_NAME, value=max(before or fits_from, fits_from)))
