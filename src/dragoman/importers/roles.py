"""Which roles somebody has in the end: given to a person and to groups, and brought along by other roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dragoman.importers.sources.realm import Group, Realm, User

Named = tuple[str, str]
"""A client, or an empty text for the realm, and the name of a role."""


class Inheritance:
    """Which roles of a realm bring which others along, and which groups give them."""

    def __init__(self, realm: Realm) -> None:
        self._brought = {
            ("", one.name): tuple(_named(one.composites.realm, one.composites.client)) for one in realm.roles.realm
        } | {
            (client, one.name): tuple(_named(one.composites.realm, one.composites.client))
            for client, roles in realm.roles.client.items()
            for one in roles
        }
        self._of_groups = dict(_groups(realm.groups))

    def authorities_of(self, user: User) -> tuple[str, ...]:
        """The names of all roles that the user has, sorted."""
        left = list(_named(user.realm_roles, user.client_roles))
        for path in user.groups:
            left.extend(self._of_groups.get(path, ()))
        found: set[Named] = set()
        while left:
            one = left.pop()
            if one not in found:
                found.add(one)
                left.extend(self._brought.get(one, ()))
        return tuple(sorted(f"{client}.{name}" if client else name for client, name in found))


def _named(of_realm: tuple[str, ...], of_clients: Mapping[str, tuple[str, ...]]) -> Iterator[Named]:
    for name in of_realm:
        yield "", name
    for client, names in of_clients.items():
        for name in names:
            yield client, name


def _groups(groups: tuple[Group, ...]) -> Iterator[tuple[str, tuple[Named, ...]]]:
    """Each path with its roles and those of the groups around it."""
    left: list[tuple[Group, tuple[Named, ...]]] = [(one, ()) for one in groups]
    while left:
        one, inherited = left.pop()
        roles = (*inherited, *_named(one.realm_roles, one.client_roles))
        yield one.path, roles
        left.extend((inner, roles) for inner in one.sub_groups)
