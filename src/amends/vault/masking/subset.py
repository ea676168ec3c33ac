"""A part of a store in which no reference dangles: some rows of one table and all that belongs to them.

Rows are chosen by the key, never by a condition: a condition would be somebody's words run in a database. From
the chosen rows the way leads down to rows that refer to them (up to a limit each) and from every row up to the
rows it refers to, always. It does not lead down again from rows reached upwards: a price plan does not bring
all its other customers along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from amends.kernel.errors import UsageError
from amends.vault.blind import BlindIndex
from amends.vault.masking.allocate import is_in
from amends.vault.masking.census import DomainSet
from amends.vault.masking.draws import Numbers, part_key
from amends.vault.masking.normal import texts
from amends.vault.masking.plan import Plan
from amends.vault.masking.rules import STRONG
from amends.vault.stores.base import Store, TableShape

CHILDREN = 1000
"""Rows that one row brings along from a table that refers to it."""
WHOLE_ROWS = 10_000
"""A table that nothing leads to is copied whole up to so many rows: codes, countries, prices."""
_BETWEEN, _NULL = "\x1f", "\x00"

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Link:
    """Columns of one table that point to columns of another; both ways where it is the same person.

    Attributes:
        child: Table that refers.
        here: Its columns.
        parent: Table that is referred to.
        there: Its columns.
        same: Whether it only says that rows share a person: followed from either side, and nothing dangles by it.
    """

    child: str
    here: tuple[str, ...]
    parent: str
    there: tuple[str, ...]
    same: bool = False


@dataclass(frozen=True)
class Wanted:
    """What the copy is to begin with.

    Attributes:
        table: The table rows are chosen from.
        rows: How many; 0 for a share.
        share: Which share, 0 to 1, where no number is given.
        children: Rows that one row brings along from a table that refers to it.
    """

    table: str
    rows: int = 0
    share: float = 0.0
    children: int = CHILDREN


@dataclass(frozen=True)
class Closure:
    """Whether anything dangles over one link.

    Attributes:
        link: The link.
        dangling: Values in the copy that point to nothing there.
        orphans: Of these, how many pointed to nothing in the source already.
    """

    link: Link
    dangling: int
    orphans: int

    @property
    def holds(self) -> bool:
        """Whether nothing dangles that did not dangle in the source."""
        return self.dangling <= self.orphans


@dataclass
class _Held:
    rows: list[Numbers] = field(default_factory=list)
    values: dict[tuple[str, ...], list[Numbers]] = field(default_factory=dict)


class Subset:
    """Chooses rows of a store.

    Args:
        domains: The value domains: a value is the same however it is written.
        plan: Says which columns hold what, and the joins.
        shapes: Tables of the store.
    """

    def __init__(self, domains: DomainSet, plan: Plan, shapes: Sequence[TableShape]) -> None:
        self._domains = domains
        self._plan = plan
        self._index = BlindIndex(part_key(domains.key, "rows"))
        self._shapes = {s.name: s for s in shapes}
        self.links = links(plan, shapes)
        self._held: dict[str, _Held] = {s.name: _Held() for s in shapes}
        self._chosen: dict[str, Numbers] = {}
        self.orphans: dict[Link, int] = {}

    def see(self, table: str, batch: pa.RecordBatch) -> None:
        """Take rows in: who each row is, and what it points to."""
        held = self._held[table]
        held.rows.append(self._rows(table, batch))
        for columns in self._columns(table):
            held.values.setdefault(columns, []).append(self._values(table, columns, batch))

    def _columns(self, table: str) -> set[tuple[str, ...]]:
        own = {link.here for link in self.links if link.child == table}
        return own | {link.there for link in self.links if link.parent == table}

    def _rows(self, table: str, batch: pa.RecordBatch) -> Numbers:
        """Return a number for each row: of its primary key, or of all it holds."""
        names = [
            n for n in (self._shapes[table].key or batch.schema.names) if n in batch.schema.names
        ]
        parts = [pc.fill_null(texts(batch.column(n)), _NULL) for n in names]
        return self._index.text_hashes(pc.binary_join_element_wise(*parts, _BETWEEN))

    def _values(self, table: str, columns: tuple[str, ...], batch: pa.RecordBatch) -> Numbers:
        numbers = [
            self._domains.numbers(self._domain(table, c), texts(batch.column(c))) for c in columns
        ]
        if len(numbers) == 1:
            return numbers[0]
        known = np.logical_and.reduce([n != 0 for n in numbers])
        rows = np.ascontiguousarray(np.stack(numbers, axis=1).astype("<u8")).view(np.uint8)
        return np.where(known, self._index.hashes(rows.reshape(len(known), -1)), np.uint64(0))

    def _domain(self, table: str, column: str) -> str:
        """Return the domain in which a column is compared; both ends of a join have the same."""
        for one in self._plan.of(table):
            if one.column == column and one.rule in ("fpe", "pool"):
                return one.domain
        return "key"

    def choose(self, wanted: Wanted) -> dict[str, int]:
        """Choose the rows.

        Returns:
            Rows chosen, by table.

        Raises:
            UsageError: There is no such table, or it asks for nothing.
        """
        if wanted.table not in self._held:
            raise UsageError(
                "There is no such table to choose rows from",
                where=wanted.table,
                remedy=f"name one of: {', '.join(sorted(self._held)[:20])}",
            )
        rows = {t: _joined(h.rows) for t, h in self._held.items()}
        values = {t: {c: _joined(v) for c, v in h.values.items()} for t, h in self._held.items()}
        work = _Work(rows, values, self.links, wanted.children)
        work.begin(wanted)
        work.follow()
        self._alone(work, wanted)
        self.orphans = work.orphans()
        self._chosen = {t: np.unique(rows[t][flags]) for t, flags in work.chosen.items()}
        return {t: int(flags.sum()) for t, flags in work.chosen.items()}

    def _alone(self, work: _Work, wanted: Wanted) -> None:
        """Take tables that no link leads to: whole where they are small, else the same share."""
        linked = {t for link in self.links for t in (link.child, link.parent)} | {wanted.table}
        share = work.share(wanted)
        for table, flags in work.chosen.items():
            if table not in linked:
                flags[:] = (
                    True
                    if len(flags) <= WHOLE_ROWS
                    else _least(work.rows[table], int(share * len(flags)))
                )

    def keep(self, table: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the chosen rows of a batch."""
        return batch.filter(pa.array(is_in(self._rows(table, batch), self._chosen[table])))

    def closure(self, copy: Store, names: Mapping[str, str]) -> list[Closure]:
        """Return what dangles in a copy, link by link.

        Args:
            copy: The copy.
            names: The name in the copy of each table.
        """
        found = []
        for link in self.links:
            if not link.same:
                here = self._read(copy, names[link.child], link.child, link.here)
                there = self._read(copy, names[link.parent], link.parent, link.there)
                found.append(
                    Closure(link, int((~is_in(here, there)).sum()), self.orphans.get(link, 0))
                )
        return found

    def _read(self, copy: Store, name: str, table: str, columns: tuple[str, ...]) -> Numbers:
        parts = [np.unique(self._values(table, columns, b)) for b in copy.batches(name, columns)]
        found = np.unique(_joined(parts))
        return np.asarray(found[found != 0])


