"""Contracts: read from their folders, each with those it extends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TypeVar

import msgspec
from msgspec import Struct, field

from dragoman.verification.cast import Cast, CastClient, CastPerson, CastServer, CastTables, read_client, read_person
from dragoman.verification.contract_check import find_problems
from dragoman.verification.exchange import Exchange, ExchangeWords, chain_of, read_exchange

Shape = TypeVar("Shape")

_DIALECT = re.compile(r"[a-z0-9][a-z0-9._-]*")


class ContractError(ValueError):
    """A contract that cannot be used: one problem per line, each with its file, its exchange and what to write."""


class UnknownDialectError(ContractError):
    """There is no contract of this name."""


class ExchangeFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of exchanges."""

    exchange: list[dict[str, object]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What a server that speaks a dialect answers, exchange by exchange."""

    dialect: str
    cast: Cast
    exchanges: tuple[Exchange, ...]

    def exchange(self, identifier: str) -> Exchange:
        """The exchange with this id. Raises KeyError."""
        return self.by_id()[identifier]

    def by_id(self) -> Mapping[str, Exchange]:
        """The exchanges by their ids."""
        return {exchange.id: exchange for exchange in self.exchanges}

    def chain(self, exchange: Exchange) -> tuple[Exchange, ...]:
        """What has to run before an exchange, each once, in order."""
        return chain_of(exchange, self.by_id())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Folder:
    tables: CastTables
    exchanges: tuple[Exchange, ...]


def load_contract(dialect: str, root: Traversable | None = None) -> Contract:
    """The contract of a dialect, checked as a whole. `root` holds a folder per dialect; without it, those we ship.

    Raises UnknownDialectError, ContractError.
    """
    folder = _read_folder(dialect, files("dragoman") / "contracts" if root is None else root, ())
    contract = Contract(dialect=dialect, cast=_read_cast(dialect, folder.tables), exchanges=folder.exchanges)
    _refuse(find_problems(contract.exchanges, contract.cast))
    return contract


def known_dialects(root: Traversable | None = None) -> tuple[str, ...]:
    """The dialects that have a contract."""
    folder = files("dragoman") / "contracts" if root is None else root
    if not folder.is_dir():
        return ()
    return tuple(sorted(entry.name for entry in folder.iterdir() if (entry / "cast.toml").is_file()))


def _read_folder(dialect: str, root: Traversable, above: tuple[str, ...]) -> _Folder:
    if not _DIALECT.fullmatch(dialect) or not (root / dialect / "cast.toml").is_file():
        names = ", ".join(known_dialects(root)) or "none"
        wanted = f"contracts/{above[-1]}/cast.toml extends {dialect!r}, but there" if above else "there"
        raise UnknownDialectError(f"{wanted} is no contract of a dialect {dialect!r}; there are: {names}")
    if dialect in above:
        raise ContractError(f"contracts/{dialect}/cast.toml extends itself through {' → '.join((*above, dialect))}")
    tables = _decode(root / dialect / "cast.toml", f"contracts/{dialect}/cast.toml", CastTables)
    own = _read_exchanges(root / dialect, f"contracts/{dialect}")
    if tables.extends is None:
        if tables.drops:
            raise ContractError(f"contracts/{dialect}/cast.toml has `drops` without `extends`; remove it")
        return _Folder(tables=tables, exchanges=own)
    parent = _read_folder(tables.extends, root, (*above, dialect))
    return _Folder(tables=tables.over(parent.tables), exchanges=_vary(dialect, tables, parent.exchanges, own))


def _vary(
    dialect: str, tables: CastTables, parent: tuple[Exchange, ...], own: tuple[Exchange, ...]
) -> tuple[Exchange, ...]:
    """The exchanges of a variant: those it extends, less those it drops, with its own in place of theirs."""
    theirs = {exchange.id for exchange in parent}
    ours = {exchange.id: exchange for exchange in own}
    label = f"contracts/{dialect}/cast.toml: `drops`"
    _refuse(
        f"{label} names {name!r}, which {tables.extends} does not have" for name in tables.drops if name not in theirs
    )
    _refuse(f"{label} names {name!r}, which a file here replaces" for name in tables.drops if name in ours)
    kept = tuple(ours.get(exchange.id, exchange) for exchange in parent if exchange.id not in tables.drops)
    return (*kept, *(exchange for exchange in own if exchange.id not in theirs))


def _read_exchanges(folder: Traversable, label: str) -> tuple[Exchange, ...]:
    problems: list[str] = []
    exchanges: list[Exchange] = []
    first: dict[str, str] = {}
    for file, position, table in _exchange_tables(folder, label):
        identifier = table.get("id", f"number {position}")
        where = f"{file}, exchange {identifier!r}"
        try:
            exchange = read_exchange(msgspec.convert(table, ExchangeWords), where)
        except (msgspec.ValidationError, ValueError) as error:
            fields = (
                ""
                if "unknown field" not in str(error)
                else "; there are: " + ", ".join(ExchangeWords.__struct_fields__)
            )
            problems.append(f"{where}: {error}{fields}")
            continue
        if exchange.id in first:
            problems.append(f"{where}: the id is taken, by an exchange in {first[exchange.id]}; choose another")
        first = {exchange.id: file, **first}
        exchanges.append(exchange)
    _refuse(problems)
    return tuple(exchanges)


def _exchange_tables(folder: Traversable, label: str) -> Iterator[tuple[str, int, dict[str, object]]]:
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    for name in names:
        if name != "cast.toml":
            tables = _decode(folder / name, f"{label}/{name}", ExchangeFile).exchange
            yield from ((f"{label}/{name}", position, table) for position, table in enumerate(tables, start=1))


def _read_cast(dialect: str, tables: CastTables) -> Cast:
    label = f"contracts/{dialect}/cast.toml"
    shared = {*tables.clients} & {*tables.people}
    _refuse(f"{label}: {name!r} is both a client and a person; rename one" for name in sorted(shared))
    if "client" not in tables.clients:
        raise ContractError(f"{label} has no [clients.client], which every contract has")
    clients: dict[str, CastClient] = {}
    people: dict[str, CastPerson] = {}
    section = "server"
    try:
        server = msgspec.convert(tables.server, CastServer)
        for name, table in tables.clients.items():
            section = f"clients.{name}"
            clients = {**clients, name: read_client(table)}
        for name, table in tables.people.items():
            section = f"people.{name}"
            people = {**people, name: read_person(table)}
    except msgspec.ValidationError as error:
        raise ContractError(f"{label}, [{section}]: {error}") from error
    return Cast(server=server, clients=clients, people=people)


def _decode(file: Traversable, label: str, shape: type[Shape]) -> Shape:
    try:
        return msgspec.toml.decode(file.read_bytes(), type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ContractError(f"{label}: {error}") from error


def _refuse(problems: Iterable[str]) -> None:
    found = tuple(problems)
    if found:
        raise ContractError("\n".join(found))
