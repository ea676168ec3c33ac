"""Is production in a test store: how many of its people, by what, in which tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from amends.kernel import clock
from amends.kernel.errors import AmendsError
from amends.kernel.progress import Progress, Silent, step
from amends.report.masking import find_spans, make_plan
from amends.vault.masking.allocate import is_in
from amends.vault.masking.census import DomainSet
from amends.vault.masking.draws import Numbers
from amends.vault.masking.free_text import LEAST_SIGNS, tokens_of
from amends.vault.masking.normal import is_filler, texts
from amends.vault.masking.overlap import Overlap, expected_hits, overlap
from amends.vault.masking.people import NAME_BIRTH, People, Register, TraitSet, traits_of
from amends.vault.masking.plan import Plan, is_unique
from amends.vault.masking.reading import unread_in, unread_of
from amends.vault.masking.rules import default_for
from amends.vault.stores.base import Store

DEFINITION = (
    "A person of production is the rows tied by a value that belongs to one person (SSN, licence, account number and "
    "the like, or a key of a table about people); a row without any, by its e-mail address, else by name and birth "
    "date. A person is found in the test store when at least one identifier of that person alone (a strong identifier, "
    "e-mail, phone, IMEI, VIN, or name with birth date) stands in it. A name alone finds nobody, and an element whose "
    "hits chance explains finds nobody."
)
_DIGITS = 41


@dataclass
class _TestTable:
    n_rows: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    flags: list[NDArray[np.uint32]] = field(default_factory=list)
    columns: dict[str, set[str]] = field(default_factory=dict)


def check(
    test: Store, production: Store, key: bytes, progress: Progress | None = None
) -> dict[str, Any]:  # Any: JSON
    """Return which share of the people of a production store stands in a test store.

    Args:
        test: The store for tests.
        production: The store it may have been filled from.
        key: Key of the blind index; nothing made with it leaves this function.
        progress: Told how far it is.
    """
    progress = progress or Silent()
    domains = DomainSet(key)
    unread: list[dict[str, str]] = []
    people, held = _read_production(domains, production, progress, unread)
    n_persons, registers = people.settle()
    looking = _Test(domains, make_plan(test), registers)
    with step(progress, "test store", unit="rows") as task:
        for table, batch in _rows(test, unread):
            looking.see(table, batch)
            task.advance(batch.num_rows)
    found = np.zeros(n_persons, np.bool_)
    elements = []
    decisive = set()
    for trait, register in sorted(registers.items()):
        seen = looking.traits.get(trait, TraitSet())
        chance = expected_hits(seen.lengths, held[trait].lengths)
        if trait == NAME_BIRTH:
            chance = looking.expected_names(len(register.numbers))
        both, numbers = overlap(seen.distinct(), register.numbers, chance)
        mine = _persons(register, numbers, n_persons)
        if not both.is_chance:
            decisive.add(trait)
            found |= mine
        elements.append(_element(trait, both, int(mine.sum())))
    n_found = int(found.sum())
    return {
        "made_at": clock.stamp(), "test": test.name, "production": production.name,
        "persons_in_production": n_persons, "persons_found": n_found,
        "share": n_found / n_persons if n_persons else 0.0,
        "verdict": "production" if n_found else "none found",
        "rows_in_production": people.n_rows, "rows_that_name_nobody": people.n_nameless,
        "elements": elements, "tables": looking.tables(decisive), "exceptions": unread,
        "definition": DEFINITION,
    }  # fmt: skip


def _read_production(
    domains: DomainSet, production: Store, progress: Progress, unread: list[dict[str, str]]
) -> tuple[People, dict[str, TraitSet]]:
    plan = make_plan(production)
    people = People(domains, plan)
    held: dict[str, TraitSet] = {}
    with step(progress, "production", unit="rows") as task:
        for table, batch in _rows(production, unread):
            for trait in people.see(table, batch):
                held.setdefault(trait, TraitSet())
            _count_digits(domains, plan, table, batch, held)
            task.advance(batch.num_rows)
    return people, held


def _rows(store: Store, unread: list[dict[str, str]]) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Yield the rows of all tables; a table that cannot be read to its end is noted, and the others go on."""
    shapes, lost = store.tables(count=False), unread_in(store)
    for shape in shapes:
        try:
            for batch in store.batches(shape.name):
                yield shape.name, batch
        except (AmendsError, OSError, pa.ArrowException) as error:
            lost.append(unread_of(shape.name, error))
    unread += [{"store": store.name, **vars(u)} for u in lost]


def _count_digits(
    domains: DomainSet, plan: Plan, table: str, batch: pa.RecordBatch, held: dict[str, TraitSet]
) -> None:
    for one in plan.of(table):
        if one.rule == "fpe" and one.domain in held and one.column in batch.schema.names:
            values = domains[one.domain].normal(texts(batch.column(one.column)).unique())
            numeric = values.filter(
                pc.fill_null(pc.match_substring_regex(values, "^[0-9]{1,40}$"), False)
            )
            lengths = np.asarray(pc.binary_length(numeric)).astype(np.int64)
            held[one.domain].lengths += np.bincount(lengths, minlength=_DIGITS)


