"""Where clients, resource owners and grants are kept: SQLAlchemy Core describes it, SQLite holds it."""
