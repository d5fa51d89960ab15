"""The exchanges of a dialect's contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.verification.contract import UnknownDialectError, load_contract
from making.markdown import code, codes, table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dragoman.verification.contract import Contract


def contract_part(dialect: str, contracts: Path) -> Iterator[str]:
    """What the contract shows, with the source of each exchange."""
    yield "## Contract"
    try:
        contract = load_contract(dialect, contracts)
    except UnknownDialectError:
        yield "This dialect has no contract."
        return
    samples = sum(exchange.sample for exchange in contract.exchanges)
    yield (
        f"{len(contract.exchanges)} [exchanges](../contracts.md), run by the tests and by "
        f"`dragoman verify --dialect {dialect} URL`; {samples} of them are printed in the API's document (**sample**)."
        if samples
        else f"{len(contract.exchanges)} [exchanges](../contracts.md), run by the tests and by "
        f"`dragoman verify --dialect {dialect} URL`."
    )
    yield table(("exchange", "what it shows", "source"), _rows(contract))


def _rows(contract: Contract) -> Iterator[tuple[str, str, str]]:
    for exchange in contract.exchanges:
        marks = "**sample:** " if exchange.sample else ""
        needs = f" (with {codes(exchange.when)})" if exchange.when else ""
        yield code(exchange.id), f"{marks}{exchange.title}{needs}", exchange.source
