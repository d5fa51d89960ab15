"""An SQL dump as a source: of `mysqldump`, `mariadb-dump`, or `pg_dump` in its plain format. Nothing is executed."""

from dragoman.importers.sources.dump.loading import opened

__all__ = ["opened"]
