"""How answers and refusals are spelled: a dialect's words compiled to functions, once."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Generic, TypeVar

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.json_text import JsonWriter, write_json
from dragoman.core.template import Getter, Record, compile_template, names_in, record_of
from dragoman.dialects.json_text import JSON_WRITERS
from dragoman.dialects.refusal_words import RefusalWords, join_errors, words_of
from dragoman.dialects.wire import PHRASES, Headers, WireRequest, WireResponse

if TYPE_CHECKING:
    from dragoman.dialects.schema import ErrorsWords

Source = TypeVar("Source")
_UNSAFE_IN_HEADER = re.compile(r"[^\x20-\x7e]")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
_ESCAPES: Mapping[str, Mapping[int, str]] = {
    "none": {},
    "html": str.maketrans({**_HTML, "'": "&#39;"}),
    "html-padded": str.maketrans({**_HTML, "'": "&#039;"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorFacts:
    """All that an error answer may speak of."""

    error: str
    status: int
    values: Mapping[str, str]
    wire: WireRequest
    allow: str = ""
    retry_after: int | None = None
    description: str | None = None
    hint: str | None = None

    @property
    def authorization_scheme(self) -> str | None:
        """`Bearer` or, for any other Authorization header, `Basic`; None without one."""
        header = self.wire.header(b"authorization")
        return None if header is None else "Bearer" if header.startswith("Bearer") else "Basic"


def _value(name: str) -> Getter[ErrorFacts]:
    return lambda facts: facts.values.get(name)


ERROR_VALUES: Mapping[str, Getter[ErrorFacts]] = {
    "error": lambda facts: facts.error,
    "description": lambda facts: facts.description,
    "hint": lambda facts: facts.hint,
    "status": lambda facts: facts.status,
    "reason": lambda facts: PHRASES.get(facts.status, ""),
    "path": lambda facts: facts.wire.path,
    "method": lambda facts: facts.wire.method,
    "allow": lambda facts: facts.allow,
    "now_ms": lambda _facts: int(time.time() * 1000),
    "retry_after": lambda facts: facts.retry_after,
    "authorization_scheme": lambda facts: facts.authorization_scheme,
    "parameter": _value("parameter"),
    "grant_type": _value("grant_type"),
    "cause": _value("cause"),
    "scope": _value("scope"),
    "scope.comma": lambda facts: _commas(facts.values.get("scope")),
    "scope.first": lambda facts: _first(facts.values.get("scope")),
    "client_scope": _value("client_scope"),
    "requested_scope.comma": lambda facts: _commas(facts.values.get("requested_scope")),
    "granted_scope": _value("granted_scope"),
    "granted_scope.comma": lambda facts: _commas(facts.values.get("granted_scope")),
    "required_scope": _value("required_scope"),
}
"""Each value by the name that dialect files use."""
_SAME_EACH_TIME = frozenset({"error", "description", "hint", "status", "reason", "retry_after"})
"""Those that hang on the refusal alone, and on Retry-After."""
_ANY_REQUEST = WireRequest(method="", path="")
_MOST_PREPARED = 256
"""Answers of one endpoint, one for each refusal and Retry-After."""


def _commas(names: str | None) -> str | None:
    return None if names is None else ", ".join(names.split(" "))


def _first(names: str | None) -> str | None:
    return None if names is None else names.split(" ")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSpelling(Generic[Source]):
    """A successful answer: headers and a JSON body, or an empty one."""

    headers: Headers
    body: Record[Source] | None
    write_json: JsonWriter = write_json

    def spell(self, source: Source) -> WireResponse:
        """The answer for these facts."""
        body = b"" if self.body is None else self.write_json(self.body.render(source))
        return WireResponse(status=200, headers=self.headers, body=body)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalSpelling:
    """How one refusal is told."""

    status: int
    error: str
    description: Getter[ErrorFacts]
    hint: Getter[ErrorFacts] | None
    headers: Record[ErrorFacts]
    body: Record[ErrorFacts]
    text: Getter[ErrorFacts] | None
    text_type: str
    text_unless_json_accepted: bool
    same_each_time: bool
    """Whether it is told alike whatever was sent, but for Retry-After."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorSpelling:
    """How every refusal is told at one endpoint."""

    write_json: JsonWriter
    escapes: Mapping[int, str]
    refusals: Mapping[Refusal, RefusalSpelling]
    prepared: Callable[[Refusal, int | None], WireResponse] | None = None
    """For those that are the same each time: the whole answer, by Retry-After."""

    def spell(
        self, refused: OAuthError, wire: WireRequest, *, allow: str = "", retry_after: int | None = None
    ) -> WireResponse:
        """The error answer."""
        if self.prepared is not None and self.refusals[refused.refusal].same_each_time:
            return self.prepared(refused.refusal, retry_after)
        return self.render(refused, wire, allow, retry_after)

    def render(self, refused: OAuthError, wire: WireRequest, allow: str, retry_after: int | None) -> WireResponse:
        """The error answer, written anew for this request."""
        spelling = self.refusals[refused.refusal]
        facts = ErrorFacts(
            error=spelling.error,
            status=spelling.status,
            values=refused.values,
            wire=wire,
            allow=allow,
            retry_after=retry_after,
        )
        description = _text_or_none(spelling.description(facts))
        hint = None if spelling.hint is None else _text_or_none(spelling.hint(facts))
        plain = replace(facts, description=description, hint=hint)
        headers = spelling.headers.render(plain)
        if spelling.text is not None and not (spelling.text_unless_json_accepted and _accepts_json(wire)):
            headers = {**headers, "Content-Type": spelling.text_type}
            body = str(spelling.text(plain)).encode()
        else:
            escaped = replace(facts, description=self._escape(description), hint=self._escape(hint))
            body = self.write_json(spelling.body.render(escaped)) if spelling.body else b""
        return WireResponse(status=spelling.status, headers=encode_headers(headers), body=body)

    def _escape(self, text: str | None) -> str | None:
        return None if text is None else text.translate(self.escapes)


