"""A realm export as a source: one JSON file, or a folder with a file of the realm and files of some users each.

(Keycloak, Server Administration, Importing and exporting realms: `<realm>-realm.json`, `<realm>-users-<number>.json`.)
A file is held in memory while it is read; of its users one at a time is taken apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from dragoman.importers.record import SourceFault
from dragoman.importers.sources.files import opened_file, unreadable

if TYPE_CHECKING:
    from dragoman.core.secret import Secret

LARGEST_FILE = 64 << 20
"""Bytes."""
_FIRST_SIGN = 100
"""Bytes within which an export begins."""
_REALM = "-realm.json"
_USERS = re.compile(r"-users(?:-(?P<number>[0-9]{1,9}))?\.json", re.ASCII)


class Roles(msgspec.Struct, frozen=True, rename="camel"):
    """Names of roles: the realm's, and each client's."""

    realm: tuple[str, ...] = ()
    client: Mapping[str, tuple[str, ...]] = {}


class Role(msgspec.Struct, frozen=True, rename="camel"):
    """A role, and those that it brings along."""

    name: str
    composites: Roles = Roles()


class RolesOfAll(msgspec.Struct, frozen=True, rename="camel"):
    """The roles of a realm: its own, and those of each client."""

    realm: tuple[Role, ...] = ()
    client: Mapping[str, tuple[Role, ...]] = {}


class Group(msgspec.Struct, frozen=True, rename="camel"):
    """A group, with the roles of its members, and the groups in it."""

    path: str
    realm_roles: tuple[str, ...] = ()
    client_roles: Mapping[str, tuple[str, ...]] = {}
    sub_groups: tuple[Group, ...] = ()


class Mapper(msgspec.Struct, frozen=True, rename="camel"):
    """A rule of the realm that writes a claim into tokens."""

    protocol_mapper: str = ""
    config: Mapping[str, str | None] = {}


class Client(msgspec.Struct, frozen=True, rename="camel"):
    """A client."""

    client_id: str
    name: str = ""
    secret: str | None = None
    enabled: bool = True
    protocol: str | None = None
    public_client: bool = False
    bearer_only: bool = False
    client_authenticator_type: str = "client-secret"
    standard_flow_enabled: bool = False
    implicit_flow_enabled: bool = False
    direct_access_grants_enabled: bool = False
    service_accounts_enabled: bool = False
    redirect_uris: tuple[str, ...] = ()
    attributes: Mapping[str, str | None] = {}
    default_client_scopes: tuple[str, ...] | None = None
    optional_client_scopes: tuple[str, ...] | None = None
    protocol_mappers: tuple[Mapper, ...] = ()


class ClientScope(msgspec.Struct, frozen=True, rename="camel"):
    """A scope, whether tokens tell of it, and what they say with it."""

    name: str
    attributes: Mapping[str, str | None] = {}
    protocol_mappers: tuple[Mapper, ...] = ()


class Credential(msgspec.Struct, frozen=True, rename="camel"):
    """A password, or a second factor."""

    type: str
    secret_data: str | None = None
    credential_data: str | None = None


class User(msgspec.Struct, frozen=True, rename="camel"):
    """An account."""

    username: str
    id: str = ""
    enabled: bool = True
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    created_timestamp: int | None = None
    """Milliseconds."""
    credentials: tuple[Credential, ...] = ()
    required_actions: tuple[str, ...] = ()
    realm_roles: tuple[str, ...] = ()
    client_roles: Mapping[str, tuple[str, ...]] = {}
    groups: tuple[str, ...] = ()
    service_account_client_id: str | None = None
    federation_link: str | None = None


class Realm(msgspec.Struct, frozen=True, rename="camel"):
    """A realm: all of it but its users, who are taken apart one by one."""

    realm: str
    enabled: bool = True
    revoke_refresh_token: bool | None = None
    access_token_lifespan: int | None = None
    sso_session_idle_timeout: int | None = None
    sso_session_max_lifespan: int | None = None
    client_session_idle_timeout: int | None = None
    client_session_max_lifespan: int | None = None
    roles: RolesOfAll = RolesOfAll()
    groups: tuple[Group, ...] = ()
    clients: tuple[Client, ...] = ()
    client_scopes: tuple[ClientScope, ...] = ()
    users: tuple[msgspec.Raw, ...] = ()


class _Users(msgspec.Struct, frozen=True):
    users: tuple[msgspec.Raw, ...] = ()


_Read = TypeVar("_Read")


@contextmanager
def open_realm(location: Path | Secret) -> Iterator[tuple[Realm, Iterator[tuple[str, msgspec.Raw]]]]:
    """The realm, and each of its users with the name of the file. Raises SourceFault, while users are read too."""
    if not isinstance(location, Path):
        raise SourceFault("this kind of source is a file or a folder, not the URL of a database")
    files = tuple(_files_of(location)) if location.is_dir() else (location,)
    realm = _only(files[0])
    yield realm, _users_of(realm, files)


def _only(path: Path) -> Realm:
    """The one realm of a file, which may be a list of them."""
    content = _content(path)
    listed = content[:_FIRST_SIGN].lstrip().startswith(b"[")
    several = _decoded(path, content, tuple[Realm, ...]) if listed else (_decoded(path, content, Realm),)
    if len(several) != 1:
        raise SourceFault(f"{path}: holds {len(several)} realms; export one by itself, with --realm NAME")
    return several[0]


def _users_of(realm: Realm, files: tuple[Path, ...]) -> Iterator[tuple[str, msgspec.Raw]]:
    for user in realm.users:
        yield files[0].name, user
    for path in files[1:]:
        for user in _decoded(path, _content(path), _Users).users:
            yield path.name, user


def _files_of(folder: Path) -> Iterator[Path]:
    """The file of the realm, and those of its users in the order of their numbers."""
    try:
        names = [path.name for path in folder.iterdir()]
    except OSError as error:
        raise unreadable(folder, error) from None
    realms = [name for name in names if name.endswith(_REALM)]
    if len(realms) != 1:
        raise SourceFault(f"{folder}: has {len(realms)} files *{_REALM}; name the folder of one realm's export")
    yield folder / realms[0]
    prefix = realms[0].removesuffix(_REALM)
    found = ((_USERS.fullmatch(name.removeprefix(prefix)), name) for name in names if name.startswith(prefix))
    for _number, name in sorted((int(shape["number"] or 0), name) for shape, name in found if shape is not None):
        yield folder / name


def _content(path: Path) -> bytes:
    with opened_file(path) as file:
        content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise SourceFault(
            f"{path}: larger than {LARGEST_FILE >> 20} MiB; export to a folder: kc.sh export --dir FOLDER"
        )
    return content


def _decoded(path: Path, content: bytes, kind: type[_Read]) -> _Read:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise SourceFault(f"{path}: not the JSON of a realm export; make it with kc.sh export") from None
