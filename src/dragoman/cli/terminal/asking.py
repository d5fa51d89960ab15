"""What must never be an argument, where others on the machine could read it: asked for, or read from standard input."""

from __future__ import annotations

import sys

import click

from dragoman.core.errors import Fault
from dragoman.core.secret import Secret

_LONGEST = 64 * 1024
STANDARD_INPUT = "-"


def read_secret(what: str) -> Secret:
    """One line of standard input; where that is a terminal it is asked for and not shown. Raises Fault."""
    if sys.stdin.isatty():
        answer: str = click.prompt(what.capitalize(), hide_input=True, err=True)
        return Secret(answer)
    content = sys.stdin.buffer.read(_LONGEST + 1)
    try:
        text = content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise Fault(f"the {what} on standard input is not UTF-8") from None
    if not text:
        raise Fault(f"there is no {what} on standard input; pipe it in, or run this in a terminal")
    if "\n" in text or len(content) > _LONGEST:
        raise Fault(f"the {what} on standard input is more than one line, or longer than {_LONGEST} bytes")
    return Secret(text)


def read_named_secret(what: str, given: str) -> Secret:
    """As `read_secret`; whatever was given must be `-`, and is never told again. Raises Fault."""
    if given != STANDARD_INPUT:
        raise Fault(f"a {what} in an argument can be read by others on this machine; pipe it in, and write -")
    return read_secret(what)


def ask_new_password(*, from_standard_input: bool) -> Secret:
    """A password asked for twice, or one line of standard input. Raises Fault where nobody can be asked."""
    if from_standard_input:
        return read_secret("password")
    if not sys.stdin.isatty():
        raise Fault("there is no terminal to ask for the password; pipe it in with --password-stdin")
    answer: str = click.prompt("Password", hide_input=True, confirmation_prompt="The same again", err=True)
    return Secret(answer)


def confirm(question: str, *, already: bool) -> None:
    """Ask before what cannot be undone, unless it was said already. Raises Fault where nobody can be asked."""
    if already:
        return
    if not sys.stdin.isatty():
        raise Fault("there is no terminal to ask whether you mean it; add --yes")
    click.confirm(question, abort=True, err=True)
