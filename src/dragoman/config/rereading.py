"""The configuration file of a running server, which may be read again while it is being written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.config.reading import ConfigurationFault, judge, read_text, table_of

if TYPE_CHECKING:
    from pathlib import Path

    from dragoman.config.settings import Configuration


class ConfigurationFile:
    """A file that is read at the start, and again with each reload."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._had_settings = False
        self._had_whole_lines = False

    def read(self) -> Configuration:
        """The settings as they stand now. Raises ConfigurationFault, also where the file seems to be cut off.

        An empty file at the start asks for what is set without one. Later it is what an editor leaves for a moment, or
        a full disk for longer, and taken at its word it would drop every mount. So would a part of it, which is TOML
        as well if it ends amid a comment or behind a value: but it ends amid a line, where the whole did not.
        """
        text = read_text(self._path)  # once: it may be another the next moment
        table = table_of(text, self._path)
        if self._had_settings and not table:
            raise ConfigurationFault(
                f"{self._path}: holds no setting any more, as if it had been cut off; everything stays as it was. Put "
                "the file back; if it is to be empty, restart the server"
            )
        if self._had_whole_lines and not text.endswith("\n"):
            raise ConfigurationFault(
                f"{self._path}: ends in the middle of a line, as if it had been cut off; everything stays as it was. "
                "Put the whole file back; if it is whole, end its last line with a line break"
            )
        configuration = judge(table, self._path)
        self._had_whole_lines = text.endswith("\n")
        self._had_settings = bool(table)
        return configuration
