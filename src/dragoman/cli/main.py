"""The door to all commands. A command is a module of `commands` that offers `command`; each is imported when used."""

from __future__ import annotations

import errno
import importlib.util
import os
import pkgutil
import resource
import sys
from typing import TYPE_CHECKING

import click

from dragoman import __version__
from dragoman.cli import commands
from dragoman.core.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

_FAULT_STATUS = 2
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Commands(click.Group):
    """Finds commands in the package, so that start-up pays for one of them only."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """Names of all commands, as their modules are called."""
        return sorted(name for _, name, _ in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (click's signature)
        """The command of this name, if there is one."""
        name = f"{commands.__name__}.{cmd_name}"
        if not cmd_name.isidentifier() or importlib.util.find_spec(name) is None:
            return None
        found = getattr(importlib.import_module(name), "command", None)
        return found if isinstance(found, click.Command) else None


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dragoman")
def dragoman() -> None:
    """A drop-in OAuth 2.0 token server: it speaks the dialect your clients already speak.

    \b
    Try it:          dragoman demo
    Set up a server: dragoman init /srv/dragoman
    Run it:          dragoman serve --config /srv/dragoman/dragoman.toml
    """


def _refuse_other_charsets(arguments: Sequence[str]) -> None:
    """What is no UTF-8 could be kept, and then neither be shown, nor be in a token, nor in an export."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            shown = argument.encode(errors="backslashreplace").decode()
            raise Fault(f"the argument {shown} is not UTF-8; write it anew, in a terminal or script in UTF-8") from None


def _open_missing_streams() -> None:
    """What was closed by whoever called is where nothing comes from and everything gets lost.

    Else the next file that is opened, such as the database, would stand in its place, and be written to for it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # it gets the lowest number that is free
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)


def _printable_lines(text: str) -> str:
    """A fault may tell of what was read, and whoever wrote that does not steer the terminal."""
    from dragoman.cli.terminal.showing import printable  # noqa: PLC0415 (no start-up pays for it)

    return "\n".join(map(printable, text.split("\n")))


def _leave_no_memory_image() -> None:
    """Keys and passwords would be in it. Whoever needs one raises the limit of a running process (prlimit(1))."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))


def main() -> None:
    """Run a command; whatever the operator can mend is one sentence and status 2, never a traceback."""
    _open_missing_streams()
    _leave_no_memory_image()
    try:
        _refuse_other_charsets(sys.argv[1:])
        status = dragoman.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except Fault as fault:
        click.echo(f"dragoman: {_printable_lines(str(fault))}", err=True)
        sys.exit(_FAULT_STATUS)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # else what waits in Python's buffer would fail once more
        click.echo(f"dragoman: what is written finds no room: {error.strerror}; make room, and run it again", err=True)
        sys.exit(_FAULT_STATUS)
    sys.exit(status if isinstance(status, int) else 0)
