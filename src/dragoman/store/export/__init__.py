"""The whole state as lines of JSON, the same whatever the database: written from one snapshot, and read again."""
