"""The proof: every cell of the copy held against every original of the source.

Columns that were masked are joined with the originals of their domain; all others are swept for originals of
any domain. A
*survivor* is an original in the copy where none can be by chance. A *coincidence* is a mask that is somebody's
original because the domain has few values (a surname, a city, four digits): it was drawn by the key, not left
over, and is counted apart. Columns that were kept may hold short numbers that fall on originals; what chance
explains is said as such.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.vault.masking.allocate import Allocation, is_in
from amends.vault.masking.census import DomainSet
from amends.vault.masking.free_text import mixed_cells, tokens_of
from amends.vault.masking.normal import is_filler, texts
from amends.vault.masking.plan import ColumnPlan, Plan, is_unique
from amends.vault.masking.sweep import Sweep
from amends.vault.stores.base import Store

CHANCE_FACTOR, CHANCE_MORE = 3.0, 3
"""Hits are taken for chance up to three times what is expected and three more (Poisson: fewer than one in 50 above)."""


@dataclass
class ColumnProof:
    """What was found in one column of the copy.

    Attributes:
        table: Table.
        column: Column.
        rule: Its rule.
        domain: The domain whose originals were found, or the column's own.
        n_rows: Rows looked at.
        survivors: Values that are originals and should not be there.
        coincidences: Values that are originals of somebody else by the draw, in a domain of few values.
        by_chance: Values of a kept column that are originals as often as chance makes it so.
        expected: How many chance would make.
    """

    table: str
    column: str
    rule: str
    domain: str
    n_rows: int = 0
    survivors: int = 0
    coincidences: int = 0
    by_chance: int = 0
    expected: float = 0.0

    def judged(self, found: int, expected: float) -> None:
        """Sort hits of a column that was not masked into survivors and chance."""
        self.expected = round(expected, 2)
        if found > CHANCE_FACTOR * expected + (CHANCE_MORE if expected > 0.01 else 0):
            self.survivors = found
        else:
            self.by_chance = found


@dataclass
class Proof:
    """The whole proof.

    Attributes:
        columns: One entry a column and domain.
        n_cells: Cells looked at.
        n_originals: Originals they were held against, by domain.
    """

    columns: list[ColumnProof] = field(default_factory=list)
    n_cells: int = 0
    n_originals: dict[str, int] = field(default_factory=dict)

    @property
    def survivors(self) -> int:
        """Originals found in the copy where none may be."""
        return sum(c.survivors for c in self.columns)

    @property
    def holds(self) -> bool:
        """Whether there is none."""
        return self.survivors == 0


class Sought:
    """Gathers distinct values of a column that was not masked, and sweeps them."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self._hits: dict[int, set[str]] = {}
        self._inside: dict[int, set[str]] = {}
        self._expected = 0.0
        self.n_values = 0

    def see(self, values: pa.Array, in_text: bool) -> None:
        """Take cells in; of texts, every piece that could be an identifier."""
        distinct = values.filter(pc.invert(is_filler(values))).unique()
        mixed = distinct if in_text else mixed_cells(distinct)
        pieces = [t[a:b] for t in mixed.to_pylist() for a, b in tokens_of(t)]
        self._add(self._inside, pa.array(pieces, pa.string()).unique())
        if not in_text:
            self.n_values += len(distinct)
            self._expected += self._add(self._hits, distinct)

    def _add(self, found: dict[int, set[str]], values: pa.Array) -> float:
        hits = self._sweep.hits(values)
        for place, domain in zip(hits.places, hits.domains, strict=True):
            found.setdefault(int(domain), set()).add(values[int(place)].as_py())
        return hits.chance

    def n_whole(self, domain: str) -> int:
        """Return how many cells are an original of a domain and nothing else."""
        return len(self._hits.get(self._sweep.names.index(domain), ()))

    def results(self, one: ColumnPlan) -> Iterator[ColumnProof]:
        """Yield what was found, one entry a domain."""
        for domain in sorted({*self._hits, *self._inside}):
            inside = self._inside.get(domain, set()) - self._hits.get(domain, set())
            made = ColumnProof(one.table, one.column, one.rule, self._sweep.names[domain])
            made.judged(len(self._hits.get(domain, ())), self._expected)
            made.survivors += len(inside)
            yield made


class Prover:
    """Reads a copy and says what of the source is in it.

    Args:
        domains: The value domains.
        plan: What each column is.
        allocations: The originals of each domain.
        sweep: The originals of all unique domains.
    """

    def __init__(
        self, domains: DomainSet, plan: Plan, allocations: Mapping[str, Allocation], sweep: Sweep
    ) -> None:
        self._domains = domains
        self._plan = plan
        self._allocations = allocations
        self._sweep = sweep

    def prove(self, store: Store, names: Mapping[str, str]) -> Proof:
        """Read every table of a copy.

        Args:
            store: The copy.
            names: The name in the copy of each table of the plan.
        """
        proof = Proof(n_originals={d: len(a.originals) for d, a in self._allocations.items()})
        for table, copied in names.items():
            held = {c.column: c for c in self._plan.of(table)}
            made = {
                c: _Masked(one) if _has_domain(one) else Sought(self._sweep)
                for c, one in held.items()
            }
            n_rows = 0
            for batch in store.batches(copied):
                n_rows += batch.num_rows
                for column in batch.schema.names:
                    self._see(made[column], held[column], texts(batch.column(column)))
                    proof.n_cells += batch.num_rows
            for column, found in made.items():
                for entry in found.results(held[column]):
                    entry.n_rows = n_rows
                    proof.columns.append(entry)
        return proof

    def _see(self, found: _Masked | Sought, one: ColumnPlan, values: pa.Array) -> None:
        if isinstance(found, Sought):
            if one.rule not in ("null", "shift"):
                found.see(values, in_text=one.rule == "text")
            return
        allocation = self._allocations.get(one.domain)
        if allocation is None:
            return
        numbers = np.unique(self._domains.numbers(one.domain, values.unique()))
        numbers = numbers[numbers != 0]
        found.add(numbers[is_in(numbers, allocation.originals)], allocation)


class _Masked:
    """Gathers originals found in a column that was masked."""

    def __init__(self, one: ColumnPlan) -> None:
        self._one = one
        self._survivors: set[int] = set()
        self._coincidences: set[int] = set()

    def add(
        self, hits: np.ndarray[tuple[int], np.dtype[np.uint64]], allocation: Allocation
    ) -> None:
        """Take hits in: survivors, unless the domain is a pool or full."""
        drawn = (
            is_in(hits, allocation.crowded)
            if is_unique(self._one.domain)
            else np.ones(len(hits), np.bool_)
        )
        self._survivors.update(hits[~drawn].tolist())
        self._coincidences.update(hits[drawn].tolist())

    def results(self, one: ColumnPlan) -> Iterator[ColumnProof]:
        """Yield one entry."""
        yield ColumnProof(
            one.table, one.column, one.rule, one.domain,
            survivors=len(self._survivors), coincidences=len(self._coincidences),
        )  # fmt: skip


def _has_domain(one: ColumnPlan) -> bool:
    return one.rule in ("fpe", "pool")
