"""Bars of ratios to bare ASGI, as an SVG that needs nothing to be looked at."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.results import Row

_BAR, _GAP, _LEFT, _WIDTH = 16, 6, 380, 860
_OURS, _THEIRS = "#1f6f5c", "#9aa5b1"


def draw(rows: Sequence[Row], connections: int) -> str:
    """One bar for each system and kind of request at this number of connections, the longest first in each kind."""
    shown = sorted(
        (one for one in rows if one.connections == connections),
        key=lambda one: (one.work, -one.of_limit),
    )
    longest = max((one.of_limit for one in shown), default=1.0)
    bars, top = [], 40
    for before, one in zip([None, *shown], shown, strict=False):
        top += _GAP if before is not None and before.work == one.work else 3 * _GAP
        bars.append(_bar(one, top, longest))
        top += _BAR
    title = (
        f"Requests a second beside bare ASGI (log-ins beside bare argon2id) on one machine, {connections} connections"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{top + 20}" '
        'font-family="sans-serif" font-size="12" role="img">\n'
        f"<title>{escape(title)}</title>\n"
        f'<rect width="100%" height="100%" fill="white"/>\n<text x="10" y="24" font-size="15">{escape(title)}</text>\n'
        + "\n".join(bars)
        + "\n</svg>\n"
    )


def _bar(one: Row, top: int, longest: float) -> str:
    ratio = one.of_limit
    length = max(1, round(ratio / longest * (_WIDTH - _LEFT - 60)))
    colour = _OURS if one.system.startswith("Dragoman") else _THEIRS
    label = f"{one.work} · {one.system}"
    base = top + _BAR - 4
    return (
        f'<text x="{_LEFT - 8}" y="{base}" text-anchor="end">{escape(label)}</text>'
        f'<rect x="{_LEFT}" y="{top}" width="{length}" height="{_BAR}" fill="{colour}"/>'
        f'<text x="{_LEFT + length + 6}" y="{base}">{ratio:.3f}</text>'
    )
