"""What of the network is drawn: the places on listed ways, and the moves between them, at one date."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from amends.paths.acts import bare, short
from amends.paths.answer import Answer, ListedWay
from amends.paths.fixpoint import derive
from amends.paths.shapes import INTERNET
from amends.paths.words import Told

WAYS_DRAWN = 14
"""Ways drawn; more make a knot that nobody can read. The rest is counted in words."""
PER_COLUMN = 12
"""Places drawn in a column."""
COLUMNS = 7
"""Columns drawn; a way that would need more is left out: narrower ones cannot be read at 1280 pixels."""
FAR = 10**9
DATA = "data"
UNPLACED = "zone not told"


@dataclass(frozen=True)
class Place:
    """A place to be drawn.

    Attributes:
        key: Its name with its kind.
        shape: internet, asset, credential or store.
        title: First line.
        second: Second line; "" for none.
        column: Column it stands in.
    """

    key: str
    shape: str
    title: str
    second: str
    column: str


@dataclass
class Move:
    """A move of the intruder from place to place.

    Attributes:
        begin: Place it begins at.
        end: Place it ends at.
        label: In a few words.
        is_open: Whether a way that uses it is open at this date.
        is_cut: Whether later evidence shows that it cannot be made any more.
        facts: Numbers of the facts it rests on.
        numbers: Its numbers in the worst way; empty when it is not in it.
        kind: go (from place to place), find (a credential) or use (a credential).
    """

    begin: str
    end: str
    label: str
    kind: str
    is_open: bool = False
    is_cut: bool = False
    facts: set[int] = field(default_factory=set)
    numbers: list[int] = field(default_factory=list)


@dataclass
class Scene:
    """What is drawn of one date.

    Attributes:
        title: Heading.
        columns: Columns from left to right.
        places: By key.
        moves: By ends.
        worst: The worst way open at this date; ``None`` when none is.
        hidden: For each column how many assets of it are not drawn.
        left_out: Ways that are not drawn.
        shown: Keys of the places drawn at this date; others only keep their room.
    """

    title: str
    columns: list[str]
    places: dict[str, Place]
    moves: dict[tuple[str, str, str], Move]
    worst: ListedWay | None
    hidden: dict[str, int]
    left_out: int
    shown: set[str] = field(default_factory=set)


def scenes(made: Answer) -> list[Scene]:
    """Return the first and the last date, or the only one."""
    last = len(made.story.dates) - 1
    if last <= 0:
        only = _scene(made, 0, is_last=True)
        _align(made, only, only)
        return [only]
    before, after = _scene(made, 0, is_last=False), _scene(made, last, is_last=True)
    _align(made, before, after)
    return [before, after]


def _align(made: Answer, before: Scene, after: Scene) -> None:
    """Give both dates the same columns and places, so that each stands where it stood; keep what is gone to be seen."""
    places = {**before.places, **after.places}
    columns = [c for c in before.columns if c != DATA]
    for column in after.columns:
        if column not in columns and column != DATA:
            columns.append(column)
    columns += [DATA] if any(p.column == DATA for p in places.values()) else []
    for key, move in before.moves.items():
        if key not in after.moves:
            after.moves[key] = replace(move, is_open=False, numbers=[])
    for move in after.moves.values():
        move.is_cut = not move.is_open and any(made.closed[f] for f in move.facts)
    before.shown = set(before.places)
    after.shown = set(places)
    order = _untangled(places, columns, [*before.moves.values(), *after.moves.values()])
    zones = _zones(made)
    for scene in (before, after):
        scene.places = {key: places[key] for key in order}
        scene.columns = columns
        _count_hidden(scene, made, zones)


def _untangled(places: Mapping[str, Place], columns: list[str], moves: Iterable[Move]) -> list[str]:
    """Return the places so ordered that those joined lie at like heights: each by the mean height of its neighbours.

    Source:
        Sugiyama, Tagawa, Toda, "Methods for visual understanding of hierarchical system structures" (1981): barycentre.
    """
    beside: dict[str, set[str]] = {}
    for move in moves:
        beside.setdefault(move.begin, set()).add(move.end)
        beside.setdefault(move.end, set()).add(move.begin)
    rows = {c: [k for k, p in places.items() if p.column == c] for c in columns}
    for sweep in range(4):
        height = {k: (n + 0.5) / len(keys) for keys in rows.values() for n, k in enumerate(keys)}
        for column in columns if sweep % 2 == 0 else reversed(columns):
            keys = rows[column]

            def middle(key: str, height: dict[str, float] = height) -> float:
                near = [height[b] for b in beside.get(key, ()) if b in height]
                return sum(near) / len(near) if near else height[key]

            keys.sort(key=middle)
            height.update({k: (n + 0.5) / len(keys) for n, k in enumerate(keys)})
    return [key for column in columns for key in rows[column]]


def _scene(made: Answer, date: int, *, is_last: bool) -> Scene:
    seen = {n for n, f in enumerate(made.graph.facts) if made.story.facts[f.key].seen[date]}
    ways = [w for w in made.ways if is_last or w.facts <= seen]
    opened = {w.way_id for w in ways if (w.is_open if is_last else True)}
    chosen = _worth_drawing(ways, opened)
    worst = next((w for w in chosen if w.way_id in opened), None)
    on = made.story.dates[date]
    stores = len({w.store for w in ways if w.way_id in opened})
    state = f"{stores} store{'s' if stores != 1 else ''} open" if stores else "no way open"
    scene = Scene(
        f"{on}: {state}" if on else state.capitalize(),
        [],
        {},
        {},
        worst,
        {},
        len(ways) - len(chosen),
    )
    zones = _zones(made)
    for way in chosen:
        if not _has_room(scene, way, zones):
            scene.left_out += 1
            continue
        _add_way(scene, made, way, zones, way.way_id in opened, worst is way)
    _order_columns(scene, made, zones)
    return scene


def _worth_drawing(ways: Iterable[ListedWay], opened: set[str]) -> list[ListedWay]:
    """Return the ways drawn: the first of each store first, open before closed."""
    ranked, seen = [], dict[str, int]()
    for way in ways:
        seen[way.store] = seen.get(way.store, 0) + 1
        ranked.append((way.way_id not in opened, seen[way.store], way.rank, way))
    return [r[3] for r in sorted(ranked, key=lambda r: r[:3])[:WAYS_DRAWN]]


def _has_room(scene: Scene, way: ListedWay, zones: Mapping[str, str]) -> bool:
    ends = {p for s in way.steps for p in (s.begin, s.end) if p.startswith("asset:")}
    columns = {p.column for p in scene.places.values()} - {INTERNET, DATA}
    return len(columns | {zones.get(e, UNPLACED) for e in ends}) <= COLUMNS - 2 or not scene.places


def _zones(made: Answer) -> dict[str, str]:
    """Return for each asset the zone it is drawn in: of several, the one an intruder gets to first."""
    standing: dict[str, list[str]] = {}
    for fact in made.graph.facts:
        if fact.kind == "in_zone":
            standing.setdefault(fact.source, []).append(fact.target)
    depth = _depths(made, {asset: zones[0] for asset, zones in standing.items() if len(zones) == 1})
    return {a: min(zones, key=lambda z: (depth.get(z, FAR), z)) for a, zones in standing.items()}


def _depths(made: Answer, columns: Mapping[str, str]) -> dict[str, int]:
    """Return for each column how many steps it takes at least to control something in it."""
    layer = derive(made.graph, made.graph.none_closed()).layer.tolist()
    depth: dict[str, int] = {}
    for key, column in columns.items():
        at = layer[made.graph.node_number[key]] if key in made.graph.node_number else -1
        if at >= 0:
            depth[column] = min(depth.get(column, FAR), at)
    return depth


def _add_way(
    scene: Scene, made: Answer, way: ListedWay, zones: dict[str, str], is_open: bool, is_worst: bool
) -> None:
    came: dict[str, tuple[str, int]] = {}
    for number, step in enumerate(way.steps, 1):
        kind = made.graph.facts[step.fact].kind
        if kind == "reach":
            came[step.end] = (step.begin, number)
            continue
        for begin, end, label, how in _moves(made, step, kind, came):
            for key in (begin, end):
                _add_place(scene, made, key, zones, begin)
            move = scene.moves.setdefault((begin, end, how), Move(begin, end, label, how))
            move.is_open = move.is_open or is_open
            move.facts |= set(step.facts)
            if is_worst:
                reached = came.get(_door(made, step, kind)) if how == "go" else None
                move.numbers = sorted({*move.numbers, number, *([reached[1]] if reached else [])})


def _door(made: Answer, step: Told, kind: str) -> str:
    """Return the service that a step goes in by."""
    fact = made.graph.facts[step.fact]
    return fact.target if kind == "opens" else fact.source


def _moves(
    made: Answer, step: Told, kind: str, came: dict[str, tuple[str, int]]
) -> list[tuple[str, str, str, str]]:
    """Return the moves of a step: begin, end, label, kind."""
    fact = made.graph.facts[step.fact]
    words = {
        "no_auth": "no log-in", "known_exploited": dict(fact.detail).get("cve", "known hole"),
        "weak_auth": "guessable", "opens": "log-in",
    }  # fmt: skip
    if kind in words:
        service = _door(made, step, kind)
        port = service.rsplit(":", 1)[-1]
        moves = [(came.get(service, (INTERNET, 0))[0], step.end, f"{port} {words[kind]}", "go")]
        if kind == "opens":
            moves.append((fact.source, step.end, "opens", "use"))
        return moves
    if kind == "stored_on":
        return [(step.begin, step.end, "finds", "find")]
    if kind in ("reads", "admin_of"):
        return [
            (step.begin, step.end, {"reads": "may read", "admin_of": "administers"}[kind], "use")
        ]
    if kind == "serves":
        return [(came.get(fact.source, (INTERNET, 0))[0], step.end, "open door", "go")]
    label = {"hosts": "holds", "trusts": "trusted"}.get(kind, "")
    return [(step.begin, step.end, label, "go")]


def _add_place(scene: Scene, made: Answer, key: str, zones: dict[str, str], beside: str) -> None:
    if key in scene.places:
        return
    kind, _, name = key.partition(":")
    if kind == "store":
        persons = made.people.persons(name)
        second = "people not counted" if persons is None else f"{persons:,} people"
        scene.places[key] = Place(key, "store", name, second, DATA)
    elif kind == "credential":
        column = scene.places[beside].column if beside in scene.places else UNPLACED
        scene.places[key] = Place(
            key, "credential", _whose(made, key), "credential " + short(name), column
        )
    elif kind == "zone":
        shape = "internet" if key == INTERNET else "asset"
        scene.places[key] = Place(key, shape, bare(key), "", key)
    else:
        scene.places[key] = Place(key, "asset", name, "", zones.get(key, UNPLACED))


def _whose(made: Answer, credential: str) -> str:
    """Return whose credential it is, where that is told."""
    for fact in made.graph.facts:
        if fact.source == credential and fact.kind in ("opens", "belongs_to"):
            who = dict(fact.detail).get("identity") or bare(fact.target)
            if fact.kind == "belongs_to" or dict(fact.detail).get("identity"):
                return who.removeprefix("identity:")
    return "a credential"


def _order_columns(scene: Scene, made: Answer, zones: dict[str, str]) -> None:
    """Put the columns in the order in which an intruder gets to them; count what is not drawn."""
    drawn = {p.key: p.column for p in scene.places.values() if p.column != DATA}
    alone = Counter(f.source for f in made.graph.facts if f.kind == "in_zone")
    depth = _depths(made, drawn) | _depths(made, {k: c for k, c in drawn.items() if alone[k] == 1})
    depth[INTERNET] = -1
    scene.columns = sorted(set(drawn.values()), key=lambda c: (depth.get(c, FAR), c))
    if len(drawn) < len(scene.places):
        scene.columns.append(DATA)
    _count_hidden(scene, made, zones)


def _count_hidden(scene: Scene, made: Answer, zones: Mapping[str, str]) -> None:
    scene.hidden = {}
    for node in made.graph.nodes:
        if node.startswith("asset:") and node not in scene.places:
            column = zones.get(node, UNPLACED)
            scene.hidden[column] = scene.hidden.get(column, 0) + 1
