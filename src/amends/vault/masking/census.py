"""First reading of the source: which values each domain has, which rows are one person, and what follows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from amends.vault.columns import from_matrices
from amends.vault.masking.allocate import Allocation, allocate
from amends.vault.masking.dates import Days, days_of
from amends.vault.masking.domains import Domain, NumberDomain, PoolDomain, number_domains
from amends.vault.masking.draws import Draws, Numbers
from amends.vault.masking.normal import is_filler, texts
from amends.vault.masking.persons import Links, Persons
from amends.vault.masking.plan import Plan
from amends.vault.masking.rules import STRONG
from amends.vault.masking.words import word_domains

_COMPACT = 2_000_000
_WHOLE = ("name", "business", "address")
"""Domains of values put together from words; their parts have the masks, the whole is only looked for in the proof."""


class DomainSet:
    """The value domains under one key, made when they are asked for.

    Args:
        key: The vault's key for masks.
    """

    def __init__(self, key: bytes) -> None:
        self.key = key
        self._held: dict[str, Domain] = number_domains(key) | word_domains(key)
        for name in _WHOLE:
            self._held[name] = WholeDomain(key, name)

    def __getitem__(self, name: str) -> Domain:
        found = self._held.get(name)
        if found is None:
            found = self._held[name] = NumberDomain(self.key, name)
            if name in ("cvv", "pin", "street2"):
                found.unique = False
        return found

    def numbers(self, name: str, values: pa.Array) -> Numbers:
        """Return the blind number of each value of a domain; 0 where there is none."""
        normals = self[name].normal(values)
        kept = pc.if_else(is_filler(values), pa.scalar(None, pa.string()), normals)
        return self[name].draws.index.text_hashes(kept)


class WholeDomain(PoolDomain):
    """Names and addresses as wholes: capitals, single blanks."""

    def normal(self, values: pa.Array) -> pa.Array:
        """Return the text in capitals with single blanks and no signs."""
        plain = pc.utf8_trim_whitespace(
            pc.replace_substring_regex(pc.utf8_upper(values), r"[\s.,;]+", " ")
        )
        return pc.if_else(pc.equal(pc.binary_length(plain), 0), pa.scalar(None, pa.string()), plain)


def links_of(plan: Plan, table: str) -> list[tuple[str, str]]:
    """Return the columns of a table that tie its rows to a person, and the domain of each.

    A key counts where the table it belongs to is about persons: it holds names or strong identifiers.
    """
    own = {c.column: c.domain for c in plan.of(table) if c.rule == "fpe" and c.domain in STRONG}
    for join in plan.joins:
        if not _is_about_persons(plan, join.parent):
            continue
        for held, column in ((join.parent, join.parent_column), (join.child, join.child_column)):
            if held == table:
                own.setdefault(column, f"key:{join.parent}:{join.parent_column}")
    return sorted(own.items())


def _is_about_persons(plan: Plan, table: str) -> bool:
    return any(
        c.domain in STRONG or c.element in ("name", "birth_date", "email") for c in plan.of(table)
    )


class Shifts:
    """By how many days the dates of a row move."""

    def __init__(self, key: bytes, persons: Persons) -> None:
        self._draws = Draws(key, "shift")
        self._persons = persons
        self._days = (
            days_of(self._drawn(persons.roots)) if len(persons.roots) else np.zeros(0, np.int64)
        )

    def days(self, rows: Numbers, instead: pa.Array) -> Days:
        """Return days for each row.

        Args:
            rows: Blind numbers of the values that tie the row to a person.
            instead: A text for each row that decides where the row is tied to nobody.
        """
        found = self._persons.of_rows(rows)
        alone = days_of(self._draws.numbers(pc.fill_null(instead, ""))[:, 0])
        if not len(self._days):
            return alone
        return np.where(found >= 0, self._days[np.maximum(found, 0)], alone)

    def _drawn(self, roots: Numbers) -> Numbers:
        rows = np.ascontiguousarray(roots.astype("<u8")).view(np.uint8).reshape(-1, 8)
        return self._draws.numbers(from_matrices(len(rows), [(None, _hex(rows))]))[:, 0]


def _hex(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    signs = np.frombuffer(b"0123456789abcdef", np.uint8)
    return signs[np.stack([rows >> 4, rows & 15], axis=2).reshape(len(rows), 16)]


class Census:
    """Reads the source once.

    Args:
        domains: The value domains.
        plan: What each column is.
    """

    def __init__(self, domains: DomainSet, plan: Plan) -> None:
        self.domains = domains
        self.plan = plan
        self._links = Links()
        self._values: dict[str, list[pa.Array]] = {}
        self._held: dict[str, int] = {}
        self._of = {t: plan.of(t) for t in dict.fromkeys(c.table for c in plan.columns)}
        self._ties = {t: links_of(plan, t) for t in self._of}
        self.has_texts = any(c.rule in ("text", "keep") for c in plan.columns)

    def see(self, table: str, batch: pa.RecordBatch) -> None:
        """Take rows of a table in."""
        for one in self._of.get(table, ()):
            if one.rule in ("fpe", "pool") and one.column in batch.schema.names:
                self._take(one.domain, texts(batch.column(one.column)))
        self._take_names(table, batch)
        self._links.add(row_numbers(self.domains, self._ties.get(table, ()), batch))

    def _take_names(self, table: str, batch: pa.RecordBatch) -> None:
        """Take first and last names that stand in one row as whole names: they may stand so in a text."""
        by_part = {c.part: c.column for c in self._of.get(table, ()) if c.element == "name"}
        pair = [by_part.get("first", ""), by_part.get("last", "")]
        if all(name in batch.schema.names for name in pair) and self.has_texts:
            self._take(
                "name", pc.binary_join_element_wise(*(texts(batch.column(n)) for n in pair), " ")
            )

    def _take(self, name: str, values: pa.Array) -> None:
        kept = values.filter(pc.invert(is_filler(values))).unique()
        found = pc.drop_null(self.domains[name].normal(kept)).unique()
        self._values.setdefault(name, []).append(found)
        self._held[name] = self._held.get(name, 0) + len(found)
        if self._held[name] > _COMPACT:
            self._values[name] = [self.values(name)]
            self._held[name] = 0

    def follow(self, plan: Plan) -> None:
        """Go on with a plan in which columns have another rule; their tables are read again."""
        self.plan = plan
        self._of = {t: plan.of(t) for t in self._of}
        self._ties = {t: links_of(plan, t) for t in self._of}

    def has(self, name: str) -> bool:
        """Say whether a domain has values."""
        return name in self._values

    def values(self, name: str) -> pa.Array:
        """Return the distinct normal values of a domain."""
        return pa.concat_arrays(self._values[name]).unique()

    def settle(self) -> tuple[dict[str, Allocation], Shifts]:
        """Return what follows: who takes which draw, and by how much dates move."""
        made = {
            name: allocate(self.domains[name], self.values(name)) for name in sorted(self._values)
        }
        return made, Shifts(self.domains.key, self._links.persons())


def row_numbers(
    domains: DomainSet, ties: Sequence[tuple[str, str]], batch: pa.RecordBatch
) -> Numbers:
    """Return the blind numbers of the columns that tie rows: one row a row, 0 for none."""
    held = [(c, d) for c, d in ties if c in batch.schema.names]
    out = np.zeros((batch.num_rows, len(held)), np.uint64)
    for place, (column, domain) in enumerate(held):
        out[:, place] = domains.numbers(domain, texts(batch.column(column)))
    return out
