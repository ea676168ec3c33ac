"""The oldest record of somebody unneeded, by the dates that stand in the data themselves.

Only tables of former and prospective people are read again, and of them only the columns that say when somebody left or
applied. Where there are more rows than are looked at, the oldest is *at least* so old.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa

from amends.controls.measures.base import Ground, Oldest, day, number
from amends.kernel.case import Case
from amends.kernel.contents import TablePart
from amends.kernel.engine.base import quote
from amends.tables.custody import EXHIBITS, ITEMS
from amends.tables.elements import COLUMNS

MAX_BYTES = 256 << 20
"""Exhibits up to this size are read again: some seconds at what readers do in a second."""
MAX_ROWS = 2_000_000
"""Rows of a table looked at."""
LEFT = (
    "clos", "cancel", "termin", "disc", "deactiv", "inactiv", "end", "ended", "left", "leav", "churn", "final", "last",
    "expir", "portout", "settled",
)  # fmt: skip
"""Beginnings of the words by which columns say when somebody was last needed."""
APPLIED = (
    "appl",
    "submi",
    "creat",
    "request",
    "receiv",
    "inquir",
    "enquir",
    "lead",
    "signup",
    "regist",
    "entered",
)
"""The same for people who only asked."""
NEVER = ("dob", "birth", "born", "reason", "code", "status", "by", "name")
FORMATS = (
    "%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y/%m/%d", "%m/%d/%Y",
    "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m-%d-%Y", "%Y%m%d", "%d-%b-%Y", "%d %b %Y", "%b %d, %Y", "%d.%m.%Y",
    "%m/%d/%y",
)  # fmt: skip
"""Ways in which a day is written, US order where it is ambiguous."""
_SHARE = 0.5
"""A column counts when at least half of its values are days."""
_FIRST = date(1950, 1, 1)
"""Nobody's customer data is older; an earlier day is a slip or a filler."""


@dataclass(frozen=True)
class _Source:
    """A table to be looked at: exhibit, where its bytes lie, the table inside it, its day, and the columns."""

    exhibit_id: str
    place: Path
    inner_path: str
    as_of: date
    columns: tuple[str, ...]


def oldest_record(case: Case, ground: Ground) -> Oldest | None:
    """Return the oldest record of a former customer or applicant; ``None`` when no date tells."""
    by_exhibit: dict[Path, list[_Source]] = {}
    for source in _sources(case, ground):
        by_exhibit.setdefault(source.place, []).append(source)
    found: list[Oldest] = []
    for place, sources in by_exhibit.items():
        wanted = {s.inner_path: s for s in sources}
        for part in case.contents.parts(place):
            if isinstance(part, TablePart) and part.inner_path in wanted:
                seen = _oldest_of(ground, part, wanted.pop(part.inner_path))
                found += [seen] if seen else []
            if not wanted:
                break
    if not found:
        return None
    worst = min(found, key=lambda o: (o.on, o.place))
    return Oldest(
        worst.on, worst.as_of, worst.place, sum(o.n_over for o in found), sum(o.n_rows for o in found)
    )  # fmt: skip


def _sources(case: Case, ground: Ground) -> Iterator[_Source]:
    """Yield the tables of former and prospective people that have a column that may say when."""
    if not ground.has(EXHIBITS, ITEMS, COLUMNS):
        return
    words: Mapping[str, Sequence[str]] = {"former": LEFT, "prospective": (*LEFT, *APPLIED)}
    for what, begins in words.items():
        rows = ground.rows(
            f"""SELECT e.exhibit_id, e.place, i.inner_path, COALESCE(e.as_of_on, CAST(e.received_at AS DATE)) AS as_of,
                       LIST(DISTINCT c."column" ORDER BY c."column") AS names
                FROM {ground.name(EXHIBITS)} AS e JOIN {ground.name(ITEMS)} AS i USING (exhibit_id)
                JOIN {ground.name(COLUMNS)} AS c ON c.item_id = i.item_id
                WHERE e.role = 'stolen' AND i.kind = 'table' AND c.element IS NULL AND e.size_bytes <= ?
                  AND list_contains(?, LOWER(e.population))
                GROUP BY ALL ORDER BY e.exhibit_id, i.inner_path""",
            [MAX_BYTES, [n.lower() for n in ground.needless.get(what, ())]],
        )
        for row in rows:
            names = row["names"] if isinstance(row["names"], list) else []
            chosen = tuple(str(n) for n in names if says_when(str(n), begins))
            as_of = day(row["as_of"])
            if chosen and as_of:
                place = Path(str(row["place"]))
                yield _Source(
                    str(row["exhibit_id"]), place if place.is_absolute() else case.folder / place,
                    str(row["inner_path"]), as_of, chosen,
                )  # fmt: skip


def says_when(name: str, begins: Sequence[str]) -> bool:
    """Say whether a column's name may say when somebody left or applied."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)
    low = [w.lower() for w in words]
    return not any(w in NEVER for w in low) and any(w.startswith(tuple(begins)) for w in low)


def _oldest_of(ground: Ground, part: TablePart, source: _Source) -> Oldest | None:
    """Return the oldest record of a table, by the latest of its days in each row."""
    n_rows = n_days = n_over = 0
    first: date | None = None
    limit = source.as_of - timedelta(days=ground.keep_days)
    known = tuple(c for c in source.columns if c in part.columns)
    if not known:
        return None
    for batch in part.batches:
        rows = pa.Table.from_batches([batch]).select(list(known))
        row = _batch(ground, rows, known, source.as_of, limit)
        n_rows += number(row["n_rows"])
        n_days += number(row["n_days"])
        n_over += number(row["n_over"])
        on = day(row["first_on"])
        first = on if first is None or (on is not None and on < first) else first
        if n_rows >= MAX_ROWS:
            break
    if first is None or not n_days or n_days < _SHARE * n_rows:
        return None
    place = f"{source.exhibit_id} {source.inner_path} {', '.join(known)}".replace("  ", " ")
    return Oldest(first, source.as_of, place, n_over, n_rows)


def _batch(
    ground: Ground, rows: pa.Table, columns: Sequence[str], as_of: date, limit: date
) -> dict[str, object]:
    """Return counts and first day of a batch: one query, values never leave the engine."""
    name = ground.engine.register("controls_days", rows)
    formats = "[" + ", ".join(f"'{f}'" for f in FORMATS) + "]"
    days = ", ".join(f"CAST(TRY_STRPTIME(TRIM({quote(c)}), {formats}) AS DATE)" for c in columns)
    said = " OR ".join(f"NULLIF(TRIM({quote(c)}), '') IS NOT NULL" for c in columns)
    try:
        return ground.row(
            f"""WITH d AS (SELECT GREATEST({days}) AS on_day FROM {name} WHERE {said})
                SELECT COUNT(*) AS n_rows, COUNT(*) FILTER (on_day BETWEEN ? AND ?) AS n_days,
                       MIN(on_day) FILTER (on_day BETWEEN ? AND ?) AS first_on,
                       COUNT(*) FILTER (on_day BETWEEN ? AND ?) AS n_over
                FROM d""",
            [_FIRST, as_of, _FIRST, as_of, _FIRST, limit],
        )
    finally:
        ground.engine.drop("controls_days")
