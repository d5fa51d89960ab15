"""Whether the exchanges of a contract speak only of what there is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dragoman.verification.cast import Cast, with_basic
from dragoman.verification.exchange import Exchange, chain_of
from dragoman.verification.placeholder import Captured, Kind, Member, Moment, Pieces, captures_of


def find_problems(exchanges: tuple[Exchange, ...], cast: Cast) -> tuple[str, ...]:
    """What is wrong with a contract, one sentence each, with the file, the exchange and what to write."""
    known = {exchange.id: exchange for exchange in exchanges}
    members = frozenset(with_basic(cast.members(), cast))
    return tuple(
        f"{exchange.where}: {problem}" for exchange in exchanges for problem in _problems_of(exchange, known, members)
    )


def _problems_of(exchange: Exchange, known: Mapping[str, Exchange], members: frozenset[str]) -> Iterator[str]:
    for name in exchange.given:
        if name not in known:
            yield f"`given` names {name!r}, no exchange of this contract; there are: {', '.join(sorted(known))}"
    chain = chain_of(exchange, known)
    if any(exchange.id in one.given for one in (*chain, exchange)):
        yield "is given to itself; remove it from the `given` of one of: " + ", ".join(one.id for one in chain)
    for pieces in exchange.texts():
        yield from _unknown_members(pieces, members)
    given = frozenset(name for one in chain for name in one.captures())
    for pieces in exchange.request.texts():
        yield from _misplaced_in_request(pieces)
        yield from _unknown_captures(pieces, given)
    yield from _problems_of_expected(exchange, given)


def _problems_of_expected(exchange: Exchange, given: frozenset[str]) -> Iterator[str]:
    captured = given
    for pieces in exchange.expected_texts():
        yield from _unknown_captures(pieces, captured)
        captured = captured | {*captures_of(pieces)}
    answered = {name for pieces in exchange.response.texts() for name in captures_of(pieces)}
    for token in exchange.tokens:
        if token.name not in answered:
            yield f"[exchange.token.{token.name}] has no capture; write «{token.name}=jwt» in its response"
    names = {name.lower() for name, _ in exchange.response.headers}
    for name in exchange.absent:
        if name.lower() in names:
            yield f"`absent` names {name!r}, which its response has; remove one of the two"


def _unknown_members(pieces: Pieces, members: frozenset[str]) -> Iterator[str]:
    for piece in pieces:
        if isinstance(piece, Member) and piece.name not in members:
            owner = piece.name.partition(".")[0]
            known = sorted(name for name in members if name.startswith(f"{owner}.")) or sorted(
                {name.partition(".")[0] for name in members} - {"server"}
            )
            yield f"has {piece.source}, which cast.toml does not have; it has: {', '.join(known)}"


def _misplaced_in_request(pieces: Pieces) -> Iterator[str]:
    for piece in pieces:
        if isinstance(piece, Kind | Moment):
            yield f"has {piece.source} in its request, where it has no meaning; write a value or what was captured"


def _unknown_captures(pieces: Pieces, known: frozenset[str]) -> Iterator[str]:
    captured = known
    for piece in pieces:
        if isinstance(piece, Captured) and piece.name not in captured:
            names = ", ".join(sorted(captured)) or "nothing"
            yield f"has {piece.source}, which nothing before it captures; captured are: {names}"
        captured = captured | {*captures_of((piece,))}
