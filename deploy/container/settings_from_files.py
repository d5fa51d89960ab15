#!/opt/dragoman/bin/python
"""`dragoman` in the container: settings that come as files, then the real command in this one's place.

DRAGOMAN_DATABASE_FILE=/run/secrets/database_url sets DRAGOMAN_DATABASE to what the file holds, without the end of the
line. So a password is in no image, no compose file and no `docker inspect`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "DRAGOMAN_"
SUFFIX = "_FILE"
PROGRAM = "/opt/dragoman/bin/dragoman"
_LARGEST = 64 * 1024


def read_files(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with each DRAGOMAN_…_FILE replaced. Raises ValueError or OSError with a sentence to show."""
    settings = dict(environment)
    for name, file in environment.items():
        if not (name.startswith(PREFIX) and name.endswith(SUFFIX)):
            continue
        setting = name.removesuffix(SUFFIX)
        if setting in environment:
            raise ValueError(f"environment {name}: {setting} is set, too; unset one of them")
        del settings[name]
        settings[setting] = _read(name, Path(file))
    return settings


def _read(name: str, file: Path) -> str:
    with file.open(encoding="utf-8") as opened:
        text = opened.read(_LARGEST + 1).rstrip("\r\n")
    if not text or len(text) > _LARGEST or "\0" in text:
        raise ValueError(f"environment {name}: {file} is empty or no text of a setting; put the value into it")
    return text


def main() -> None:
    """Become the command. Status 2 means, as with every command, that something is to be mended."""
    try:
        environment = read_files(os.environ)
    except (OSError, ValueError) as fault:
        sys.stderr.write(f"dragoman: {fault}\n")
        sys.exit(2)
    os.execve(PROGRAM, [PROGRAM, *sys.argv[1:]], environment)  # noqa: S606 (no shell is wanted)


if __name__ == "__main__":
    main()