class _Work:
    def __init__(
        self,
        rows: Mapping[str, Numbers],
        values: Mapping[str, Mapping[tuple[str, ...], Numbers]],
        links: Sequence[Link],
        children: int,
    ) -> None:
        self.rows = rows
        self.chosen = {t: np.zeros(len(r), np.bool_) for t, r in rows.items()}
        self._down = {t: np.zeros(len(r), np.bool_) for t, r in rows.items()}
        self._values = values
        self._links = links
        self._children = children

    def share(self, wanted: Wanted) -> float:
        """Return which share of the table is asked for."""
        return wanted.rows / max(len(self.rows[wanted.table]), 1) if wanted.rows else wanted.share

    def begin(self, wanted: Wanted) -> None:
        """Choose the first rows: those with the least numbers, so the same ones every time."""
        n = len(self.rows[wanted.table])
        asked = min(n, wanted.rows or round(n * wanted.share))
        self._down[wanted.table] |= _least(self.rows[wanted.table], asked)
        self.chosen[wanted.table] |= self._down[wanted.table]

    def follow(self) -> None:
        """Go down from what was chosen, and up from everything, until nothing is added."""
        while self._step_down():
            pass
        while self._step_up():
            pass

    def _step_down(self) -> bool:
        added = False
        for link in self._links:
            added |= self._down_over(link.parent, link.there, link.child, link.here)
            if link.same:
                added |= self._down_over(link.child, link.here, link.parent, link.there)
        return added

    def _down_over(
        self, above: str, there: tuple[str, ...], below: str, here: tuple[str, ...]
    ) -> bool:
        sought = np.unique(self._values[above][there][self._down[above]])
        numbers = self._values[below][here]
        hit = is_in(numbers, sought[sought != 0]) & (numbers != 0) & ~self._down[below]
        hit &= _first_of_each(numbers, self.rows[below], hit, self._children, self._down[below])
        self._down[below] |= hit
        self.chosen[below] |= hit
        return bool(hit.any())

    def _step_up(self) -> bool:
        added = False
        for link in self._links:
            if link.same:
                continue
            sought = np.unique(self._values[link.child][link.here][self.chosen[link.child]])
            numbers = self._values[link.parent][link.there]
            hit = is_in(numbers, sought[sought != 0]) & (numbers != 0) & ~self.chosen[link.parent]
            self.chosen[link.parent] |= hit
            added |= bool(hit.any())
        return added

    def orphans(self) -> dict[Link, int]:
        """Return, for each link, how many chosen values point to nothing in the source."""
        found = {}
        for link in self._links:
            if not link.same:
                here = np.unique(self._values[link.child][link.here][self.chosen[link.child]])
                there = np.unique(self._values[link.parent][link.there])
                found[link] = int((~is_in(here, there) & (here != 0)).sum())
        return found


