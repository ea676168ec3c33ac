"""The ways as a picture: a self-contained SVG, or an HTML page around it; no script, nothing from outside.

Zones are columns. The worst way is thick and its moves are numbered; other open ways are thin; what is closed is dashed
and marked. Colour only repeats what line, number and word say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

from amends.paths.answer import Answer
from amends.paths.curves import BOX, PITCH, TALL, Box, Lanes, Piece, place_on, svg_path
from amends.paths.drawing import DATA, PER_COLUMN, UNPLACED, Move, Place, Scene, scenes
from amends.paths.shapes import INTERNET

WIDE = 1240
HEAD, FOOT = 104, 40
INK, WORST, QUIET, CLOSED, PAPER = "#1b1b1b", "#a3160f", "#9aa5af", "#b3bac1", "#ffffff"
SOFT = "#4a5560"
LINE = {"worst": WORST, "quiet": QUIET, "closed": CLOSED}
FILL = {"internet": "#e8edf2", "asset": "#ffffff", "credential": "#fff6dc", "store": "#e6f1ea"}


@dataclass
class _Sheet:
    """Marks on their way to the page."""

    marks: list[str] = field(default_factory=list)

    def text(self, x: float, y: float, words: str, size: int = 12, more: str = "") -> None:
        self.marks.append(
            f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" {more}>{clean(words)}</text>'
        )


def clean(words: str) -> str:
    """Return text that is safe in XML and shows no sign that turns or hides what stands around it."""
    shown = "".join(c if c.isprintable() and not _turns(c) else "\ufffd" for c in words)
    return escape(shown, quote=True)


def _turns(sign: str) -> bool:
    code = ord(sign)
    return (
        0x202A <= code <= 0x202E
        or 0x2066 <= code <= 0x2069
        or 0xD800 <= code <= 0xDFFF
        or code in (0xFFFE, 0xFFFF)
    )


def cut(words: str, signs: int) -> str:
    """Return words that fit into so many signs: the middle of long ones goes, names differ at their ends."""
    if len(words) <= signs:
        return words
    tail = signs // 3
    return words[: signs - 1 - tail] + "…" + words[-tail:]


def drawn(made: Answer, *, html: bool) -> str:
    """Return the picture of an answer as SVG, or as an HTML page with the steps beneath."""
    shown = scenes(made)
    svg = _svg(shown)
    return _page(made, shown, svg) if html else '<?xml version="1.0" encoding="UTF-8"?>\n' + svg


def _svg(shown: list[Scene]) -> str:
    sheet = _Sheet()
    columns = max(max((len(s.columns) for s in shown), default=1), 1)
    beside = len(shown) > 1 and columns <= 3
    width = WIDE / 2 - 10 if beside else max(WIDE, columns * 170)
    x, y, bottom = 0.0, 0.0, 0.0
    for scene in shown:
        bottom = max(bottom, _draw(sheet, scene, x, y, width))
        if beside:
            x += width + 20
        else:
            y = bottom + 10
    whole = width * len(shown) + 20 * (len(shown) - 1) if beside else width
    height = bottom + 54
    _legend(sheet, height - 32)
    label = clean("Ways from the internet to data. " + ". ".join(s.title for s in shown))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole:.0f} {height:.0f}" width="100%" '
        f'style="max-width:{whole * 1.15:.0f}px" role="img" aria-label="{label}" '
        f'font-family="system-ui, Segoe UI, Helvetica, Arial, sans-serif" fill="{INK}"><title>{label}</title>'
        f"{_arrows()}"
        f'<rect width="{whole:.0f}" height="{height:.0f}" fill="{PAPER}"/>{"".join(sheet.marks)}</svg>\n'
    )


def _arrows() -> str:
    made = "".join(
        f'<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="{size}" markerHeight="{size}" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L10 5L0 10z" fill="{colour}"/></marker>'
        for name, colour, size in (
            ("worst", WORST, 14),
            ("quiet", QUIET, 10),
            ("closed", CLOSED, 10),
        )
    )
    return f"<defs>{made}</defs>"


def _legend(sheet: _Sheet, y: float) -> None:
    lines = (
        "Thick, with numbers: the worst way; its moves stand in words beneath each picture.   Thin: other open ways.   "
        "Dotted: a credential found or used.",
        "Dashed and pale: on no open way any more; ✕: cut here, as later evidence shows.   Six-sided: credential.   "
        "Drum: store of personal data.",
    )
    for number, words in enumerate(lines):
        sheet.text(8, y + 17 * number, words, 12, f'fill="{SOFT}"')


def _draw(sheet: _Sheet, scene: Scene, x: float, y: float, width: float) -> float:
    """Draw a scene and return where it ends."""
    sheet.text(x + 8, y + 24, scene.title, 17, 'font-weight="700"')
    if not scene.columns:
        sheet.text(
            x + 8, y + 58, "No way from the internet to a store is known from this evidence.", 13
        )
        return y + 80
    wide = width / len(scene.columns)
    spots, folded, tallest = _spots(scene, x, y, wide)
    bottom = y + HEAD + (tallest - 1) * PITCH + TALL / 2 + FOOT
    for number, column in enumerate(scene.columns):
        _column(sheet, scene, column, x + number * wide, y, wide, bottom, folded.get(column, 0))
    moves = [m for m in scene.moves.values() if m.begin in spots and m.end in spots]
    lanes = _lanes(scene, spots, x, wide)
    moves.sort(key=lambda m: not m.numbers)
    routes = {id(m): lanes.route(spots[m.begin], spots[m.end]) for m in moves}
    for move in reversed(moves):
        _line(sheet, move, routes[id(move)])
    for place in scene.places.values():
        if place.key in spots and place.key in scene.shown:
            _shape(sheet, place, *spots[place.key], _look(scene, place))
    taken = [(x - BOX / 2, y - TALL / 2, x + BOX / 2, y + TALL / 2) for x, y in spots.values()]
    for move in moves:
        _sign(sheet, move, routes[id(move)], taken)
    if scene.left_out:
        sheet.text(x + 8, bottom + 16, f"{scene.left_out} more ways are listed and not drawn.", 12)
        bottom += 22
    return _told(sheet, scene, x, bottom, width)


def _lanes(scene: Scene, spots: Spots, x: float, wide: float) -> Lanes:
    rows: dict[str, list[float]] = {c: [] for c in scene.columns}
    for place in scene.places.values():
        if place.key in spots:
            rows[place.column].append(spots[place.key][1])
    return Lanes([(x + (n + 0.5) * wide, rows[c]) for n, c in enumerate(scene.columns)])


def _told(sheet: _Sheet, scene: Scene, x: float, bottom: float, width: float) -> float:
    """Write the numbered moves of the worst way in words, in two rows; return where they end."""
    worst = sorted((m for m in scene.moves.values() if m.numbers), key=lambda m: m.numbers)
    if not worst:
        return bottom
    names = {p.key: p.title for p in scene.places.values()}
    half = -(-len(worst) // 2)
    for place, move in enumerate(worst):
        words = f"{_numbers(move)}  {names.get(move.begin, '')} → {names.get(move.end, '')}" + (
            f": {move.label}" if move.label else ""
        )
        left = x + 8 + (width / 2 if place >= half else 0)
        sheet.text(left, bottom + 20 + 17 * (place % half), cut(words, int(width / 14)), 12)
    return bottom + 20 + 17 * half


def _numbers(move: Move) -> str:
    return ",".join(str(n) for n in move.numbers)


def _look(scene: Scene, place: Place) -> str:
    """Return how a place is drawn: worst, quiet, or closed."""
    around = [m for m in scene.moves.values() if place.key in (m.begin, m.end)]
    if any(m.numbers for m in around):
        return "worst"
    return "quiet" if any(m.is_open for m in around) or place.shape == "internet" else "closed"


Spots = dict[str, tuple[float, float]]


def _spots(scene: Scene, x: float, y: float, wide: float) -> tuple[Spots, dict[str, int], int]:
    """Return the middle of each place drawn, how many a column folds, and rows of the tallest."""
    spots: Spots = {}
    folded: dict[str, int] = {}
    rows: dict[str, int] = {}
    for place in scene.places.values():
        number = scene.columns.index(place.column)
        row = rows.get(place.column, 0)
        if row >= PER_COLUMN:
            folded[place.column] = folded.get(place.column, 0) + 1
            continue
        rows[place.column] = row + 1
        spots[place.key] = (x + (number + 0.5) * wide, y + HEAD + row * PITCH)
    tallest = max(rows.values(), default=1)
    for place in scene.places.values():  # short columns stand in the middle
        if place.key in spots:
            at = spots[place.key]
            spots[place.key] = (at[0], at[1] + (tallest - rows[place.column]) * PITCH / 2)
    return spots, folded, tallest


def _column(
    sheet: _Sheet,
    scene: Scene,
    column: str,
    x: float,
    y: float,
    wide: float,
    bottom: float,
    folded: int,
) -> None:
    sheet.marks.append(
        f'<rect x="{x + 4:.0f}" y="{y + 36:.0f}" width="{wide - 8:.0f}" height="{bottom - y - 36:.0f}" rx="6" '
        f'fill="#f6f7f9" stroke="#d5d9de"/>'
    )
    names = {INTERNET: "Internet", DATA: "Personal data", UNPLACED: "Zone not told"}
    name = names.get(column, column.removeprefix("zone:"))
    sheet.text(
        x + wide / 2, y + 54, cut(name, int(wide / 8)), 13, 'font-weight="600" text-anchor="middle"'
    )
    words = []
    if folded:
        words.append(f"{folded} more on ways")
    if scene.hidden.get(column):
        hidden = scene.hidden[column]
        words.append(f"{hidden:,} asset{'' if hidden == 1 else 's'} on no listed way")
    if words:
        sheet.text(
            x + wide / 2, bottom - 10, "; ".join(words), 11, f'text-anchor="middle" fill="{SOFT}"'
        )


def _shape(sheet: _Sheet, place: Place, x: float, y: float, look: str) -> None:
    left, top, right, low = x - BOX / 2, y - TALL / 2, x + BOX / 2, y + TALL / 2
    ink = {"worst": WORST, "quiet": SOFT, "closed": CLOSED}[look]
    style = f'fill="{FILL[place.shape]}" stroke="{ink}" stroke-width="{2.6 if look == "worst" else 1.2}"'
    style += ' stroke-dasharray="5 3"' if look == "closed" else ""
    title = f"<title>{clean(place.key)}</title>"
    if place.shape == "internet":
        mark = f'<ellipse cx="{x:.0f}" cy="{y:.0f}" rx="{BOX / 2}" ry="{TALL / 2 + 3}" {style}>{title}</ellipse>'
    elif place.shape == "credential":
        points = f"{left},{y} {left + 14},{top} {right - 14},{top} {right},{y} {right - 14},{low} {left + 14},{low}"
        mark = f'<polygon points="{points}" {style}>{title}</polygon>'
    elif place.shape == "store":
        mark = (
            f'<path d="M{left} {top}v{TALL}a{BOX / 2} 7 0 0 0 {BOX} 0v-{TALL}" {style}/>'
            f'<ellipse cx="{x}" cy="{top}" rx="{BOX / 2}" ry="7" {style}>{title}</ellipse>'
        )
    else:
        mark = f'<rect x="{left}" y="{top}" width="{BOX}" height="{TALL}" rx="5" {style}>{title}</rect>'
    sheet.marks.append(mark)
    middle = 'text-anchor="middle"'
    faint = f' fill="{SOFT}"' if look == "closed" else ""
    down = 4 if place.shape == "store" else 0
    first = y + (4 if not place.second else -3) + down
    sheet.text(x, first, cut(place.title, 17), 13, f'{middle} font-weight="600"{faint}')
    if place.second:
        sheet.text(x, y + 13 + down, cut(place.second, 19), 11, middle + faint)


def _look_of(move: Move) -> str:
    return "worst" if move.numbers else "quiet" if move.is_open else "closed"


def _line(sheet: _Sheet, move: Move, route: list[Piece]) -> None:
    look = _look_of(move)
    thick = {"worst": 4.0 if move.kind == "go" else 2.6, "quiet": 1.4, "closed": 1.4}[look]
    dash = (
        ' stroke-dasharray="7 5"'
        if look == "closed"
        else ' stroke-dasharray="2 3"'
        if move.kind != "go"
        else ""
    )
    sheet.marks.append(
        f'<path d="{svg_path(route)}" fill="none" '
        f'stroke="{LINE[look]}" stroke-width="{thick}"{dash} marker-end="url(#{look})">'
        f"<title>{clean(f'{move.begin} → {move.end}: {move.label}')}</title></path>"
    )


def _sign(sheet: _Sheet, move: Move, route: list[Piece], taken: list[Box]) -> None:
    """Put the numbers of a move of the worst way, or the cross of one that is cut, on its line."""
    if move.numbers:
        words = _numbers(move)
        wide = 12 + 7 * len(words)
        x, y = place_on(route, wide, taken)
        sheet.marks.append(
            f'<rect x="{x - wide / 2:.0f}" y="{y - 9:.0f}" width="{wide}" height="18" rx="8" fill="{WORST}" '
            f'stroke="{PAPER}" stroke-width="1.5"/>'
        )
        sheet.text(x, y + 4, words, 12, f'text-anchor="middle" font-weight="700" fill="{PAPER}"')
    elif move.is_cut:
        x, y = place_on(route, 16, taken)
        halo = f'stroke="{PAPER}" stroke-width="4" paint-order="stroke" stroke-linejoin="round"'
        sheet.text(x, y + 6, "✕", 17, f'text-anchor="middle" font-weight="700" {halo}')


def _page(made: Answer, shown: list[Scene], svg: str) -> str:
    parts = []
    told: set[str] = set()
    for scene in shown:
        if scene.worst is None or scene.worst.way_id in told:
            continue
        told.add(scene.worst.way_id)
        parts.append(
            f"<h2>{clean(scene.title)}: the worst way, to {clean(scene.worst.store)}</h2><ol>"
        )
        parts += [f"<li>{clean(step.why)}</li>" for step in scene.worst.steps]
        parts.append("</ol>")
    if made.fixes:
        parts.append("<h2>What to do first</h2><ol>")
        parts += [
            f"<li>{clean(f.remedy)}: closes {f.closed:,} people, leaves {f.left:,}</li>"
            for f in made.fixes
        ]
        parts.append("</ol>")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Ways from the internet to data</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<style>body{margin:16px;font:15px/1.45 system-ui,Segoe UI,Helvetica,Arial,sans-serif;color:#1b1b1b}"
        "svg{max-width:100%;height:auto}h2{font-size:17px;margin:18px 0 6px}ol{margin:0;max-width:60em}"
        "@media print{@page{size:landscape}body{margin:0}svg{max-height:92vh}}</style></head><body>"
        f'<div style="overflow-x:auto">{svg}</div>{"".join(parts)}</body></html>\n'
    )
