"""The swim-lane picture: the intruder's way over internet, hosts and stores, as one self-contained SVG.

Every sign stands for itself without colour: steps carry numbers and words, bars patterns and sizes, gaps hatching and a
dashed edge. Text comes from evidence and is escaped; nothing is loaded from anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, time
from html import escape
from typing import Any

from amends.timeline.narrative import counted, span_words
from amends.timeline.story_sizes import StepSize
from amends.timeline.swimlane_layout import (
    HEAD,
    LANE,
    WIDTH,
    Column,
    Layout,
    Mark,
    Panel,
    lane_of,
    lay_out,
    pages_of,
    x_of,
)
from amends.timeline.taken_coverage import gap_words, log_words
from amends.timeline.taken_grounds import size_words
from amends.timeline.taken_sources import Places, Step, first_access

_WORDS = {
    "reconnaissance": "probe", "initial_access": "entry", "credential_access": "credentials",
    "lateral_movement": "move", "persistence": "foothold", "discovery": "look round", "collection": "read",
    "staging": "pack", "exfiltration": "sent out", "defense_evasion": "hide",
}  # fmt: skip
_CLASSES = {
    "initial_access": "entry", "collection": "read", "staging": "pack", "exfiltration": "sent",
    "defense_evasion": "hide",
}  # fmt: skip
_STYLE = """
.sl text{font:12px system-ui,"Segoe UI",Roboto,"Liberation Sans",sans-serif;fill:#0b1f2d}
.sl .t{font-weight:700;font-size:17px}.sl .s{fill:#51626f}.sl .b{font-weight:700}.sl .c{text-anchor:middle}
.sl .k{font-size:11px}.sl .halo{paint-order:stroke;stroke:#fff;stroke-width:4px;stroke-linejoin:round}
.sl .lane{fill:#fff;stroke:#d9e1e7}.sl .alt{fill:#f4f6f8;stroke:#d9e1e7}
.sl .a{stroke:#123f5c;stroke-width:2;fill:none}.sl .a.read{stroke:#8a5a00}.sl .a.sent{stroke:#a3231f;stroke-width:4}
.sl .a.maybe{stroke-dasharray:6 4}.sl .n{fill:#123f5c}.sl .n.read{fill:#8a5a00}.sl .n.sent{fill:#a3231f}
.sl .n.entry{fill:#0b1f2d}.sl .n.pack{fill:#5b3a86}.sl .n.hide{fill:#51626f}
.sl .nt{fill:#fff;font-weight:700;text-anchor:middle}
.sl .gap{stroke:#51626f;stroke-dasharray:3 3}.sl .mark{stroke:#1f6b43;stroke-width:2;stroke-dasharray:2 3}
.sl .brk{stroke:#51626f;fill:none}.sl .bar{stroke:#0b1f2d;stroke-width:1}
"""
_DEFS = """<defs>
<pattern id="sl-gap" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">\
<rect width="8" height="8" fill="#fff"/><rect width="2.5" height="8" fill="#9aa8b3"/></pattern>
<pattern id="sl-read" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" fill="#fdf0d5"/>\
<circle cx="3" cy="3" r="1.3" fill="#8a5a00"/></pattern>
<pattern id="sl-pack" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" fill="#ece4f5"/>\
<path d="M0 3H6M3 0V6" stroke="#5b3a86" stroke-width=".8"/></pattern>
<pattern id="sl-sent" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" fill="#fbe4e2"/>\
<path d="M0 6L6 0" stroke="#a3231f" stroke-width="1.4"/></pattern>
<marker id="sl-tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">\
<path d="M0 0L10 5L0 10z" fill="#123f5c"/></marker>
<marker id="sl-tip-read" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">\
<path d="M0 0L10 5L0 10z" fill="#8a5a00"/></marker>
<marker id="sl-tip-sent" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="4.5" markerHeight="4.5" orient="auto">\
<path d="M0 0L10 5L0 10z" fill="#a3231f"/></marker>
</defs>"""


def swimlane(
    steps: Sequence[Step],
    sizes: Mapping[str, StepSize],
    gaps: Sequence[Mapping[str, Any]],
    marks: Sequence[Mark],
    places: Places,
    *,
    title: str = "How the intruder moved",
) -> str:
    """Return the picture as SVG.

    Args:
        steps: The chain, first step first.
        sizes: Bytes and rows of steps by hop id.
        gaps: Rows of ``GAPS``.
        marks: Dates of the case: containment, discovery.
        places: Whose addresses are.
        title: Title drawn above it.
    """
    if not steps:
        return _empty(title)
    layout = lay_out(steps, marks, places)
    return _drawn(layout, steps, sizes, gaps, places, title)


def swimlane_pages(
    steps: Sequence[Step],
    sizes: Mapping[str, StepSize],
    gaps: Sequence[Mapping[str, Any]],
    marks: Sequence[Mark],
    places: Places,
    *,
    title: str = "How the intruder moved",
    height: int = 960,
) -> tuple[str, ...]:
    """Return the picture in pages for print: as many panels on each as fit its height, at least one.

    Args:
        steps: As for ``swimlane``.
        sizes: As for ``swimlane``.
        gaps: As for ``swimlane``.
        marks: As for ``swimlane``.
        places: As for ``swimlane``.
        title: As for ``swimlane``.
        height: Height of a page where its width is 1280.
    """
    if not steps:
        return (_empty(title),)
    layout = lay_out(steps, marks, places)
    parts = pages_of(layout, height)
    return tuple(_drawn(part, steps, sizes, gaps, places, title) for part in parts)


def _drawn(
    layout: Layout, steps: Sequence[Step], sizes: Mapping[str, StepSize], gaps: Sequence[Mapping[str, Any]],
    places: Places, title: str,
) -> str:  # fmt: skip
    first = first_access(steps)
    drawn = [_panel(layout, panel, sizes, gaps, places, first) for panel in layout.panels]
    desc = f"{len(steps)} steps over {len(layout.lanes)} lanes; the table of steps holds the same in words."
    how = (
        "Time runs from left to right, in UTC; columns are steps in order, not to scale. Idle time is cut out. "
        "Each panel shows the hosts used in it."
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {layout.height:.0f}" width="{WIDTH}" '
        f'height="{layout.height:.0f}" class="sl" role="img" aria-labelledby="sl-title sl-desc">'
        f'<title id="sl-title">{_safe(title)}</title><desc id="sl-desc">{desc}</desc><style>{_STYLE}</style>{_DEFS}'
        f'<rect width="{WIDTH}" height="{layout.height:.0f}" fill="#fff"/>'
        f'<text x="16" y="28" class="t">{_safe(title)}</text><text x="16" y="48" class="s">{how}</text>'
        f"{''.join(drawn)}{_legend(layout.legend_y)}</svg>"
    )


def _empty(title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} 90" width="{WIDTH}" height="90" class="sl" '
        f'role="img" aria-label="{_safe(title)}: no step is known"><style>{_STYLE}</style>'
        f'<text x="16" y="28" class="t">{_safe(title)}</text>'
        f'<text x="16" y="58" class="s">No step of the intruder could be made out in the logs.</text></svg>'
    )


def _safe(text: object, most: int = 0) -> str:
    """Return text for SVG: signs XML forbids and signs that turn the direction of reading dropped, cut, escaped."""
    plain = "".join(
        c for c in str(text) if c.isprintable()
    )  # Python counts what turns text round as not printable
    if most and len(plain) > most:
        plain = plain[: most - 1] + "…"
    return escape(plain, quote=True)


def _panel(
    layout: Layout,
    panel: Panel,
    sizes: Mapping[str, StepSize],
    gaps: Sequence[Mapping[str, Any]],
    places: Places,
    first: Step | None,
) -> str:
    parts = [_lanes(layout, panel), _gaps(layout, panel, gaps, places)]
    parts += [_head(panel, i) for i in range(len(panel.columns))]
    parts += [_break(layout, panel, c) for c in panel.columns if c.idle]
    parts += [
        _mark(layout, panel, c.arrow_x, c.mark.text, c.number)
        for c in panel.columns
        if c.mark is not None
    ]
    for column in panel.columns:
        if column.step is not None:
            if column.step is first:
                parts.append(
                    _mark(layout, panel, column.arrow_x - 16, "first access", column.number)
                )
            parts += [
                _step(layout, panel, column, step, sizes, places)
                for step in (column.step, *column.more)
            ]
    return f"<g>{''.join(parts)}</g>"


def _lanes(layout: Layout, panel: Panel) -> str:
    made = []
    for place, lane in enumerate(panel.lanes):
        y = panel.top + HEAD + LANE * place
        style = "alt" if place % 2 else "lane"
        made.append(
            f'<rect x="8" y="{y}" width="{WIDTH - 16}" height="{LANE}" class="{style}"/>'
            f'<text x="16" y="{y + LANE / 2}" class="b">{_safe(lane.text, 18)}<title>{_safe(lane.text)}</title></text>'
            f'<text x="16" y="{y + LANE / 2 + 16}" class="s k">{lane.kind}</text>'
        )
    return "".join(made)


def _head(panel: Panel, place: int) -> str:
    """Return the time above a column, and its day where a new one begins."""
    column = panel.columns[place]
    utc = column.at.astimezone(UTC)
    y = panel.top + HEAD
    word = _WORDS.get(column.step.phase, column.step.phase.replace("_", " ")) if column.step else ""
    word = "again" if column.more else word
    hour = "day" if column.mark is not None and utc.time() == time() else f"{utc:%H:%M}"
    made = (
        f'<text x="{column.arrow_x - 12:.1f}" y="{y - 22}" class="b">{hour}</text>'
        f'<text x="{column.arrow_x - 12:.1f}" y="{y - 8}" class="s k">{_safe(word)}</text>'
    )
    before = panel.columns[place - 1].at.astimezone(UTC) if place else None
    if before is None or before.date() != utc.date():
        x = column.x - column.width / 2
        made += (
            f'<path d="M{x:.1f} {y - 58}V{y - 4}" stroke="#9aa8b3"/>'
            f'<text x="{x + 4:.1f}" y="{y - 44}" class="b">{utc.day} {utc:%b %Y}</text>'
        )
    return made


def _break(layout: Layout, panel: Panel, column: Column) -> str:
    top, bottom = panel.top + HEAD, panel.top + HEAD + LANE * len(panel.lanes)
    x = column.break_x
    zig = f"M{x - 4} {top}" + "".join(
        f"L{x + (4 if i % 2 == 0 else -4)} {top + i * 11 + 11:.0f}"
        for i in range(int((bottom - top) // 11))
    )
    return (
        f'<path d="{zig}" class="brk"/><text x="{x}" y="{top - 22}" class="c s k">{_short_span(column.idle)}'
        f"<title>{span_words(column.idle)} without a step</title></text>"
    )


def _short_span(seconds: float) -> str:
    hours = round(seconds / 3600)
    return f"{hours} h" if hours < 48 else f"{hours // 24} d"


def _mark(layout: Layout, panel: Panel, x: float, text: str, number: int) -> str:
    top, bottom = panel.top + HEAD, panel.top + HEAD + LANE * len(panel.lanes)
    anchor = ' text-anchor="end"' if x > WIDTH - 120 else ""
    x_text = x - 4 if anchor else x + 3
    y = bottom + (18 if number % 2 == 0 else 34)  # neighbours do not write over each other
    return (
        f'<path d="M{x:.1f} {top - 4}V{y - 10}" class="mark"/>'
        f'<text x="{x_text:.1f}" y="{y}" class="b halo"{anchor}>▲ {_safe(text, 40)}</text>'
    )


def _gaps(layout: Layout, panel: Panel, gaps: Sequence[Mapping[str, Any]], places: Places) -> str:
    made = []
    left, right = panel.columns[0], panel.columns[-1]
    edge_left, edge_right = left.x - left.width / 2, right.x + right.width / 2
    for gap in gaps:
        y = layout.lane_y(panel, places.of(gap["host"]))
        begin, end = gap["from_at"], gap["to_at"]
        if (
            y is None
            or (end is not None and end < left.at)
            or (begin is not None and begin > right.at)
        ):
            continue
        x0 = edge_left if begin is None else max(edge_left, x_of(panel, begin))
        x1 = edge_right if end is None else min(edge_right, x_of(panel, end))
        x1 = max(x1, x0 + 8)
        words = f"{log_words(gap)}: {gap_words(gap)}"
        made.append(
            f'<rect x="{x0:.1f}" y="{y - LANE / 2 + 4}" width="{x1 - x0:.1f}" height="{LANE - 8}" fill="url(#sl-gap)" '
            f'class="gap" fill-opacity=".75"><title>{_safe(words)}</title></rect>'
            f'<text x="{x0 + 4:.1f}" y="{y + LANE / 2 - 8}" class="k halo">{_safe(_missing(gap), 24)}</text>'
        )
    return "".join(made)


def _missing(gap: Mapping[str, Any]) -> str:
    return f"no {log_words(gap)}"


def _step(
    layout: Layout, panel: Panel, column: Column, step: Step, sizes: Mapping[str, StepSize], places: Places
) -> str:  # fmt: skip
    source, target = lane_of(step, "source", places), lane_of(step, "destination", places)
    y1, y2 = layout.lane_y(panel, source), layout.lane_y(panel, target)
    if y2 is None:
        y2 = y1
    if y1 is None:
        y1 = y2
    if y1 is None or y2 is None:
        return ""
    if step.phase == "collection":  # what is read goes from the store to the reader
        y1, y2 = y2, y1
    style = _CLASSES.get(step.phase, "")
    parts = []
    if y1 != y2:
        parts.append(_arrow(column.arrow_x, y1, y2, style, (step.row["confidence"] or 0) < 0.85))
    bar_y = y1 if step.phase in ("collection", "exfiltration") else y2
    if style in ("read", "pack", "sent"):
        parts.append(_bar(column, bar_y, style, step, sizes))
    number_y = (y1 + y2) / 2 if y1 != y2 else y2 - 12
    parts.append(_number(column, number_y, step, style))
    parts.append(_labels(column, number_y, step))
    what = (
        f"Step {step.step}: {step.row['why'] or ''} {step.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    )
    return f"<g><title>{_safe(what)}</title>{''.join(parts)}</g>"


def _arrow(x: float, y1: float, y2: float, style: str, doubtful: bool) -> str:
    tip = f"-{style}" if style in ("read", "sent") else ""
    reach = 6 if y2 > y1 else -6
    maybe = " maybe" if doubtful else ""
    return (
        f'<path d="M{x:.1f} {y1}V{y2 - reach}" class="a {style}{maybe}" marker-end="url(#sl-tip{tip})"/>'
        f'<circle cx="{x:.1f}" cy="{y1}" r="3.5" class="n {style}"/>'
    )


def _bar(column: Column, y: float, style: str, step: Step, sizes: Mapping[str, StepSize]) -> str:
    """Return a patterned bar as long as its share of the largest, with its size; words only where no log says."""
    size = sizes.get(step.hop_id)
    left = column.arrow_x - 12
    by_rows = bool(style == "read" and size and size.rows)
    amount = (size.rows if by_rows else size.size) if size else 0
    if not size or not amount:
        words = "" if style == "read" else "size not in the logs"
        return f'<text x="{left:.1f}" y="{y + 17}" class="k halo s">{words}</text>'
    most = max((s.rows if by_rows else s.size) for s in sizes.values())
    width = max(8.0, min(column.width - 14, 112) * (amount / most) ** 0.5)
    words = counted(size.rows, "rows") if by_rows else size_words(size.size)
    return (
        f'<rect x="{left:.1f}" y="{y + 4}" width="{width:.1f}" height="13" fill="url(#sl-{style})" '
        f'class="bar"/><text x="{left:.1f}" y="{y + 29}" class="k halo b">{_safe(words)}</text>'
    )


def _number(column: Column, y: float, step: Step, style: str) -> str:
    text = str(step.step or "?")
    return (
        f'<rect x="{column.arrow_x - 12:.1f}" y="{y - 10}" width="24" height="20" rx="10" class="n {style}"/>'
        f'<text x="{column.arrow_x:.1f}" y="{y + 4.5}" class="nt">{text}</text>'
    )


def _labels(column: Column, y: float, step: Step) -> str:
    """Return account and technique right of the number, cut to the column's width."""
    room = max(6, int((column.width - 38) / 6.1))
    made = ""
    x = column.arrow_x + 16
    if step.account:
        made += f'<text x="{x:.1f}" y="{y - 2}" class="k halo b">{_safe(step.account, room)}</text>'
    technique = step.row["technique"] or ""
    if technique:
        made += f'<text x="{x:.1f}" y="{y + 10}" class="k halo s">{_safe(technique, max(room, 9))}</text>'
    return made


def _legend(y: float) -> str:
    """Return what the signs mean."""
    items = (
        (
            '<path d="M0 8H26" class="a" marker-end="url(#sl-tip)"/>',
            "step, with its number, account, technique",
            300,
        ),
        (
            '<path d="M0 8H26" class="a maybe" marker-end="url(#sl-tip)"/>',
            "likely, not proved",
            175,
        ),
        ('<rect y="1" width="26" height="13" fill="url(#sl-read)" class="bar"/>', "read", 80),
        ('<rect y="1" width="26" height="13" fill="url(#sl-pack)" class="bar"/>', "packed", 95),
        ('<rect y="1" width="26" height="13" fill="url(#sl-sent)" class="bar"/>', "left", 80),
        (
            '<rect y="1" width="26" height="13" fill="url(#sl-gap)" class="gap"/>',
            "log missing",
            120,
        ),
        ('<path d="M0 0L5 4L0 8L5 12L0 16" class="brk"/>', "idle time cut out", 150),
        ('<path d="M4 0V16" class="mark"/>', "date of the case", 130),
    )
    made, x = [], 16
    for sign, text, width in items:
        made.append(
            f'<g transform="translate({x} {y})">{sign}<text x="34" y="12" class="k">{text}</text></g>'
        )
        x += width
    return "".join(made)
