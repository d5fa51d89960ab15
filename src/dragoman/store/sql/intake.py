"""The statements that take in many clients and resource owners at once."""

from __future__ import annotations

from sqlalchemy import insert, select

from dragoman.store.sql.constructs import Among
from dragoman.store.sql.tables import clients, login_names, resource_owners, subjects

CLIENTS_AMONG = select(*clients.c).where(Among(clients.c.id, "ids"))
RESOURCE_OWNERS_AMONG = select(*resource_owners.c).where(Among(resource_owners.c.id, "ids"))
LOGIN_NAMES_AMONG = select(login_names.c.login, login_names.c.owner_id).where(Among(login_names.c.login, "logins"))

# Unlike their likes of the command line these raise where the key is there: whoever looked before has to look again.
TAKE_SUBJECT = insert(subjects)
TAKE_LOGIN_NAME = insert(login_names)
