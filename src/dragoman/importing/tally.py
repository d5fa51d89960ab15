"""What a run came to: a count for everything, and the first of what somebody has to look at. Its size is bounded."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from dragoman.importing.counting import OTHERS, count_one
from dragoman.importing.outcome import UNFINISHED, Outcome, Result
from dragoman.importing.permissions import Withheld

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SHOWN = 20


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A finished run."""

    source: str
    dry_run: bool
    complete: bool
    """Whether the source was read to its end."""
    counts: dict[str, dict[str, int]]
    """By kind of row, how many ended how."""
    reasons: dict[str, dict[str, int]]
    """Of those that did not come in: by result and reason, how many."""
    dropped: int = 0
    """Sessions that an earlier run listed, and that are not there any more."""
    withheld: dict[str, int]
    """What did not come in of those that did, and of how many."""
    warnings: dict[str, int]
    """Why some will be of little use as they are, and how many."""

    @property
    def finished(self) -> bool:
        """Whether all rows are here as the source has them."""
        return self.complete and not any(counts.get(one, 0) for counts in self.counts.values() for one in UNFINISHED)


class Tally:
    """Counts outcomes."""

    def __init__(self) -> None:
        self.rows = 0
        self.shown: list[Outcome] = []
        """The first of those that are conflicting or refused."""
        self.dropped = 0
        """Sessions that an earlier run listed, and that are not there any more."""
        self.withheld: Counter[Withheld] = Counter()
        """What did not come in of those that did, and of how many."""
        self._warnings: Counter[str] = Counter()
        self._counts: Counter[tuple[str, Result]] = Counter()
        self._reasons: Counter[tuple[str, str]] = Counter()

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Count these; the first of those that somebody has to look at are kept to be shown."""
        for one in outcomes:
            self.rows += 1
            self._counts[one.kind, one.result] += 1
            for withheld in one.withheld:
                count_one(self.withheld, withheld, Withheld(OTHERS))
            if one.warning is not None:
                self._warnings[one.warning] += 1
            if one.result in UNFINISHED and len(self.shown) < _SHOWN:
                self.shown.append(one)
            if one.result in UNFINISHED or one.result is Result.SKIPPED:
                count_one(self._reasons, (one.result.value, one.why), (one.result.value, OTHERS))

    def summary(self, source: str, *, dry_run: bool, complete: bool) -> Summary:
        """What the run came to so far. `complete`: every row of the source was read."""
        counts: dict[str, dict[str, int]] = {}
        for (kind, result), count in sorted(self._counts.items()):
            counts.setdefault(kind, {})[result.value] = count
        reasons: dict[str, dict[str, int]] = {}
        for (ended, why), count in self._reasons.most_common():
            reasons.setdefault(ended, {})[why] = count
        withheld: Counter[str] = Counter()
        for held, count in self.withheld.items():
            withheld[str(held)] += count
        return Summary(
            source=source,
            dry_run=dry_run,
            complete=complete,
            counts=counts,
            reasons=reasons,
            dropped=self.dropped,
            withheld=dict(withheld.most_common()),
            warnings=dict(self._warnings.most_common()),
        )


def facts_of(summary: Summary) -> Mapping[str, str | int | None]:
    """A run for the audit: by counts, for the report tells the rows."""
    return {
        "complete": "yes" if summary.complete else "no",
        **({"sessions_dropped": summary.dropped} if summary.dropped else {}),
        **{
            f"{kind.replace(' ', '_')}s_{result}": count
            for kind, counts in summary.counts.items()
            for result, count in counts.items()
        },
    }
