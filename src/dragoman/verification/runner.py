"""Running exchanges against a server and judging what it answers."""

from __future__ import annotations

import binascii
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dragoman.verification.cast import with_basic
from dragoman.verification.contract import Contract
from dragoman.verification.curl import run_curl
from dragoman.verification.exchange import Exchange, TokenText
from dragoman.verification.http_exchange import NoResponseError, Response, ServerAddress, parse_base_url, send
from dragoman.verification.masking import excerpts, mask_of, shorten
from dragoman.verification.message import CurlText, fill_curl, fill_request
from dragoman.verification.needs import reason_to_skip
from dragoman.verification.pattern import match
from dragoman.verification.placeholder import Known, Pieces

ABSENT = "(absent)"


class Outcome(StrEnum):
    """What running an exchange came to."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that was not as expected. Texts are excerpts without secrets."""

    field: str
    """`status`, `body`, `header NAME`, `token NAME header`, `token NAME payload` or `response`."""
    expected: str
    actual: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How an exchange came out."""

    exchange: Exchange
    outcome: Outcome
    differences: tuple[Difference, ...] = ()
    reason: str | None = None
    """Why it was skipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Observed:
    """What one exchange showed."""

    differences: tuple[Difference, ...] = ()
    captures: Mapping[str, str] = field(default_factory=dict)

    def __add__(self, later: _Observed) -> _Observed:
        return _Observed(
            differences=(*self.differences, *later.differences), captures={**self.captures, **later.captures}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """What stays the same while an exchange and those given to it are run."""

    address: ServerAddress
    members: Mapping[str, str]
    timeout: float
    clock: Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Under which conditions exchanges are run."""

    settings: frozenset[str] = frozenset()
    """Settings said to hold: exchanges that depend on others are skipped."""
    values: Mapping[str, str] | None = None
    """The members of the cast that the server shares, by `name.member`; None: all of them."""
    timeout: float = 10.0
    """For how many seconds to wait for an answer."""
    clock: Callable[[], float] = time.time
    """Tells Unix time."""


USUAL_CONDITIONS = Conditions()


def run_contract(
    contract: Contract,
    base_url: str,
    settings: frozenset[str] = frozenset(),
    values: Mapping[str, str] | None = None,
    timeout: float = 10.0,
) -> tuple[Verdict, ...]:
    """Run every exchange of a contract, in order; the further arguments are those of `Conditions`.

    Raises BadBaseUrlError, UnreachableError.
    """
    conditions = Conditions(settings=settings, values=values, timeout=timeout)
    return tuple(run_exchange(contract, exchange, base_url, conditions) for exchange in contract.exchanges)


def run_exchange(
    contract: Contract, exchange: Exchange, base_url: str, conditions: Conditions = USUAL_CONDITIONS
) -> Verdict:
    """Run what is given to an exchange, afresh, and then the exchange. Raises BadBaseUrlError, UnreachableError."""
    address = parse_base_url(base_url)
    values = contract.cast.members() if conditions.values is None else conditions.values
    members = with_basic(values, contract.cast)
    reason = reason_to_skip(contract, exchange, conditions.settings, members)
    if reason is not None:
        return Verdict(exchange=exchange, outcome=Outcome.SKIPPED, reason=reason)
    run = _Run(address=address, members=members, timeout=conditions.timeout, clock=conditions.clock)
    captures: Mapping[str, str] = {}
    for given in contract.chain(exchange):
        observed = _observe(run, given, captures)
        if not _holds(given, observed):
            differences = tuple(_of_given(given, difference) for difference in observed.differences)
            return Verdict(exchange=exchange, outcome=Outcome.FAILED, differences=differences)
        captures = {**captures, **observed.captures}
    differences = _observe(run, exchange, captures).differences
    outcome = Outcome.FAILED if differences else Outcome.PASSED
    return Verdict(exchange=exchange, outcome=outcome, differences=differences)


def _holds(given: Exchange, observed: _Observed) -> bool:
    """Whether others may build on it: it was answered with its status and gave all it captures."""
    stopped = any(difference.field in ("status", "response") for difference in observed.differences)
    return not stopped and {*given.captures()} <= {*observed.captures}


def _of_given(given: Exchange, difference: Difference) -> Difference:
    return Difference(
        field=f"given {given.id}: {difference.field}", expected=difference.expected, actual=difference.actual
    )


def _observe(run: _Run, exchange: Exchange, captures: Mapping[str, str]) -> _Observed:
    known = Known(base_url=run.address.url, members=run.members, captures=captures)
    try:
        response = _ask(run, exchange, known)
    except NoResponseError as error:
        reason = mask_of(run.members, captures).show(str(error))
        expected = str(exchange.response.status)
        return _Observed(differences=(Difference(field="response", expected=expected, actual=f"none: {reason}"),))
    return _compare(exchange, response, known, run.clock())


def _ask(run: _Run, exchange: Exchange, known: Known) -> Response:
    if isinstance(exchange.request, CurlText):
        return run_curl(run.address, fill_curl(exchange.request, known), run.timeout)
    return send(run.address, fill_request(exchange.request, known), run.timeout)


def _compare(exchange: Exchange, response: Response, known: Known, now: float) -> _Observed:
    observed = _Observed()
    if response.status != exchange.response.status:
        expected, actual = str(exchange.response.status), str(response.status)
        observed += _Observed(differences=(Difference(field="status", expected=expected, actual=actual),))
    for name, pieces in exchange.response.headers:
        observed += _compare_header(name, pieces, response, _with(known, observed), now)
    for name in exchange.absent:
        values = response.values_of(name)
        if values:
            actual = _show(", ".join(values), _with(known, observed))
            observed += _Observed(differences=(Difference(field=f"header {name}", expected=ABSENT, actual=actual),))
    if exchange.response.body is not None:
        body = response.body.decode("utf-8", "surrogateescape")
        observed += _compare_text("body", exchange.response.body, body, _with(known, observed), now)
    for token in exchange.tokens:
        observed += _compare_token(token, observed.captures.get(token.name), _with(known, observed), now)
    return observed


def _compare_header(name: str, pieces: Pieces, response: Response, known: Known, now: float) -> _Observed:
    """One of the header's values must be as expected."""
    field_name = f"header {name}"
    values = response.values_of(name)
    if not values:
        expected = shorten("".join(piece.source for piece in pieces))
        return _Observed(differences=(Difference(field=field_name, expected=expected, actual=ABSENT),))
    compared = tuple(_compare_text(field_name, pieces, value, known, now) for value in values)
    return next((one for one in compared if not one.differences), compared[0])


def _compare_token(token: TokenText, jwt: str | None, known: Known, now: float) -> _Observed:
    """The parts of a JWT as JSON text (RFC 7519 §7.2). One that was not captured has its difference in the body."""
    observed = _Observed()
    if jwt is None:
        return observed
    segments = (*jwt.split("."), "", "")
    for (name, pieces), segment in zip(token.parts(), segments, strict=False):
        if pieces is not None:
            label = f"token {token.name} {name}"
            observed += _compare_text(label, pieces, _decode_segment(segment), _with(known, observed), now)
    return observed


def _decode_segment(segment: str) -> str:
    try:
        decoded = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except (binascii.Error, ValueError):
        return "(no base64url)"
    return decoded.decode("utf-8", "surrogateescape")


def _compare_text(field_name: str, pieces: Pieces, text: str, known: Known, now: float) -> _Observed:
    matched = match(pieces, text, known, now)
    if matched.mismatch is None:
        return _Observed(captures=matched.captures)
    mask = mask_of(known.members, {**known.captures, **matched.captures})
    expected, actual = excerpts(matched.mismatch, text, mask)
    difference = Difference(field=field_name, expected=expected, actual=actual)
    return _Observed(differences=(difference,), captures=matched.captures)


def _show(text: str, known: Known) -> str:
    return shorten(mask_of(known.members, known.captures).show(text))


def _with(known: Known, observed: _Observed) -> Known:
    return Known(base_url=known.base_url, members=known.members, captures={**known.captures, **observed.captures})
