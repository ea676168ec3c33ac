"""Where lines and their numbers run on the picture: through the gaps between boxes, never over them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

Point = tuple[float, float]
Box = tuple[float, float, float, float]
Piece = tuple[Point, Point, Point, Point]
"""A piece of a curve: begin, two handles, end."""

BOX, TALL, PITCH = 144, 42, 74
"""Width and height of a box, and from one box of a column to the next."""
_SLOT = 6
_SLOTS = (0, 1, -1, 2, -2)


@dataclass
class Lanes:
    """The boxes of a scene by column, and what runs between them already.

    Attributes:
        columns: For each column from the left: its middle and the middles of its boxes, top down.
        used: How many lines run through a gap.
    """

    columns: Sequence[tuple[float, Sequence[float]]]
    used: dict[tuple[int, float], int] = field(default_factory=dict)

    def route(self, begin: Point, end: Point) -> list[Piece]:
        """Return the pieces of a line from box to box; columns between them are crossed through a gap."""
        (x1, y1), (x2, y2) = begin, end
        if abs(x1 - x2) < 1:
            return [_loop(begin, end)]
        side = 1 if x2 > x1 else -1
        between = [
            n for n, (x, _) in enumerate(self.columns) if min(x1, x2) + 1 < x < max(x1, x2) - 1
        ]
        at: Point = (x1 + side * BOX / 2, y1)
        pieces: list[Piece] = []
        for number in between if side == 1 else reversed(between):
            middle, _ = self.columns[number]
            y = self._gap(number, y1 + (y2 - y1) * (middle - x1) / (x2 - x1))
            into, out = (middle - side * BOX / 2, y), (middle + side * BOX / 2, y)
            pieces += [_bent(at, into, side), (into, into, out, out)]
            at = out
        pieces.append(_bent(at, (x2 - side * BOX / 2, y2), side))
        return pieces

    def _gap(self, number: int, wanted: float) -> float:
        """Return the height at which a column is crossed: the gap nearest to the height wanted, on a free slot."""
        rows = sorted(self.columns[number][1])
        if not rows:
            return wanted
        gaps = [
            rows[0] - PITCH / 2,
            *((a + b) / 2 for a, b in pairwise(rows)),
            rows[-1] + PITCH / 2,
        ]
        if wanted < gaps[0] or wanted > gaps[-1]:
            return wanted
        gap = min(gaps, key=lambda g: abs(g - wanted))
        count = self.used.get((number, gap), 0)
        self.used[number, gap] = count + 1
        return gap + _SLOT * _SLOTS[count % len(_SLOTS)]


def _bent(begin: Point, end: Point, side: int) -> Piece:
    reach = max(12.0, min(60.0, abs(end[0] - begin[0]) / 2)) * side
    return begin, (begin[0] + reach, begin[1]), (end[0] - reach, end[1]), end


def _loop(begin: Point, end: Point) -> Piece:
    """Return a line between boxes of one column: out at the right, and back."""
    (x1, y1), (x2, y2) = begin, end
    bend = min(14 + abs(y2 - y1) / 10, 46)
    down = 6 if y2 > y1 else -6
    out1, out2 = x1 + BOX / 2, x2 + BOX / 2
    return (out1, y1 + down), (out1 + bend, y1 + down), (out2 + bend, y2 - down), (out2, y2 - down)


def svg_path(pieces: Iterable[Piece]) -> str:
    """Return the pieces as the ``d`` of an SVG path."""
    made = ""
    for begin, one, two, end in pieces:
        if not made:
            made = f"M{begin[0]:.0f} {begin[1]:.0f}"
        made += f"C{one[0]:.0f} {one[1]:.0f} {two[0]:.0f} {two[1]:.0f} {end[0]:.0f} {end[1]:.0f}"
    return made


def place_on(pieces: Sequence[Piece], wide: float, taken: list[Box]) -> Point:
    """Return a place on the line for a sign so wide that meets the fewest other signs and boxes, and take it."""
    best: Point = pieces[0][0]
    least = 10**9
    for x, y in _points(pieces):
        box = (x - wide / 2 - 1, y - 9, x + wide / 2 + 1, y + 9)
        met = sum(
            box[0] < o[2] and o[0] < box[2] and box[1] < o[3] and o[1] < box[3] for o in taken
        )
        if met < least:
            best, least = (x, y), met
        if not met:
            break
    taken.append((best[0] - wide / 2 - 1, best[1] - 9, best[0] + wide / 2 + 1, best[1] + 9))
    return best


def _points(pieces: Sequence[Piece]) -> Iterable[Point]:
    """Yield points of a line, those in the middle of its last pieces first: there lines to one box part."""
    for t in (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8):
        for piece in reversed(pieces):
            u = 1 - t
            parts = (u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t)
            yield (
                sum(w * p[0] for w, p in zip(parts, piece, strict=True)),
                sum(w * p[1] for w, p in zip(parts, piece, strict=True)),
            )