def links(plan: Plan, shapes: Sequence[TableShape]) -> list[Link]:
    """Return the links of a store: joins of the plan, declared keys of several columns, persons shared."""
    made = {Link(j.child, (j.child_column,), j.parent, (j.parent_column,)) for j in plan.joins}
    known = {s.name for s in shapes}
    for shape in shapes:
        for key in shape.foreign_keys:
            if len(key.columns) > 1 and key.table in known:
                made.add(Link(shape.name, tuple(key.columns), key.table, tuple(key.to_columns)))
    tied = [
        (c.table, c.column, c.domain)
        for c in plan.columns
        if c.rule == "fpe" and c.domain in STRONG | {"phone", "email"}
    ]
    joined = {frozenset((link.child, link.parent)) for link in made}
    for place, (table, column, domain) in enumerate(tied):
        for other, other_column, other_domain in tied[place + 1 :]:
            if (
                domain == other_domain
                and table != other
                and frozenset((table, other)) not in joined
            ):
                made.add(Link(other, (other_column,), table, (column,), same=True))
    return sorted(made, key=lambda link: (link.child, link.here, link.parent, link.there))


def _joined(parts: Sequence[Numbers]) -> Numbers:
    return np.concatenate(parts) if parts else np.zeros(0, np.uint64)


def _least(rows: Numbers, n: int) -> Flags:
    """Return flags of the n rows with the least numbers."""
    flags = np.zeros(len(rows), np.bool_)
    flags[np.argsort(rows, kind="stable")[:n]] = True
    return flags


def _first_of_each(values: Numbers, rows: Numbers, hit: Flags, most: int, have: Flags) -> Flags:
    """Return flags of at most so many hits of each value, those with the least row numbers; what is there counts."""
    places = np.flatnonzero(hit | have)
    order = places[np.lexsort((rows[places], ~have[places], values[places]))]
    begins = (
        np.flatnonzero(np.r_[True, values[order][1:] != values[order][:-1]])
        if len(order)
        else order
    )
    lengths = np.diff(np.r_[begins, len(order)])
    rank = np.arange(len(order)) - np.repeat(begins, lengths)
    flags = np.zeros(len(values), np.bool_)
    flags[order[rank < most]] = True
    return flags
