"""The clients and people that a contract speaks of."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping

from msgspec import Struct, convert, field, structs

MemberValue = str | int | bool | tuple[str, ...]
Tables = Mapping[str, Mapping[str, object]]

SECRET_MEMBERS = frozenset({"secret", "password", "basic"})
"""Members whose values appear in no report."""


class CastServer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the server must know besides clients and people."""

    scopes: tuple[str, ...] = ()
    """Scopes registered with the server."""


class CastClient(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A client that the server must know."""

    id: str
    secret: str | None = None
    """Without it the client is public."""
    name: str | None = None
    grant_types: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()
    further: dict[str, MemberValue] = field(default_factory=dict)
    """Further members: those of `dragoman client create`, with underscores."""


class CastPerson(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A resource owner that the server must know."""

    id: str
    username: str
    password: str
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    authorities: tuple[str, ...] = ()
    enabled: bool = True
    locked: bool = False
    expired: bool = False
    password_expired: bool = False
    belongs_to: str | None = None
    """The id of the client whose user this is."""


class Cast(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that a server must know before a contract is run against it."""

    server: CastServer = CastServer()
    clients: dict[str, CastClient] = field(default_factory=dict)
    people: dict[str, CastPerson] = field(default_factory=dict)

    def members(self) -> Mapping[str, str]:
        """Every member as text, by `name.member`."""
        clients = {
            name: {**structs.asdict(client), **client.further, "further": None} for name, client in self.clients.items()
        }
        people = {name: structs.asdict(person) for name, person in self.people.items()}
        return flatten({"server": structs.asdict(self.server), **clients, **people})


class CastTables(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same, where members may be missing: a variant's cast, or values for another server."""

    extends: str | None = None
    """The dialect whose contract this one varies."""
    drops: tuple[str, ...] = ()
    """Exchanges of that contract that do not hold here."""
    server: dict[str, MemberValue] = field(default_factory=dict)
    clients: dict[str, dict[str, MemberValue]] = field(default_factory=dict)
    people: dict[str, dict[str, MemberValue]] = field(default_factory=dict)

    def over(self, other: CastTables) -> CastTables:
        """These tables laid over others, member by member."""
        return CastTables(
            extends=self.extends,
            drops=self.drops,
            server={**other.server, **self.server},
            clients=_lay_over(self.clients, other.clients),
            people=_lay_over(self.people, other.people),
        )

    def members(self) -> Mapping[str, str]:
        """Every member that is there, as text, by `name.member`."""
        return flatten({"server": self.server, **self.clients, **self.people})


def _lay_over(
    upper: Mapping[str, dict[str, MemberValue]], lower: Mapping[str, dict[str, MemberValue]]
) -> dict[str, dict[str, MemberValue]]:
    return {name: {**lower.get(name, {}), **upper.get(name, {})} for name in {**lower, **upper}}


def read_client(table: Mapping[str, object]) -> CastClient:
    """A client from its table. Raises msgspec.ValidationError."""
    own = set(CastClient.__struct_fields__) - {"further"}
    known = {name: value for name, value in table.items() if name in own}
    further = {name: value for name, value in table.items() if name not in own}
    return convert({**known, "further": further}, CastClient)


def read_person(table: Mapping[str, object]) -> CastPerson:
    """A resource owner from its table. Raises msgspec.ValidationError."""
    return convert(table, CastPerson)


def flatten(tables: Tables) -> Mapping[str, str]:
    """Members as text, by `name.member`; a list is its entries with spaces between them."""
    return {
        f"{name}.{member}": _print(value)
        for name, table in tables.items()
        for member, value in table.items()
        if value is not None
    }


def with_basic(members: Mapping[str, str], cast: Cast) -> Mapping[str, str]:
    """The members, and each client's `basic` where its id and secret are known (RFC 7617 §2)."""
    basic = {}
    for name, client in cast.clients.items():
        identifier = members.get(f"{name}.id")
        secret = members.get(f"{name}.secret", "" if client.secret is None else None)
        if identifier is not None and secret is not None:
            basic[f"{name}.basic"] = b64encode(f"{identifier}:{secret}".encode()).decode()
    return {**members, **basic}


def _print(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case tuple() | list():
            return " ".join(map(str, value))
        case _:
            return str(value)
