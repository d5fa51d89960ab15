"""One exchange of a contract: a request, the response it must get, and what must have happened before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec import Struct, field

from dragoman.verification.message import (
    CurlText,
    MessageError,
    RequestText,
    ResponseText,
    parse_curl,
    parse_request,
    parse_response,
)
from dragoman.verification.placeholder import NAME, Pieces, captures_of, parse_text


class TokenWords(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A captured JWT, decoded (RFC 7519)."""

    header: str | None = None
    """The JSON text of its header."""
    payload: str | None = None
    """The JSON text of its claims."""


class ExchangeWords(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An exchange as its file writes it (docs/contracts.md)."""

    id: str
    """Unique in the contract."""
    title: str
    source: str
    """Where it is known from."""
    sample: bool = False
    """Whether it is a sample printed in the API document."""
    given: tuple[str, ...] = ()
    """Exchanges to run first."""
    when: tuple[str, ...] = ()
    """Settings it depends on."""
    unless: tuple[str, ...] = ()
    """Settings under which it does not hold."""
    request: str | None = None
    curl: str | None = None
    """In place of `request`: a command line."""
    response: str
    absent: tuple[str, ...] = ()
    """Headers that must not be there."""
    token: dict[str, TokenWords] = field(default_factory=dict)
    """Captured JWTs, by the names under which they were captured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenText:
    """What the parts of a captured JWT must be; None is not looked at."""

    name: str
    header: Pieces | None
    payload: Pieces | None

    def parts(self) -> tuple[tuple[str, Pieces | None], ...]:
        """The parts by name, in the order in which they are compared."""
        return (("header", self.header), ("payload", self.payload))


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request and what must be answered."""

    id: str
    title: str
    source: str
    sample: bool
    given: tuple[str, ...]
    when: tuple[str, ...]
    unless: tuple[str, ...]
    request: RequestText | CurlText
    response: ResponseText
    absent: tuple[str, ...]
    tokens: tuple[TokenText, ...]
    where: str
    """File and id, for messages."""

    def expected_texts(self) -> tuple[Pieces, ...]:
        """Every text that is compared, in order."""
        parts = (pieces for token in self.tokens for _, pieces in token.parts() if pieces is not None)
        return (*self.response.texts(), *parts)

    def texts(self) -> tuple[Pieces, ...]:
        """Every text that may hold placeholders."""
        return (*self.request.texts(), *self.expected_texts())

    def captures(self) -> tuple[str, ...]:
        """The names under which it captures."""
        return tuple(name for pieces in self.expected_texts() for name in captures_of(pieces))


def read_exchange(words: ExchangeWords, where: str) -> Exchange:
    """An exchange from its table. Raises MessageError, PlaceholderError."""
    if not words.id or not words.title or not words.source:
        raise MessageError("`id`, `title` and `source` must not be empty")
    for word, setting in (*(("when", name) for name in words.when), *(("unless", name) for name in words.unless)):
        if not NAME.fullmatch(setting):
            raise MessageError(f"`{word}` has {setting!r}; write a setting's name: small letters, digits, underscores")
    return Exchange(
        id=words.id,
        title=words.title,
        source=words.source,
        sample=words.sample,
        given=words.given,
        when=words.when,
        unless=words.unless,
        request=_read_request(words),
        response=parse_response(words.response),
        absent=words.absent,
        tokens=tuple(_read_token(name, token) for name, token in words.token.items()),
        where=where,
    )


def chain_of(exchange: Exchange, known: Mapping[str, Exchange]) -> tuple[Exchange, ...]:
    """What has to run before an exchange, each once, in order; names that are not known are left out."""
    chain: tuple[Exchange, ...] = ()
    for name in exchange.given:
        given = known.get(name)
        if given is not None:
            chain = _append_chain(given, known, chain, (exchange.id,))
    return chain


def _append_chain(
    exchange: Exchange, known: Mapping[str, Exchange], chain: tuple[Exchange, ...], above: tuple[str, ...]
) -> tuple[Exchange, ...]:
    if exchange in chain or exchange.id in above:
        return chain
    for name in exchange.given:
        if name in known:
            chain = _append_chain(known[name], known, chain, (*above, exchange.id))
    return (*chain, exchange)


def _read_request(words: ExchangeWords) -> RequestText | CurlText:
    if words.request is not None and words.curl is None:
        return parse_request(words.request)
    if words.curl is not None and words.request is None:
        return parse_curl(words.curl)
    raise MessageError("needs either `request` or `curl`, and not both")


def _read_token(name: str, token: TokenWords) -> TokenText:
    if token.header is None and token.payload is None:
        raise MessageError(f"[exchange.token.{name}] says nothing; write `header`, `payload` or both")
    return TokenText(
        name=name,
        header=None if token.header is None else parse_text(token.header),
        payload=None if token.payload is None else parse_text(token.payload),
    )
