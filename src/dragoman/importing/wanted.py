"""From a record to the client or the account that it asks for: what may come in, and what may not and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from dragoman.core.login_name import fault_of
from dragoman.core.model import RefreshPolicy
from dragoman.importing.permissions import Withheld, sort_authorities, sort_grant_types, sort_scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dragoman.core.model import Client
    from dragoman.core.secret import Secret
    from dragoman.importers.record import ImportedClient, ImportedOwner
    from dragoman.importing.permissions import Permissions

_LONGEST_ID = 256
_LONGEST_TEXT = 1024
_LATEST = 253_402_300_799  # the last second of the year 9999
_LIFETIMES = ("access_token_lifetime", "refresh_token_lifetime", "refresh_token_idle_lifetime")
_ACCOUNT_STATES = ("enabled", "locked", "expired", "password_expired")


class Registrar(Protocol):
    """What the server knows of secrets, dialects and grant types. Nothing here waits."""

    grant_types: frozenset[str]
    accounts_elsewhere: bool
    """Whether a directory may have accounts that are not here."""

    def make_client(self, said: Mapping[str, object]) -> Client:
        """A new client of these members. Raises Fault."""
        ...

    def change_client(self, client: Client, said: Mapping[str, object]) -> Client:
        """A client with these members changed. Raises Fault."""
        ...

    def check_client_id(self, client_id: str) -> None:
        """Raises Fault for an id that no request could carry."""
        ...

    def digest(self, secret: Secret) -> str:
        """What to store of a client secret."""
        ...

    def find_length_defect(self, authorities: tuple[str, ...]) -> str | None:
        """Why tokens could not carry all of these; None where they can."""
        ...

    def find_hash_defect(self, stored: str) -> str | None:
        """Why nothing can ever match this hash; None if something can."""
        ...


class Unwanted(Exception):
    """A row that cannot come in, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a record asks for: the members that it speaks of, as they are stored."""

    members: Mapping[str, Any]
    created_at: int | None
    withheld: tuple[Withheld, ...]
    warning: str | None = None
    """Why it will be of little use as it is."""


def wanted_client(record: ImportedClient, permissions: Permissions, registrar: Registrar) -> Wanted:
    """What the record says of a client. Raises Unwanted."""
    _check_texts(record.id, record.name)
    _check_moment(record.created_at)
    said: dict[str, Any] = {"dialects": permissions.dialects} if permissions.dialects else {}
    withheld = [Withheld(one) for one in record.left_out]
    for name in ("name", "audience", *_LIFETIMES, "enabled"):
        if getattr(record, name) is not None:
            said[name] = getattr(record, name)
    if record.refresh is not None:
        said["refresh"] = _refresh_of(record.refresh)
    if record.grant_types is not None:
        said["grant_types"], left = sort_grant_types(permissions, registrar.grant_types, record.grant_types)
        withheld.extend(left)
    scope = record.scope if record.scope is not None else permissions.scope or None
    if scope is not None:
        said["scope"], left = sort_scope(permissions, scope)
        withheld.extend(left)
    if record.authorities is not None:
        said["authorities"], left = sort_authorities(permissions, record.authorities)
        withheld.extend(left)
    said["secrets"] = tuple(_secrets_of(record, registrar))
    return Wanted(members=said, created_at=record.created_at, withheld=tuple(withheld))


def wanted_owner(record: ImportedOwner, permissions: Permissions, registrar: Registrar) -> Wanted:
    """What the record says of an account. Raises Unwanted."""
    email = None if permissions.without_email else record.email
    _check_texts(record.id, record.username, email, record.first_name, record.last_name, record.belongs_to)
    _check_owner_id(record.id)
    _check_moment(record.created_at)
    for label, name in (("user name", record.username), ("e-mail", email)):
        fault = fault_of(name) if name else None
        if fault is not None:
            raise Unwanted(f"{label}: {fault}")
    if record.second_factor and not permissions.without_second_factor:
        raise Unwanted(
            "it has a second factor, and there is none here (--without-second-factor lets it in all the same)"
        )
    said: dict[str, Any] = {"username": record.username}
    withheld: list[Withheld] = []
    for member, value in (("email", email), ("belongs_to", record.belongs_to)):
        if value is not None:
            said[member] = value or None
    for name in ("first_name", "last_name", *_ACCOUNT_STATES):
        if getattr(record, name) is not None:
            said[name] = getattr(record, name)
    if record.authorities is not None:
        said["authorities"], left = sort_authorities(permissions, record.authorities)
        withheld.extend(left)
    password, left = _password_of(record, permissions, registrar)
    return Wanted(
        members={**said, **password},
        created_at=record.created_at,
        withheld=(*withheld, *left),
        warning=registrar.find_length_defect(said.get("authorities", ())),
    )


def _password_of(
    record: ImportedOwner, permissions: Permissions, registrar: Registrar
) -> tuple[Mapping[str, Any], tuple[Withheld, ...]]:
    """The member, if the source speaks of it and it can be used; and why it is not."""
    if record.password_hash is None:
        return {}, ()
    if not record.password_hash:
        return {"password_hash": None}, ()
    defect = registrar.find_hash_defect(record.password_hash)
    if defect is None:
        return {"password_hash": record.password_hash}, ()
    if permissions.without_password:
        return {}, (Withheld(f"password: {defect}"),)
    raise Unwanted(f"no password can match its hash: {defect} (--without-password lets it in without one)")


def _secrets_of(record: ImportedClient, registrar: Registrar) -> Iterator[str]:
    if not record.public and not record.plain_secrets and not record.hashed_secrets:
        raise Unwanted("it has no secret, and the source does not say that it is public")
    for plain in record.plain_secrets:
        _check_texts(plain.reveal())
        yield registrar.digest(plain)
    for stored in record.hashed_secrets:
        defect = registrar.find_hash_defect(stored)
        if defect is not None:
            raise Unwanted(f"no secret can match its hash: {defect}")
        yield stored


def _refresh_of(text: str) -> RefreshPolicy:
    try:
        return RefreshPolicy(text)
    except ValueError:
        raise Unwanted("refresh is rotate or reuse") from None


def _check_owner_id(owner_id: str) -> None:
    if not owner_id or len(owner_id) > _LONGEST_ID or not owner_id.isprintable() or owner_id != owner_id.strip():
        raise Unwanted(f"an id has 1 to {_LONGEST_ID} printable characters, without white space around them")


def _check_moment(moment: int | None) -> None:
    if moment is not None and moment > _LATEST:
        raise Unwanted("it was made later than in the year 9999")


def _check_texts(*texts: str | None) -> None:
    for text in texts:
        if text is None:
            continue
        if len(text) > _LONGEST_TEXT:
            raise Unwanted(f"a text of more than {_LONGEST_TEXT} characters")
        if "\0" in text:
            raise Unwanted("a text with a NUL character, which no database of ours can hold")
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Unwanted("a text that is not UTF-8") from None