def _text_or_none(value: object) -> str | None:
    return None if value is None else str(value)


def _accepts_json(wire: WireRequest) -> bool:
    accept = wire.header(b"accept") or ""
    return "/json" in accept or "+json" in accept


def encode_headers(headers: Mapping[str, object]) -> Headers:
    """Header fields as bytes; anything a header must not hold becomes a question mark (RFC 9110 §5.5)."""
    return tuple((name.encode(), _UNSAFE_IN_HEADER.sub("?", str(value)).encode()) for name, value in headers.items())


def _is_same_each_time(entry: object) -> bool:
    return _is_same_text(entry) if isinstance(entry, str) else _SAME_EACH_TIME.issuperset(names_in(entry))


@lru_cache(maxsize=4096)
def _is_same_text(text: str) -> bool:
    return _SAME_EACH_TIME.issuperset(names_in(text))


@lru_cache(maxsize=4096)
def _compile(text: str) -> Getter[ErrorFacts]:
    """Refusals share most of their texts, and dialects most of their refusals."""
    return compile_template(text, ERROR_VALUES)


def compile_errors(words: ErrorsWords, base: ErrorsWords | None = None) -> ErrorSpelling:
    """All refusals of one endpoint; where it is silent, `base`, the token endpoint's words, holds.

    Raises TemplateError.
    """
    merged = words if base is None else join_errors(words, base)
    refusals = {refusal: _compile_refusal(words_of(refusal, merged)) for refusal in Refusal}
    spelling = ErrorSpelling(
        write_json=JSON_WRITERS[merged.json or "plain"], escapes=_ESCAPES[merged.escape or "none"], refusals=refusals
    )
    return replace(spelling, prepared=_remembering(spelling))


def _remembering(spelling: ErrorSpelling) -> Callable[[Refusal, int | None], WireResponse]:
    @lru_cache(maxsize=_MOST_PREPARED)
    def prepared(refusal: Refusal, retry_after: int | None) -> WireResponse:
        return spelling.render(OAuthError(refusal), _ANY_REQUEST, "", retry_after)

    return prepared


def _compile_refusal(told: RefusalWords) -> RefusalSpelling:
    texts = (told.description, told.hint, told.text, *told.headers.values(), *told.body.values())
    return RefusalSpelling(
        status=told.status,
        error=told.error,
        description=_compile(told.description),
        hint=None if told.hint is None else _compile(told.hint),
        headers=record_of(told.headers, _compile),
        body=record_of(told.body, _compile),
        text=None if told.text is None else _compile(told.text),
        text_type=told.text_type,
        text_unless_json_accepted=told.text_unless_json_accepted,
        same_each_time=not told.text_unless_json_accepted and all(map(_is_same_each_time, texts)),
    )
