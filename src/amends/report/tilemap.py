"""A map of the United States as equal tiles, drawn as SVG without any outside data.

Equal tiles show counts of people without the bias of land area. Positions are our own arrangement of the usual
eleven-column grid; territories stand in a row below.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

_ROWS = (
    "AK . . . . . . . . . ME",
    ". . . . . . . . . VT NH",
    ". WA ID MT ND MN IL WI MI NY MA",
    ". OR NV WY SD IA IN OH PA NJ CT",
    ". CA UT CO NE MO KY WV VA MD RI",
    ". . AZ NM KS AR TN NC SC DE DC",
    ". . . . OK LA MS AL GA . .",
    "HI . . . TX . . . . FL .",
    ". . . GU AS MP PR VI . . .",
)
_SIZE, _GAP = 58, 4

# Light to dark; black text on the first three, white on the last two: contrast of at least 4.5 to 1 in each.
_SHADES = ("#eef3f7", "#cfdfea", "#9dc0d6", "#2f6c93", "#123f5c")


def tiles(counts: Mapping[str, int]) -> str:
    """Return an SVG with one tile a state, darker for more people.

    Args:
        counts: Persons by jurisdiction, ``US-CA`` …; others are left out.
    """
    most = max((n for code, n in counts.items() if code.startswith("US-")), default=0)
    drawn = [
        _tile(name, row, column, counts.get(f"US-{name}", 0), most)
        for row, line in enumerate(_ROWS)
        for column, name in enumerate(line.split())
        if name != "."
    ]
    width, height = 11 * (_SIZE + _GAP), len(_ROWS) * (_SIZE + _GAP)
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="People by state of residence; '
        f'the table beside it holds the same numbers">{"".join(drawn)}</svg>'
    )


def _tile(name: str, row: int, column: int, count: int, most: int) -> str:
    shade = 0 if not count else min(4, 1 + int(4 * (count / most) ** 0.5 * 0.999))
    ink = "#0b1f2d" if shade < 3 else "#ffffff"
    x, y = column * (_SIZE + _GAP), row * (_SIZE + _GAP)
    middle = x + _SIZE / 2
    return (
        f"<g><title>{escape(name)}: {count:,}</title>"
        f'<rect x="{x}" y="{y}" width="{_SIZE}" height="{_SIZE}" rx="6" fill="{_SHADES[shade]}"/>'
        f'<text x="{middle}" y="{y + 25}" fill="{ink}" class="tile-name">{escape(name)}</text>'
        f'<text x="{middle}" y="{y + 44}" fill="{ink}" class="tile-count">{_short(count)}</text></g>'
    )


def _short(count: int) -> str:
    for size, letter in ((1_000_000_000, "G"), (1_000_000, "M"), (10_000, "k")):
        if count >= size:
            scaled = count / (1_000 if letter == "k" else size)
            return f"{scaled:.1f}{letter}" if scaled < 100 else f"{scaled:.0f}{letter}"
    return f"{count:,}"
