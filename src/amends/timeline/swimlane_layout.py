"""Where everything of the swim-lane picture stands: lanes, columns, panels; no drawing.

A column is a step or a mark of the case, in order of time; steps that go a known way again share a column where their
arrows do not meet. Idle time between two columns is a narrow break that says how long it was, and parts the nights. A
panel holds whole nights, twelve columns at most, and only the lanes that are used in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from amends.timeline.statements_repeats import way_of
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
        more: Further steps of the column, which go known ways again.
    """

    at: datetime
    x: float
    width: float
    step: Step | None
    mark: Mark | None
    number: int
    idle: float
    break_x: float
    more: tuple[Step, ...] = ()

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
        lanes: Its lanes, top to bottom.
    """

    top: float
    columns: tuple[Column, ...]
    lanes: tuple[Lane, ...]

    @property
    def height(self) -> int:
        """Return how tall it is with its head and foot."""
        return HEAD + LANE * len(self.lanes) + FOOT


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
        for place, lane in enumerate(panel.lanes):
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


Item = tuple[datetime, tuple[Step, ...], Mark | None]
"""A column before it has its place: when, its steps, or its mark."""


def lay_out(steps: Sequence[Step], marks: Sequence[Mark], places: Places) -> Layout:
    """Return the layout of a chain with the marks of its case."""
    lanes = _lanes(steps, places)
    order = {lane.key: n for n, lane in enumerate(lanes)}
    items = _items(steps, marks, order, places)
    panels: list[Panel] = []
    before: datetime | None = None
    top = float(_TOP)
    for row in _rows(items):
        used = {lane_of(s, end, places) for _, some, _ in row for s in some for end in _ENDS}
        mine = tuple(lane for lane in lanes if lane.key in used) or lanes[:1]
        panel = Panel(top, _columns(row, before), mine)
        panels.append(panel)
        before = row[-1][0]
        top += panel.height
    legend = top + 8
    return Layout(lanes, tuple(panels), legend + _BELOW - 8, legend)


_ENDS = ("source", "destination")


def _items(
    steps: Sequence[Step], marks: Sequence[Mark], order: dict[str, int], places: Places
) -> list[Item]:
    """Return the columns in order of time; a known way gone again joins the column before it where it has room."""
    made: list[Item] = []
    known: set[tuple[str, ...]] = set()
    spans: list[tuple[int, int]] = []
    for step in sorted(steps, key=lambda s: (s.at, s.step)):
        ends = [order.get(lane_of(step, end, places), 0) for end in _ENDS]
        span = (min(ends), max(ends))
        again = way_of(step) in known and span[0] != span[1]
        known.add(way_of(step))
        near = made and (step.at - made[-1][0]).total_seconds() < _IDLE_SECONDS
        if again and near and spans and all(span[0] >= b or span[1] <= a for a, b in spans):
            made[-1] = (made[-1][0], (*made[-1][1], step), None)
            spans.append(span)
            continue
        made.append((step.at, (step,), None))
        spans = [span] if again else []
    made += [(m.at, (), m) for m in marks]
    return sorted(made, key=lambda i: (i[0], i[2] is not None))


def _rows(items: Sequence[Item]) -> list[list[Item]]:
    """Return the columns of each panel: whole nights as long as they fit, a longer night cut into even parts."""
    nights: list[list[Item]] = []
    for item in items:
        if nights and (item[0] - nights[-1][-1][0]).total_seconds() <= _IDLE_SECONDS:
            nights[-1].append(item)
        else:
            nights.append([item])
    rows: list[list[Item]] = []
    for night in nights:
        if rows and len(rows[-1]) + len(night) <= _COLUMNS:
            rows[-1] += night
            continue
        each = -(-len(night) // -(-len(night) // _COLUMNS))
        rows += [night[i : i + each] for i in range(0, len(night), each)]
    return rows


def pages_of(layout: Layout, height: int) -> tuple[Layout, ...]:
    """Return the layout in pages of at most that height, a panel at least on each."""
    pages: list[list[Panel]] = []
    room = 0.0
    for panel in layout.panels:
        if not pages or panel.height > room:
            pages.append([])
            room = height - _TOP - _BELOW
        pages[-1].append(panel)
        room -= panel.height
    made = []
    for part in pages:
        top, panels = float(_TOP), []
        for panel in part:
            panels.append(replace(panel, top=top))
            top += panel.height
        legend = top + 8
        made.append(
            replace(layout, panels=tuple(panels), legend_y=legend, height=legend + _BELOW - 8)
        )
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


def _columns(items: Sequence[Item], before: datetime | None) -> tuple[Column, ...]:
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
    for (at, steps, mark), idle in zip(items, idles, strict=True):
        break_x = x + _BREAK_WIDTH / 2
        x += _BREAK_WIDTH if idle else 0
        step = steps[0] if steps else None
        made.append(
            Column(at, x + width / 2, width, step, mark, len(made), idle, break_x, tuple(steps[1:]))
        )
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


def case_marks(
    contained_at: datetime | None, discovered_at: datetime | None, kind: str = ""
) -> tuple[Mark, ...]:
    """Return the marks of a case's dates; ``kind`` is what the first was entered as."""
    end = "containment" if kind in ("", "containment") else kind.replace("_", " ")
    dated = ((contained_at, end), (discovered_at, "discovery"))
    return tuple(Mark(at, text) for at, text in dated if at is not None)
