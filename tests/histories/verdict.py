"""All families of a run judged, and what a run is counted by."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.histories.history import Kind, Outcome
from tests.histories.linearisability import Accepted, Rejected, search
from tests.histories.specification import Breach

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.histories.history import Family, Operation

LOSSES = (Breach.LOST, Breach.LOST_RETRY, Breach.DEAD)
_SHOWN = 12


@dataclass(slots=True)
class Verdict:
    """What was counted, and every breach with a text that lets a person follow it."""

    families: int = 0
    requests: int = 0
    acknowledged: int = 0
    """Refresh tokens that reached a client."""
    unknown: int = 0
    """Requests whose outcome no client saw."""
    committed_unseen: int = 0
    """Refreshes among them that must have happened, or may have, in the order that explains the history."""
    ended_unseen: int = 0
    """Log-ins that ended because an answer was lost and the client's retry was too late, or its grace is 0."""
    breaches: Counter[Breach] = field(default_factory=Counter)
    texts: list[str] = field(default_factory=list)
    _tokens: set[str] = field(default_factory=set)

    @property
    def lost(self) -> int:
        """Families in which something good was refused."""
        return sum(self.breaches[one] for one in LOSSES)

    @property
    def honoured_wrongly(self) -> int:
        """Families in which something spent or dead was honoured, or two tokens were given for one."""
        return self.breaches.total() - self.lost

    def judge(self, families: Iterable[Family]) -> Verdict:
        """Take these families in."""
        for family in families:
            self._count(family)
            found = search(family)
            if isinstance(found, Rejected):
                self._reject(family, found)
            else:
                self._explain_unseen(found)
        return self

    def _count(self, family: Family) -> None:
        self.families += 1
        self.requests += 1 + len(family.operations)
        given = {one.successor for one in family.operations if one.successor is not None} | {family.first}
        self.acknowledged += len(given)
        self.unknown += sum(one.outcome is Outcome.UNKNOWN for one in family.operations)
        if given & self._tokens:
            self.breaches[Breach.STRANGE] += 1
            self.texts.append("two log-ins were given the same refresh token")
        self._tokens |= given

    def _reject(self, family: Family, found: Rejected) -> None:
        self.breaches[found.breach] += 1
        self.texts.append(tell(family, found))

    def _explain_unseen(self, found: Accepted) -> None:
        advanced: dict[str, Operation] = {}
        for one in found.order:
            if one.kind is not Kind.REFRESH:
                continue
            if one.outcome is Outcome.UNKNOWN:
                self.committed_unseen += 1
                advanced[one.presented] = one
            elif one.outcome is Outcome.YES:
                advanced.pop(one.presented, None)
            elif one.presented in advanced:
                self.ended_unseen += 1
                return


def tell(family: Family, found: Rejected) -> str:
    """The breach, and the operations around it."""
    names: dict[str, str] = {family.first: "t0"}
    operations = sorted(family.operations, key=lambda one: one.ended)
    for one in operations:
        if one.successor is not None:
            names.setdefault(one.successor, f"t{len(names)}")
    at = operations.index(found.culprit)
    shown = operations[max(0, at - _SHOWN) : at + 4]
    lines = [_line(one, names, found.culprit, operations[0].began) for one in shown]
    head = f"{found.breach} (generation {found.state.generation}, ended {found.state.ended}, grace {family.grace} s)"
    return "\n".join([head, *lines])


def _line(one: Operation, names: dict[str, str], culprit: Operation, zero: float) -> str:
    mark = ">>" if one is culprit else "  "
    presented = names.get(one.presented, "an access token" if one.kind is Kind.ASK_ACCESS_TOKEN else "?")
    answer = one.outcome.name.lower() + ("" if one.successor is None else f" -> {names[one.successor]}")
    times = f"{one.began - zero:9.4f} .. {one.ended - zero:9.4f}"
    return f"{mark} {times}  {one.kind.name.lower()} {presented}: {answer} {one.where}"


def expect_kept(families: Sequence[Family]) -> Verdict:
    """The verdict, which must hold no breach."""
    verdict = Verdict().judge(families)
    assert not verdict.texts, "\n\n".join(verdict.texts[:3])
    return verdict
