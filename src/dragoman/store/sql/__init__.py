"""Tables and statements as SQLAlchemy describes them, and what compiles them to text: no running server loads it.

`X` here describes the statements that `dragoman.store.X` runs.
"""
