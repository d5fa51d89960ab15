"""The statements that keep accounts which live in a directory, or move in from there."""

from __future__ import annotations

from sqlalchemy import Text, bindparam, delete, literal_column, select, update

from dragoman.store.sql.parameters import value_of
from dragoman.store.sql.tables import login_names, resource_owners

_TOLD = ("username", "email", "first_name", "last_name", "authorities", "known_places", "password_hash", "confirmed_at")
_FROM = bindparam("arrives_from", type_=Text())

# Enabled, locked and the like stay as operators set them: what the directory says of these is never stored.
UPDATE_ARRIVING = (
    update(resource_owners)
    .values(
        {name: value_of(resource_owners.c[name]) for name in _TOLD}
        | {"directory": value_of(resource_owners.c.directory)}
    )
    .where(resource_owners.c.id == value_of(resource_owners.c.id), resource_owners.c.directory == _FROM)
)

# Within a directory a name goes to whom it was last seen with; those of accounts that live here are never touched.
RELEASE_LOGIN_NAME = delete(login_names).where(
    login_names.c.login == value_of(login_names.c.login),
    login_names.c.owner_id.in_(select(resource_owners.c.id).where(resource_owners.c.directory == _FROM)),
)

WITHDRAW_RESOURCE_OWNER = (
    update(resource_owners)
    .values(confirmed_at=literal_column("0"))
    .where(resource_owners.c.id == value_of(resource_owners.c.id), resource_owners.c.directory.is_not(None))
)
