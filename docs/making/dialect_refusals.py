"""How a dialect tells each refusal, asked of the compiled dialect itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dragoman.core.errors import Refusal
from dragoman.core.template import Record, compile_record
from dragoman.dialects.spelling import ERROR_VALUES, ErrorFacts
from dragoman.dialects.wire import WireRequest
from making.markdown import block, code, codes, members, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dragoman.dialects.schema import Ordered
    from dragoman.dialects.spelling import ErrorSpelling, RefusalSpelling

_PLACEHOLDERS = {read: f"{{{name}}}" for name, read in ERROR_VALUES.items()}
_REQUEST = WireRequest(method="{method}", path="{path}", headers={b"authorization": b"Basic"})


class EveryValue(Mapping[str, str]):
    """All values that a refusal may carry, each shown as its own placeholder."""

    def __getitem__(self, name: str) -> str:
        return f"{{{name}}}"

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How one refusal is told."""

    status: int
    error: str
    description: str
    hint: str
    headers: tuple[str, ...]
    """Those beyond the endpoint's usual ones."""
    body: str
    """A block, where it is not the endpoint's usual one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """What an endpoint's refusals have in common."""

    headers: Ordered
    body: Ordered

    def tell(self, spelling: RefusalSpelling) -> Told:
        """One refusal, with placeholders for what is known only when it happens."""
        facts = ErrorFacts(
            error=spelling.error,
            status=spelling.status,
            values=EveryValue(),
            wire=_REQUEST,
            allow="{allow}",
            retry_after=1,
        )
        description = str(spelling.description(facts) or "")
        hint = "" if spelling.hint is None else str(spelling.hint(facts) or "")
        headers = spelling.headers.render(replace(facts, description=description, hint=hint or None))
        body_facts = replace(facts, description="{description}", hint="{hint}" if hint else None)
        return Told(
            status=spelling.status,
            error=spelling.error,
            description=description,
            hint=hint,
            headers=tuple(f"{name}: {value}" for name, value in headers.items() if self.headers.get(name) != value),
            body=self._body(spelling, body_facts),
        )

    def _body(self, spelling: RefusalSpelling, facts: ErrorFacts) -> str:
        if spelling.text is not None:
            return block(str(spelling.text(facts)) or "(empty)")
        own = show_templates(spelling.body, facts)
        usual = show_templates(compile_record(self.body, ERROR_VALUES), facts)
        if own == usual:
            return ""
        return members(own) if own else block("(empty)")


def show_templates(record: Record[ErrorFacts], facts: ErrorFacts) -> Mapping[str, object]:
    """Members as templates where they are plain placeholders, rendered where they are more, absent ones left out."""
    shown: dict[str, object] = {}
    for name, read in zip(record.names, record.getters, strict=True):
        owner = getattr(read, "__self__", None)
        if isinstance(owner, Record):
            shown[name] = show_templates(owner, facts)
        elif (value := read(facts)) is not None:
            shown[name] = _PLACEHOLDERS.get(read, value)
    return shown


def refusal_part(errors: ErrorSpelling, usual: Usual, names: Iterable[str]) -> Iterator[str]:
    """The table of these refusals, those that are told alike together, and the bodies that are not the usual one."""
    groups: dict[Told, tuple[str, ...]] = {}
    for name in names:
        told = usual.tell(errors.refusals[Refusal(name)])
        groups[told] = (*groups.get(told, ()), name)
    hints = any(told.hint for told in groups)
    head = ("refusal", "status", "`error`", "description", *(("hint",) if hints else ()), "further headers")
    yield table(head, (_row(told, alike, hints=hints) for told, alike in groups.items()))
    bodies: dict[str, tuple[str, ...]] = {}
    for told, alike in groups.items():
        if told.body:
            bodies[told.body] = (*bodies.get(told.body, ()), *alike)
    for body, alike in bodies.items():
        yield f"Body of {codes(alike)}:"
        yield body


def _row(told: Told, names: tuple[str, ...], *, hints: bool) -> tuple[str, ...]:
    hint = (told.hint,) if hints else ()
    return (codes(names), str(told.status), code(told.error), told.description, *hint, codes(told.headers))
