"""Where everything of the swim-lane picture stands: lanes, columns, panels; no drawing.

A column is a step or a mark of the case, in order of time; idle time between two columns is a narrow break that says
how long it was. Twelve columns make a panel; more steps make more panels, one below the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from amends.timeline.taken_sources import Places, Step

WIDTH, GUTTER, RIGHT = 1280, 150, 18
HEAD, LANE, FOOT = 74, 66, 46
_COLUMNS = 12
_BREAK_WIDTH = 34
_TOP, _BELOW = 64, 48
# Idle for longer than this is drawn as a break.
_IDLE_SECONDS = 6 * 3600
INTERNET = "internet"


@dataclass(frozen=True)
class Mark:
    """A date of the case.

    Attributes:
        at: When.
        text: What it is called.
    """

    at: datetime
    text: str


@dataclass(frozen=True)
class Lane:
    """A lane.

    Attributes:
        key: Place, or ``internet``.
        text: Name shown.
        kind: internet, host or store.
    """

    key: str
    text: str
    kind: str


@dataclass(frozen=True)
class Column:
    """A column of a panel.

    Attributes:
        at: Its time.
        x: Its middle.
        width: Its width.
        step: The step; ``None`` for a mark.
        mark: The mark; ``None`` for a step.
        number: Its number in the panel, from 0.
        idle: Seconds of idle time before it, where a break is drawn; 0 for none.
        break_x: Middle of that break.
    """

    at: datetime
    x: float
    width: float
    step: Step | None
    mark: Mark | None
    number: int
    idle: float
    break_x: float

    @property
    def arrow_x(self) -> float:
        """Return where its arrow stands: at the left, so that words fit beside it."""
        return self.x - self.width / 2 + 20


@dataclass(frozen=True)
class Panel:
    """A row of columns.

    Attributes:
        top: Its upper edge.
        columns: Left to right.
    """

    top: float
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Layout:
    """The whole picture.

    Attributes:
        lanes: Top to bottom.
        panels: Top to bottom.
        height: Of the picture, legend included.
        legend_y: Upper edge of the legend.
    """

    lanes: tuple[Lane, ...]
    panels: tuple[Panel, ...]
    height: float
    legend_y: float

    def lane_y(self, panel: Panel, key: str) -> float | None:
        """Return the middle of a lane in a panel; ``None`` where there is no such lane."""
        for place, lane in enumerate(self.lanes):
            if lane.key == key:
                return panel.top + HEAD + LANE * (place + 0.5)
        return None


def lane_of(step: Step, end: str, places: Places) -> str:
    """Return the lane of an end (``source`` or ``destination``) of a step; "" where it names none."""
    raw = str(step.row[end] or "").strip().lower()
    if raw in places.stores and raw != places.stores[raw]:
        return "store " + raw
    place = step.source if end == "source" else step.destination
    return INTERNET if place and places.is_outside(place) else place


def lay_out(steps: Sequence[Step], marks: Sequence[Mark], places: Places) -> Layout:
    """Return the layout of a chain with the marks of its case."""
    lanes = _lanes(steps, places)
    items: list[tuple[datetime, int, Step | Mark]] = [(s.at, 0, s) for s in steps]
    items += [(m.at, 1, m) for m in marks]
    items.sort(key=lambda i: (i[0], i[1], i[2].step if isinstance(i[2], Step) else 0))
    each = -(-len(items) // -(-len(items) // _COLUMNS))
    rows = [items[i : i + each] for i in range(0, len(items), each)]
    height = HEAD + LANE * len(lanes) + FOOT
    panels: list[Panel] = []
    before: datetime | None = None
    for number, row in enumerate(rows):
        panels.append(Panel(_TOP + number * height, _columns(row, before)))
        before = row[-1][0]
    legend = _TOP + height * len(rows) + 8
    return Layout(lanes, tuple(panels), legend + _BELOW - 8, legend)


def pages_of(layout: Layout, height: int) -> tuple[Layout, ...]:
    """Return the layout in pages of at most that height, a panel at least on each."""
    tall = HEAD + LANE * len(layout.lanes) + FOOT
    each = max(1, int((height - _TOP - _BELOW) // tall))
    made = []
    for start in range(0, len(layout.panels), each):
        part = layout.panels[start : start + each]
        panels = tuple(replace(p, top=_TOP + i * tall) for i, p in enumerate(part))
        legend = _TOP + tall * len(panels) + 8
        made.append(replace(layout, panels=panels, legend_y=legend, height=legend + _BELOW - 8))
    return tuple(made)


def _lanes(steps: Sequence[Step], places: Places) -> tuple[Lane, ...]:
    keys: dict[str, Lane] = {}
    for step in steps:
        for end in ("source", "destination"):
            key = lane_of(step, end, places)
            if key and key not in keys:
                raw = str(step.row[end] or key)
                kind = "store" if key.startswith("store ") else "host"
                keys[key] = Lane(key, raw if kind == "store" or raw.lower() == key else key, kind)
    keys.pop(INTERNET, None)
    hosts = [lane for lane in keys.values() if lane.kind == "host"]
    stores = [lane for lane in keys.values() if lane.kind == "store"]
    return (Lane(INTERNET, "internet", "internet"), *hosts, *stores)


def _columns(
    items: Sequence[tuple[datetime, int, Step | Mark]], before: datetime | None
) -> tuple[Column, ...]:
    idles = []
    last = before
    for at, _, _ in items:
        idle = (at - last).total_seconds() if last is not None else 0.0
        idles.append(idle if idle > _IDLE_SECONDS else 0.0)
        last = at
    breaks = sum(1 for idle in idles if idle)
    room = WIDTH - GUTTER - RIGHT - breaks * _BREAK_WIDTH
    width = min(150.0, room / len(items))
    made: list[Column] = []
    x = float(GUTTER)
    for (at, _, item), idle in zip(items, idles, strict=True):
        break_x = x + _BREAK_WIDTH / 2
        x += _BREAK_WIDTH if idle else 0
        step = item if isinstance(item, Step) else None
        mark = item if isinstance(item, Mark) else None
        made.append(Column(at, x + width / 2, width, step, mark, len(made), idle, break_x))
        x += width
    return tuple(made)


def x_of(panel: Panel, at: datetime) -> float:
    """Return where an instant lies in a panel: between the columns before and after it."""
    columns = panel.columns
    if at <= columns[0].at:
        return columns[0].arrow_x if at == columns[0].at else columns[0].x - columns[0].width / 2
    for left, right in pairwise(columns):
        if at <= right.at:
            span = (right.at - left.at).total_seconds()
            share = (at - left.at).total_seconds() / span if span else 1.0
            return left.arrow_x + share * (right.arrow_x - left.arrow_x)
    return columns[-1].x + columns[-1].width / 2
