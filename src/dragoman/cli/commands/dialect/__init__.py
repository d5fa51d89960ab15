"""`dragoman dialect`: the dialects there are, what they say, and whether a file of your own can be served."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from dragoman.cli.commands.dialect.check import chain_of, check_dialect, endpoints_of, known_files, with_file
from dragoman.cli.commands.dialect.toml_words import write_words
from dragoman.cli.terminal.options import config_option, configuration_if_any, json_option
from dragoman.cli.terminal.showing import print_json, print_table
from dragoman.config.reading import read_configuration
from dragoman.dialects.files import DialectFault, load_dialect
from dragoman.http.mount import Mount
from dragoman.openapi.document import describe
from dragoman.wiring.parts import build_mounts, load_dialects

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.config.settings import Configuration


class ListedDialect(msgspec.Struct, frozen=True, kw_only=True):
    """One dialect, as `list` tells it."""

    name: str
    file: str
    title: str | None = None
    extends: str | None = None
    needs: tuple[str, ...] = ()
    mounted_at: tuple[str, ...] = ()
    """The prefixes it is mounted at; an empty one is the root."""
    fault: str | None = None
    """Why it cannot be served, if so."""


@click.group("dialect", short_help="List, show and check dialects.", no_args_is_help=True)
def command() -> None:
    """List, show and check dialects: our own, and those of the configured `dialect_folders`.

    Works without a configuration, too.
    """


@command.command("list", short_help="List dialects.")
@json_option
@config_option
@click.pass_context
def list_(context: click.Context, path: Path, *, as_json: bool) -> None:
    """List all dialects, and which are mounted.

    \b
    dragoman dialect list
    dragoman dialect list --json
    """
    configuration = configuration_if_any(context, path)
    files = known_files(configuration)
    listed = [_listed(name, files, configuration) for name in sorted(files)]
    if as_json:
        print_json(listed)
        return
    rows = (
        (one.name, one.fault or one.title or "", one.extends or "", ", ".join(one.needs), _mounted(one))
        for one in listed
    )
    print_table(("name", "title", "extends", "needs", "mounted"), rows)


@command.command("show", short_help="Print the words of a dialect.")
@click.argument("name")
@click.option("--merged", is_flag=True, help="All words in force, those of what it extends and the defaults included.")
@json_option
@config_option
@click.pass_context
def show(context: click.Context, name: str, path: Path, *, merged: bool, as_json: bool) -> None:
    """Print the file of the dialect NAME, or all its words in force.

    \b
    dragoman dialect show jobspace
    dragoman dialect show jobspace --merged > dialects/jobspace-ours.toml
    dragoman dialect show jobspace --json
    """
    files = known_files(configuration_if_any(context, path))
    if name not in files:
        raise DialectFault(f"there is no dialect {name!r}; there are: {', '.join(sorted(files))}")
    if not merged and not as_json:
        click.echo(f"# {files[name]}")
        click.echo(_text(files[name]), nl=False)
        return
    words = load_dialect(name, files).words
    if as_json:
        print_json(words)
        return
    origin = " extends ".join((name, *chain_of(name, files)))
    click.echo(f"# All words in force: {origin}.")
    click.echo(write_words(words), nl=False)


@command.command("openapi", short_help="Describe what is answered, as OpenAPI.")
@click.argument("name", required=False)
@config_option
@click.pass_context
def openapi(context: click.Context, path: Path, name: str | None) -> None:
    """Print an OpenAPI 3.1 description of the dialect NAME at its own paths, or of all that the configuration mounts.

    It has what clients are answered, refusals included. The demo resource is not in it: it stands for an API.

    \b
    dragoman dialect openapi jobspace
    dragoman dialect openapi --config /srv/dragoman/dragoman.toml > token-server.json
    """
    mounts: tuple[Mount, ...]
    if name is None:
        configuration = read_configuration(path)
        mounts, server = build_mounts(configuration, load_dialects(configuration)), configuration.issuer
    else:
        found = configuration_if_any(context, path)
        mounts = (Mount(dialect=check_dialect(*with_file(known_files(found), name))),)
        server = "" if found is None else found.issuer
    print_json(describe(mounts, server))


@command.command("check", short_help="Read and compile dialect files.")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@config_option
@click.pass_context
def check(context: click.Context, files: tuple[str, ...], path: Path) -> None:
    """Read and compile dialects as the server does, and print what they extend and their endpoints.

    A FILE ends with .toml; what does not is the name of a dialect in one of the folders. Files may extend each other.

    \b
    dragoman dialect check dialects/acme.toml
    dragoman dialect check acme --config /srv/dragoman/dragoman.toml
    """
    known = known_files(configuration_if_any(context, path))
    names = []
    for file in files:
        name, known = with_file(known, file)
        names.append(name)
    faults = [fault for name in names if (fault := _check(name, known)) is not None]
    if faults:
        raise DialectFault("\n".join(faults))


def _check(name: str, files: Mapping[str, Path]) -> str | None:
    """Print that it is well, or give the reason why it is not."""
    try:
        dialect = check_dialect(name, files)
    except DialectFault as fault:
        return str(fault)
    click.echo(f"{name}: well; extends {', then '.join(chain_of(name, files)) or 'nothing'}")
    for one in endpoints_of(dialect):
        click.echo(f"  {one.endpoint:<14} {','.join(one.methods):<9} {one.path}")
    return None


def _listed(name: str, files: Mapping[str, Path], configuration: Configuration | None) -> ListedDialect:
    mounts = () if configuration is None else configuration.mounts
    mounted_at = tuple(mount.prefix for mount in mounts if mount.dialect == name)
    try:
        words = load_dialect(name, files).words
    except DialectFault as fault:
        return ListedDialect(name=name, file=str(files[name]), mounted_at=mounted_at, fault=str(fault))
    return ListedDialect(
        name=name,
        file=str(files[name]),
        title=words.title,
        extends=words.extends,
        needs=words.needs,
        mounted_at=mounted_at,
    )


def _mounted(one: ListedDialect) -> str:
    return ", ".join(prefix or "/" for prefix in one.mounted_at)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DialectFault(f"{path}: cannot be read: {error}") from None
