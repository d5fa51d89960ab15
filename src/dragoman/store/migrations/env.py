"""What Alembic runs: the migrations that are due, in the transaction that the caller began."""

from __future__ import annotations

from alembic import context

from dragoman.store.sql.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
