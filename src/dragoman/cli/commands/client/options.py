"""The options that say what a client is: the same for `create` and `update`, named as a client's members are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click
import msgspec

from dragoman.cli.terminal.arguments import names_of, values_of
from dragoman.core.model import ENDLESS, RefreshPolicy
from dragoman.dialects.schema.file import LONGEST_LIFETIME

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_LISTS = ("dialects", "grant_types", "scope", "audience", "authorities")
_LIFETIME = click.IntRange(1, LONGEST_LIFETIME)
_GRACE = click.IntRange(0, LONGEST_LIFETIME)


class ClientOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What was said of a client; None or nothing where nothing was."""

    name: str | None = None
    dialects: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    authorities: tuple[str, ...] = ()
    token_format: str | None = None
    shared_key_signature: bool | None = None
    may_read_shared_key: bool | None = None
    access_token_lifetime: int | None = None
    refresh_token_lifetime: int | str | None = None
    refresh_token_idle_lifetime: int | str | None = None
    refresh: str | None = None
    grace: int | None = None
    refresh_ends_access_token: bool | None = None
    end_user_address_header: str | None = None

    def members(self) -> Mapping[str, object]:
        """The members of a client that something was said of; an empty text makes an empty list."""
        said = {name: getattr(self, name) for name in ClientOptions.__struct_fields__ if name not in _LISTS}
        lists = {name: getattr(self, name) for name in _LISTS if getattr(self, name)}
        return {
            **{name: value for name, value in said.items() if value is not None},
            **{
                name: values_of(values) if name == "authorities" else names_of(values) for name, values in lists.items()
            },
        }


def client_options(decorated: Decorated) -> Decorated:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def _switch(name: str, text: str) -> Callable[[Decorated], Decorated]:
    return click.option(f"--{name}/--no-{name}", name.replace("-", "_"), default=None, help=text)


def _several(name: str, member: str, metavar: str, text: str) -> Callable[[Decorated], Decorated]:
    help_text = f"{text} May be repeated, or hold several with spaces between."
    return click.option(f"--{name}", member, multiple=True, metavar=metavar, help=help_text)


def _ending(text: str) -> int | str:
    """Seconds, or the word for no end."""
    if text != ENDLESS and not (text.isdecimal() and 1 <= int(text) <= LONGEST_LIFETIME):
        raise click.BadParameter(f"{text!r} is neither 1 to {LONGEST_LIFETIME} nor {ENDLESS}")
    return ENDLESS if text == ENDLESS else int(text)


def _seconds(
    name: str, text: str, seconds: click.IntRange | Callable[[str], int | str]
) -> Callable[[Decorated], Decorated]:
    return click.option(f"--{name}", name.replace("-", "_"), type=seconds, metavar="SECONDS", help=text)


_OPTIONS: tuple[Callable[..., Any], ...] = (
    click.option("--name", metavar="TEXT", help="What people call it."),
    _several("dialect", "dialects", "NAME", "A dialect it may speak; the first one's defaults hold for a new client."),
    _several("grant-type", "grant_types", "NAME", "A grant type it may use."),
    _several("scope", "scope", "NAME", "A scope it may ask for."),
    click.option(
        "--token-format",
        type=click.Choice(["dialect", "at+jwt", "opaque"]),
        help="How its access tokens are spelled: as its dialect does, or overriding it; opaque ones tell nothing.",
    ),
    _switch("shared-key-signature", "Whether its tokens may be signed with a shared key (HS256)."),
    _switch("may-read-shared-key", "Whether it may read that key where a mount shows it."),
    _seconds("access-token-lifetime", "How long an access token lives.", _LIFETIME),
    _seconds("refresh-token-lifetime", f"From log-in to the end of the session; {ENDLESS}: no such end.", _ending),
    _seconds(
        "refresh-token-idle-lifetime", f"From the last refresh to the end of it; {ENDLESS}: no such end.", _ending
    ),
    click.option(
        "--refresh",
        type=click.Choice([policy.value for policy in RefreshPolicy]),
        help="Whether a refresh gives a new refresh token or keeps the old one.",
    ),
    _seconds("grace", "How long the refresh token before the live one is still answered; 0: never.", _GRACE),
    _switch("refresh-ends-access-token", "Whether a refresh ends the access token before it."),
    click.option(
        "--end-user-address-header",
        metavar="NAME",
        help="For a back end: the header in which it tells its end user's address, believed from it alone.",
    ),
    _several("audience", "audience", "URI", "Whom its access tokens are for."),
    click.option(
        "--authority",
        "authorities",
        multiple=True,
        metavar="NAME",
        help="An authority of its own, where its dialect tells them. May be repeated.",
    ),
)
