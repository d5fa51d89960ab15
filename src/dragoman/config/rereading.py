"""The configuration file of a running server, which may be read again while it is being written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.config.reading import ConfigurationFault, judge, read_table

if TYPE_CHECKING:
    from pathlib import Path

    from dragoman.config.settings import Configuration


class ConfigurationFile:
    """A file that is read at the start, and again with each reload."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._had_settings = False

    def read(self) -> Configuration:
        """The settings as they stand now. Raises ConfigurationFault, also where there are none and there were some.

        An empty file at the start asks for what is set without one. Later it is what an editor leaves for a moment, or
        a full disk for longer, and taken at its word it would drop every mount.
        """
        table = read_table(self._path)  # once: it may be another the next moment
        if self._had_settings and not table:
            raise ConfigurationFault(
                f"{self._path}: holds no setting any more, as if it had been cut off; everything stays as it was. Put "
                "the file back; if it is to be empty, restart the server"
            )
        configuration = judge(table, self._path)
        self._had_settings = bool(table)
        return configuration
