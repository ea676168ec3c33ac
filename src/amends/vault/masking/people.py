"""The persons of a store and the blind numbers by which they can be told, for a check of test stores.

A person is the rows tied by a value that belongs to one person: a strong identifier (SSN, licence, account …) or a key
of a table about people. A row without any is tied by its mail address, else by name and birth date together; a row
with none of these names nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from amends.vault.masking.census import DomainSet, links_of, row_numbers
from amends.vault.masking.dates import day_numbers
from amends.vault.masking.draws import Numbers
from amends.vault.masking.normal import texts
from amends.vault.masking.persons import Labels, Links
from amends.vault.masking.plan import ColumnPlan, Plan
from amends.vault.masking.rules import STRONG

NAME_BIRTH = "name_birth"
"""The trait of a name and a birth date together."""
TRAITS = (*sorted(STRONG), "email", "phone", "imei", "vin", NAME_BIRTH)
"""By what a person of production is told in a test store. A name alone is none: names are common."""
_DROPPED = r"\b(?:JR|SR|II|III|IV|MR|MRS|MS|DR|MD|PHD|ESQ)\b|[^A-Z ]"
_DIGITS = 41


def traits_of(
    domains: DomainSet, plan: Plan, table: str, batch: pa.RecordBatch
) -> dict[str, Numbers]:
    """Return the blind numbers of a batch: one row a row, one column a column that holds the trait; 0 for none."""
    held: dict[str, list[Numbers]] = {}
    for one in plan.of(table):
        if one.rule == "fpe" and one.domain in TRAITS and one.column in batch.schema.names:
            held.setdefault(one.domain, []).append(
                domains.numbers(one.domain, texts(batch.column(one.column)))
            )
    named = name_birth(domains, plan.of(table), batch)
    if named is not None:
        held[NAME_BIRTH] = [named]
    return {trait: np.stack(columns, axis=1) for trait, columns in held.items()}


def name_birth(
    domains: DomainSet, columns: Sequence[ColumnPlan], batch: pa.RecordBatch
) -> Numbers | None:
    """Return the number of name and birth date of each row; nothing for a table that does not hold both."""
    birth = next((c for c in columns if c.element == "birth_date" and c.part in ("", "full")), None)
    names = _names(columns)
    if birth is None or not names or birth.column not in batch.schema.names:
        return None
    days, real = day_numbers(texts(batch.column(birth.column)), birth.day_first)
    name = plain_names([texts(batch.column(c)) for c in names if c in batch.schema.names])
    whole = pc.binary_join_element_wise(name, pc.cast(pa.array(days), pa.string()), "|")
    known = pc.and_(pa.array(real), pc.is_valid(name))
    return domains[NAME_BIRTH].draws.index.text_hashes(
        pc.if_else(known, whole, pa.scalar(None, pa.string()))
    )


def _names(columns: Sequence[ColumnPlan]) -> list[str]:
    by_part = {c.part: c.column for c in reversed(columns) if c.element == "name"}
    if "first" in by_part and "last" in by_part:
        return [by_part["first"], by_part["last"]]
    full = by_part.get("full") or by_part.get("")
    return [full] if full else []


def plain_names(parts: Sequence[pa.Array]) -> pa.Array:
    """Return first and last word of a name in order of the alphabet: however it is written, it is one text."""
    whole = (
        pc.binary_join_element_wise(*(pc.fill_null(p, "") for p in parts), " ")
        if len(parts) > 1
        else parts[0]
    )
    plain = pc.replace_substring_regex(pc.utf8_upper(whole), _DROPPED, "")
    words = pc.replace_substring_regex(pc.utf8_trim_whitespace(plain), r"\s+", " ")
    pair = pc.extract_regex(words, r"^(?P<a>[A-Z]+)(?: [A-Z]+)*? (?P<b>[A-Z]{2,})(?: [A-Z])?$")
    one, two = pc.struct_field(pair, "a"), pc.struct_field(pair, "b")
    ordered = pc.less_equal(one, two)
    low, high = pc.if_else(ordered, one, two), pc.if_else(ordered, two, one)
    return pc.if_else(
        pc.is_valid(pair), pc.binary_join_element_wise(low, high, " "), pa.scalar(None, pa.string())
    )


@dataclass
class TraitSet:
    """The distinct numbers of a trait, and how many numbers of how many digits stand behind them.

    Attributes:
        lengths: Distinct values that are numbers, by their digits.
    """

    lengths: NDArray[np.int64] = field(default_factory=lambda: np.zeros(_DIGITS, np.int64))
    _parts: list[Numbers] = field(default_factory=list)
    _held: int = 0

    def add(self, numbers: Numbers) -> None:
        """Take numbers in; 0 is none."""
        found = np.unique(numbers)
        self._parts.append(found[found != 0])
        self._held += len(self._parts[-1])
        if self._held > 4_000_000 and len(self._parts) > 1:
            self._parts = [self.distinct()]
            self._held = 0

    def distinct(self) -> Numbers:
        """Return the distinct numbers, rising."""
        return np.unique(np.concatenate(self._parts)) if self._parts else np.zeros(0, np.uint64)


@dataclass
class Register:
    """Whose each number is.

    Attributes:
        numbers: Numbers, rising, each once.
        labels: Person of each; -1 where several persons have it.
    """

    numbers: Numbers
    labels: Labels


class People:
    """Reads a production store once and says who is in it.

    Args:
        domains: The value domains under the key of this check.
        plan: What the columns of the store hold.
    """

    def __init__(self, domains: DomainSet, plan: Plan) -> None:
        self.domains = domains
        self._plan = plan
        self._links = Links()
        self._ties = {t: links_of(plan, t) for t in dict.fromkeys(c.table for c in plan.columns)}
        self._rows: list[tuple[Numbers, dict[str, Numbers]]] = []
        self.n_rows = 0
        self.n_nameless = 0

    def see(self, table: str, batch: pa.RecordBatch) -> dict[str, Numbers]:
        """Take rows in, and return their traits."""
        traits = traits_of(self.domains, self._plan, table, batch)
        node = _first_node(row_numbers(self.domains, self._ties[table], batch), traits)
        ties = row_numbers(self.domains, self._ties[table], batch)
        self._links.add(np.column_stack([ties, node]) if ties.shape[1] else node[:, None])
        self._rows.append((node, traits))
        self.n_rows += batch.num_rows
        self.n_nameless += int((node == 0).sum())
        return traits

    def settle(self) -> tuple[int, dict[str, Register]]:
        """Return how many persons there are, and whose each number of each trait is."""
        persons = self._links.persons()
        pairs: dict[str, list[tuple[Numbers, Labels]]] = {}
        for node, traits in self._rows:
            label = persons.of(node)
            for trait, numbers in traits.items():
                for column in numbers.T:
                    real = column != 0
                    pairs.setdefault(trait, []).append((column[real], label[real]))
        self._rows.clear()
        return len(persons.roots), {t: _register(p) for t, p in pairs.items()}


def _first_node(ties: Numbers, traits: dict[str, Numbers]) -> Numbers:
    """Return what stands for the person of each row: the first number that ties it, else mail, else name and birth."""
    node = np.zeros(len(ties), np.uint64)
    weak = [traits[t][:, 0] for t in ("email", NAME_BIRTH) if t in traits]
    if not ties.shape[1] and weak:
        node = np.zeros(len(weak[0]), np.uint64)
    for column in (*ties.T, *weak):
        node = np.where(node == 0, column, node)
    return node


def _register(pairs: Sequence[tuple[Numbers, Labels]]) -> Register:
    numbers = np.concatenate([n for n, _ in pairs])
    labels = np.concatenate([label for _, label in pairs])
    order = np.lexsort((labels, numbers))
    numbers, labels = numbers[order], labels[order]
    if not len(numbers):
        return Register(numbers, labels)
    begins = np.flatnonzero(np.r_[True, numbers[1:] != numbers[:-1]])
    # A row that is tied to nobody says nothing against the person another row ties the number to.
    most = np.maximum.reduceat(labels, begins)
    least = np.minimum.reduceat(np.where(labels < 0, np.iinfo(np.int64).max, labels), begins)
    return Register(numbers[begins], np.where(least == most, most, -1))