def _persons(register: Register, numbers: Numbers, n_persons: int) -> NDArray[np.bool_]:
    flags = np.zeros(n_persons, np.bool_)
    labels = register.labels[np.searchsorted(register.numbers, numbers)]
    flags[labels[labels >= 0]] = True
    return flags


def _element(trait: str, both: Overlap, persons: int) -> dict[str, object]:
    return {
        "element": trait, "in_production": both.held, "in_test": both.test, "found": both.both,
        "expected_by_chance": round(both.expected, 2), "chance": both.is_chance, "persons": persons,
    }  # fmt: skip


class _Test:
    def __init__(self, domains: DomainSet, plan: Plan, registers: dict[str, Register]) -> None:
        self._domains = domains
        self._plan = plan
        self._registers = registers
        self._names = sorted(registers)
        self.traits: dict[str, TraitSet] = {}
        self._tables: dict[str, _TestTable] = {}
        self._births: set[int] = set()
        self._n_named = 0

    def see(self, table: str, batch: pa.RecordBatch) -> None:
        """Take rows of the test store in."""
        held = self._tables.setdefault(table, _TestTable())
        held.n_rows += batch.num_rows
        flags = np.zeros(batch.num_rows, np.uint32)
        for trait, numbers in traits_of(self._domains, self._plan, table, batch).items():
            self._take(trait, numbers, flags)
        plans = {c.column: c for c in self._plan.of(table)}
        mini: dict[str, TraitSet] = {t: self.traits.setdefault(t, TraitSet()) for t in self._names}
        _count_digits(self._domains, self._plan, table, batch, mini)
        for name in batch.schema.names:
            one = plans[name]
            if one.rule == "text" or not one.element:
                self._anything(texts(batch.column(name)), one.rule == "text", flags)
        held.flags.append(flags)

    def _take(self, trait: str, numbers: Numbers, flags: NDArray[np.uint32]) -> None:
        self.traits.setdefault(trait, TraitSet()).add(numbers)
        if trait == NAME_BIRTH:
            self._n_named += int((numbers != 0).sum())
        if trait in self._registers:
            hit = (
                is_in(numbers.ravel(), self._registers[trait].numbers)
                .reshape(numbers.shape)
                .any(axis=1)
            )
            flags[hit] |= np.uint32(1 << self._names.index(trait))

    def _anything(self, values: pa.Array, in_text: bool, flags: NDArray[np.uint32]) -> None:
        """Look for identifiers of production in a column that was not recognised, or in text."""
        coded = values.dictionary_encode()
        places, pieces = _pieces(coded.dictionary, in_text)
        if not len(pieces):
            return
        owner = np.asarray(pc.fill_null(coded.indices, -1)).astype(np.int64)
        for trait in self._names:
            if trait == NAME_BIRTH or not is_unique(trait):
                continue
            normals = self._domains[trait].normal(pieces)
            long = np.asarray(
                pc.fill_null(pc.greater_equal(pc.utf8_length(normals), LEAST_SIGNS), False)
            )
            numbers = np.where(long, self._domains.numbers(trait, pieces), np.uint64(0))
            hit = is_in(numbers, self._registers[trait].numbers) & (numbers != 0)
            if hit.any():
                self.traits.setdefault(trait, TraitSet()).add(numbers[hit])
                flags[np.isin(owner, places[hit])] |= np.uint32(1 << self._names.index(trait))

    def expected_names(self, held: int) -> float:
        """Return how many names with birth date two stores of strangers share.

        Two people have first and last name in common once in about 30,000 pairs (US Census 2010 and SSA), and a birth
        date once in some 29,000.
        """
        return self._n_named * held / 30_000 / 29_000

    def tables(self, decisive: set[str]) -> list[dict[str, object]]:
        """Return, for each table, how many rows hold an identifier of somebody in production."""
        out = []
        bits = {t: np.uint32(1 << n) for n, t in enumerate(self._names)}
        for name, held in self._tables.items():
            flags = np.concatenate(held.flags) if held.flags else np.zeros(0, np.uint32)
            told = np.uint32(sum(int(bits[t]) for t in decisive))
            rows = int(((flags & told) != 0).sum())
            by = {t: int(((flags & bits[t]) != 0).sum()) for t in sorted(decisive)}
            out.append(
                {
                    "table": name, "rows": held.n_rows, "rows_of_production": rows,
                    "share": rows / held.n_rows if held.n_rows else 0.0,
                    "by_element": {t: n for t, n in by.items() if n},
                }
            )  # fmt: skip
        return out


def _pieces(distinct: pa.Array, in_text: bool) -> tuple[NDArray[np.int64], pa.Array]:
    """Return what could be an identifier in distinct cells, and the cell of each."""
    if not in_text:
        real = np.flatnonzero(~np.asarray(is_filler(distinct)))
        return real, distinct.take(pa.array(real))
    places, pieces = [], []
    for place, text in enumerate(distinct.to_pylist()):
        spans = [
            *tokens_of(text or ""),
            *((s.start, s.end) for s in find_spans(text or "") if default_for(s.element, "")),
        ]
        for start, end in spans:
            places.append(place)
            pieces.append((text or "")[start:end])
    return np.array(places, np.int64), pa.array(pieces, pa.string())
