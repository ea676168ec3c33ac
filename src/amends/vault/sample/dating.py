"""From which store a sample came, and between which days: by copies of one store as of several days.

A row that our copy of June does not have and that of July has was taken after the June copy; one whose telephone
number is the July one and not the August one was taken before the August copy. One row may be wrong, so a bound
needs several.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amends.vault.sample.index import Index
from amends.vault.sample.match import Matched

SUPPORT_SHARE = 0.002
SUPPORT_ROWS = 2
"""A bound rests on two rows at least, and on two in a thousand: fewer may be late entries or slips."""

I64 = NDArray[np.int64]


@dataclass(frozen=True)
class Origin:
    """How well one store explains a sample.

    Attributes:
        store: The store.
        tables: Its tables that hold rows of the sample.
        rows: Rows of the sample whose best record lies there (a row can lie in several stores).
        agreeing: Traits that agree, summed over these rows: what the stores are ranked by.
        explains: Share of the joint rows' agreeing traits that this store alone accounts for.
    """

    store: str
    tables: tuple[str, ...]
    rows: int
    agreeing: int
    explains: float


@dataclass(frozen=True)
class Bracket:
    """Between which copies of a store the sample was taken.

    Attributes:
        store: The store.
        after: Day of the latest copy that is too old; empty when none is.
        before: Day of the earliest copy that is too new; empty when none is.
        n_after: Rows that say so.
        n_before: Rows that say so.
        copies: Days of the copies that were compared.
        contradicts: Whether some rows were taken after a copy that others were taken before.
    """

    store: str
    after: str
    before: str
    n_after: int
    n_before: int
    copies: tuple[str, ...]
    contradicts: bool


def origins(index: Index, matched: Matched) -> list[Origin]:
    """Return the stores that hold the sample's rows, the one that explains most first."""
    stores = sorted({s.store for s in index.sources})
    of_source = np.array([stores.index(s.store) for s in index.sources], np.int64)
    wanted = matched.sure
    row, source = matched.row[wanted], np.asarray(index.source[matched.record[wanted]], np.int64)
    agree, store = matched.n_agree[wanted], of_source[source]
    whole = int(matched.n_agree[matched.best[matched.joint]].sum())
    made = []
    for number, name in enumerate(stores):
        here = store == number
        rows, best = _most(row[here], agree[here])
        tables = {index.sources[s].table for s in np.unique(source[here])}
        if len(rows):
            summed = int(best.sum())
            made.append(
                Origin(name, tuple(sorted(tables)), len(rows), summed, summed / max(whole, 1))
            )
    return sorted(made, key=lambda o: (-o.agreeing, -o.rows, o.store))


def brackets(index: Index, matched: Matched) -> list[Bracket]:
    """Return the days between which the sample was taken, for each store with copies of several days."""
    copies: dict[str, list[str]] = defaultdict(list)
    for source in index.sources:
        if source.as_of and source.as_of not in copies[source.store]:
            copies[source.store].append(source.as_of)
    several = {store: sorted(days) for store, days in copies.items() if len(days) > 1}
    return [
        found
        for store, days in sorted(several.items())
        if (found := _bracket(index, matched, store, days))
    ]


def _bracket(index: Index, matched: Matched, store: str, days: list[str]) -> Bracket | None:
    """Return the bracket of one store; ``None`` when the sample has no row of it."""
    day_of = np.array([days.index(s.as_of) if s.store == store and s.as_of else -1 for s in index.sources])  # fmt: skip
    day = day_of[np.asarray(index.source[matched.record], np.int64)]
    chosen = matched.sure & (day >= 0)
    rows, place = np.unique(matched.row[chosen], return_inverse=True)
    if not len(rows):
        return None
    unlike = np.full((len(rows), len(days)), np.iinfo(np.int64).max)
    differ = np.zeros(len(matched.row), np.int64)
    for trait in matched.differ:
        differ += matched.differ[trait]
    np.minimum.at(unlike, (place, day[chosen]), differ[chosen])
    fits = unlike == unlike.min(axis=1, keepdims=True)
    first = fits.argmax(axis=1)
    last = len(days) - 1 - fits[:, ::-1].argmax(axis=1)
    needed = max(SUPPORT_ROWS, int(np.ceil(SUPPORT_SHARE * len(rows))))
    after, n_after = _latest(first - 1, needed, len(days))
    before, n_before = _earliest(last + 1, needed, len(days))
    return Bracket(
        store, days[after] if after >= 0 else "", days[before] if before < len(days) else "",
        n_after, n_before, tuple(days), bool(after >= 0 and before <= after),
    )  # fmt: skip


def _latest(bound: I64, needed: int, n_days: int) -> tuple[int, int]:
    """Return the latest day that enough rows lie after, and how many do."""
    for day in range(n_days - 1, -1, -1):
        held = int((bound >= day).sum())
        if held >= needed:
            return day, held
    return -1, 0


def _earliest(bound: I64, needed: int, n_days: int) -> tuple[int, int]:
    """Return the earliest day that enough rows lie before, and how many do."""
    for day in range(n_days):
        held = int((bound <= day).sum())
        if held >= needed:
            return day, held
    return n_days, 0


def _most(row: I64, agree: I64) -> tuple[I64, I64]:
    """Return each row once with the largest number it comes with."""
    order = np.lexsort((-agree, row))
    rows, first = np.unique(row[order], return_index=True)
    return rows, agree[order][first]
