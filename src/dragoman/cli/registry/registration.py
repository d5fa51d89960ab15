"""Clients made and changed: registered as their dialect says, refused where no server should take them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import fields
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from dragoman.core.errors import Fault
from dragoman.core.model import ENDLESS
from dragoman.core.scope import Scope
from dragoman.dialects.files import list_dialects, load_dialect
from dragoman.dialects.registration import check_registration, register
from dragoman.dialects.schema import ClientDefaults
from dragoman.grant_types import load_grant_types
from dragoman.hashing.client_secrets import without_end

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dragoman.config.settings import Configuration
    from dragoman.core.model import Client
    from dragoman.dialects.schema import DialectFile

_LONGEST_ID = 256
_LIFETIMES = frozenset({"refresh_token_lifetime", "refresh_token_idle_lifetime"})


DialectWords = Callable[[tuple[str, ...]], "Mapping[str, DialectFile]"]
"""The files of these dialects: those that exist; which do not is told by `check_registration`."""


def dialects_of(configuration: Configuration) -> DialectWords:
    """The dialects' files; each is read once, however many clients speak it."""
    return lru_cache(maxsize=64)(partial(_words, configuration))


def new_client_id() -> str:
    """A UUID: unreserved characters only, so that every reader decodes it alike."""
    return str(uuid.uuid4())


def check_client_id(client_id: str) -> None:
    """Raises Fault for an id that no request could carry (RFC 6749 appendix A.1)."""
    if not client_id or len(client_id) > _LONGEST_ID or not (client_id.isascii() and client_id.isprintable()):
        raise Fault(f"a client id has 1 to {_LONGEST_ID} printable ASCII characters; choose another")
    if client_id != client_id.strip():
        raise Fault("a client id must not begin or end with white space; choose another")


def make_client(words_of: DialectWords, said: Mapping[str, object]) -> Client:
    """A client of these members; what they do not say comes from its first dialect. Raises Fault."""
    dialects = _names(said.get("dialects", ("standard",)))
    words = words_of(dialects)
    first = words.get(dialects[0]) if dialects else None
    defaults = ClientDefaults() if first is None else first.client_defaults
    client = register({**said, "dialects": dialects}, defaults, "standard")
    _check(client, words)
    return client


def change_client(words_of: DialectWords, client: Client, said: Mapping[str, object]) -> Client:
    """The client with these members changed. Raises Fault."""
    members = {field.name: getattr(client, field.name) for field in fields(client)}
    for name in _LIFETIMES:
        members[name] = ENDLESS if members[name] is None else members[name]
    changed = register({**members, **said}, ClientDefaults(), "standard")
    _check(changed, words_of(tuple(sorted(changed.dialects))))
    return changed


def warnings_about(configuration: Configuration, client: Client) -> Iterator[str]:
    """What its registration switches on that RFC 9700 forbids, and what will keep it from working."""
    words = _words(configuration, tuple(client.dialects))
    if "password" in client.grant_types:
        yield f"client {client.id} may use the password grant, which RFC 9700 §2.4 forbids; plan its way off"
    if client.shared_key_signature:
        yield f"tokens of client {client.id} may be signed with a shared key (HS256): whoever checks them can make them"
    for name, one in sorted(words.items()):
        if "query_credentials" in one.needs:
            yield f"in the dialect {name} client {client.id} sends credentials in URLs, which RFC 9700 §2.4 forbids"
    mounted = {mount.dialect for mount in configuration.mounts}
    for name in sorted(client.dialects - mounted):
        yield f"the dialect {name} is not mounted; add [[mounts]] with it to the configuration"
    for grant_type in sorted(client.grant_types):
        if not any(grant_type in one.grant_types for one in words.values()):
            yield f"none of its dialects has the grant type {grant_type}"
    if client.confidential and ":" in client.id:
        yield f"client {client.id} cannot use HTTP Basic, where a colon ends the id (RFC 7617)"


def describe_client(client: Client) -> Mapping[str, object]:
    """All of a client that may be shown: of its secrets, how many there are, and when the last but the newest ends."""
    ends = [without_end(one)[1] for one in client.secrets[:-1]]
    return {
        **{field.name: _shown(field.name, getattr(client, field.name)) for field in fields(client)},
        "old_secrets_end_at": None if not ends or None in ends else max(end for end in ends if end is not None),
    }


def _shown(name: str, value: object) -> object:
    if name == "secrets" and isinstance(value, tuple):
        return len(value)
    if isinstance(value, Scope):
        return list(value)
    return sorted(value) if isinstance(value, frozenset) else value


def _words(configuration: Configuration, names: tuple[str, ...]) -> Mapping[str, DialectFile]:
    """The files of those dialects that exist; `check_registration` tells which do not."""
    files = list_dialects([configuration.path(folder) for folder in configuration.dialect_folders])
    return {name: load_dialect(name, files).words for name in names if name in files}


def _names(value: object) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _check(client: Client, words: Mapping[str, DialectFile]) -> None:
    check_registration(client, words)
    if not client.dialects:
        raise Fault(f"client {client.id}: it needs a dialect to be spoken to in; give --dialect")
    known = load_grant_types()
    for grant_type in sorted(client.grant_types - known.keys()):
        raise Fault(f"client {client.id}: there is no grant type {grant_type!r}; there are: {', '.join(sorted(known))}")
