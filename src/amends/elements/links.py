"""Keys between tables: how a row without a name reaches the person it belongs to.

A device row holds an IMEI and an account number; the customer table holds the account number and
a name. Which column points where is learned from what the exhibit declares, from column names, and
from values: the share of one column's values found in the other. Values are compared by keyed
fingerprints only. A key that leads to two people of different names settles nothing and is said to
be ambiguous.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from amends.elements.columns_base import ColumnGuess
from amends.elements.headers import plain_header
from amends.elements.shapes_cells import Cells
from amends.elements.shapes_data import word_set
from amends.kernel import ids

KEY_ELEMENTS = word_set(
    "account_number username email phone ssn itin drivers_licence imei imsi iccid mrn health_policy "
    "mbi card bank_account employee_id student_id military_id passport ein alien_number"
)
SKETCH = 1024
# Containment below which a pair of columns is no key, by how much else speaks for it.
LEAST_NAMED, LEAST_UNNAMED = 0.3, 0.9
# Distinct values from which containment without a like name means anything.
LEAST_DISTINCT = 50
MOST_COLUMNS = 12

_GENERIC = word_set("id no num number nbr nr key ref reference code uuid guid fk pk idx")
_SHORT = {
    "cust": "customer", "acct": "account", "acc": "account", "subscr": "subscriber",
    "sub": "subscriber", "mbr": "member", "emp": "employee", "pat": "patient", "pt": "patient",
    "usr": "user", "app": "applicant", "appl": "applicant", "msisdn": "phone", "mobile": "phone",
    "client": "customer", "ban": "account", "cliente": "customer", "kunde": "customer",
}  # fmt: skip


@dataclass
class KeyColumn:
    """A column that may tie rows of two tables.

    Attributes:
        item_id: Its table.
        table: Last part of the table's path, without ending.
        column: Its name.
        position: From 1; its fingerprints lie in the column ``k`` and this number.
        element: What it holds; null when nothing personal.
        owner: Whose data it is; keys of two owners are never compared.
        named: Whether its table names people.
        n_values: Values seen.
        short: Whether its values are numbers so small that any counter holds them.
        sketch: The smallest fingerprints of its distinct values.
        counts: How often each value of the sketch occurred.
    """

    item_id: str
    table: str
    column: str
    position: int
    element: str | None
    owner: str
    named: bool
    n_values: int = 0
    short: bool = False
    sketch: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    counts: dict[int, int] = field(default_factory=dict)

    @property
    def uniqueness(self) -> float | None:
        """Return the share of distinct values that occur once, from the sketch; null without."""
        held = [self.counts.get(int(value), 0) for value in self.sketch]
        return round(sum(n == 1 for n in held) / len(held), 4) if held else None

    def add(self, fingerprints: pa.Array) -> None:
        """Take the fingerprints of one batch into the sketch."""
        held = np.asarray(fingerprints.drop_null())
        self.n_values += len(held)
        fresh, times = np.unique(held, return_counts=True)
        if len(self.sketch) >= SKETCH:
            low = fresh <= self.sketch[-1]
            fresh, times = fresh[low], times[low]
        fresh, times = fresh[:SKETCH], times[:SKETCH]
        if len(fresh):
            for value, n in zip(fresh.tolist(), times.tolist(), strict=True):
                self.counts[value] = self.counts.get(value, 0) + n
            self.sketch = np.unique(np.concatenate([self.sketch, fresh]))[:SKETCH]
            self.counts = {v: self.counts[v] for v in self.sketch.tolist()}


@dataclass(frozen=True)
class Link:
    """A key from one table's column to another's.

    Attributes:
        source: The column that points.
        target: The column that is pointed at.
        grounds: declared, name, values, decision.
        containment: Estimated share of the source's distinct values found in the target.
        in_use: Whether it is used.
        decided_by: rule, or the decision that settled it.
    """

    source: KeyColumn
    target: KeyColumn
    grounds: tuple[str, ...]
    containment: float
    in_use: bool = True
    decided_by: str = "rule"

    @property
    def rank(self) -> tuple[int, float]:
        """Sort key: declared first, then like names, then the greater containment."""
        order = (
            0
            if "decision" in self.grounds or "declared" in self.grounds
            else 2 - ("name" in self.grounds)
        )
        return order, -self.containment


def key_columns(guesses: Sequence[ColumnGuess], declared: Sequence[str]) -> list[str]:
    """Return the columns of a table by which its rows may be tied to others.

    Args:
        guesses: What the columns hold.
        declared: Columns that the exhibit declares as keys.
    """
    out = []
    for guess in guesses:
        words = plain_header(guess.column).split("_")
        generic = bool(set(words) & _GENERIC) or words[-1].endswith(("id", "key", "uuid"))
        own = guess.element in KEY_ELEMENTS and not guess.part and not guess.role
        if own or (guess.element is None and generic) or guess.column in declared:
            out.append(guess.column)
    return out[:MOST_COLUMNS]


def table_word(inner_path: str, exhibit_path: str) -> str:
    """Return the plain name of a table: ``dump.sql/public.customers`` → ``customers``."""
    text = inner_path or exhibit_path
    text = re.split(r"[/\\]", text)[-1]
    text = re.sub(r"(?:#\d+)?$", "", text)
    text = re.sub(
        r"(?:\.(?:csv|tsv|txt|parquet|json|jsonl|xlsx?|db|sqlite|gz|zst))+$", "", text, flags=re.I
    )
    return plain_header(text.split(".")[-1])


def learn_links(
    columns: Sequence[KeyColumn], declared: Sequence[tuple[str, str, str, str]]
) -> list[Link]:
    """Return the keys from every table's columns to the columns of other tables.

    Args:
        columns: All key columns of the case.
        declared: item, column, target table word or item, target column, as exhibits declare them.

    Source:
        Containment from the smallest hashes of both sets: Beyer et al., "On synopses for
        distinct-value estimation under multiset operations", SIGMOD 2007.
    """
    said = {(item, column, table, target) for item, column, table, target in declared}
    out = []
    for source in columns:
        for target in columns:
            if source.item_id == target.item_id or source.owner != target.owner:
                continue
            link = _link(source, target, said)
            if link is not None:
                out.append(link)
    return out


def _link(
    source: KeyColumn, target: KeyColumn, said: set[tuple[str, str, str, str]]
) -> Link | None:
    share = containment(source.sketch, target.sketch)
    is_declared = any(
        (source.item_id, source.column, table, target.column) in said
        for table in (target.item_id, target.table)
    )
    if is_declared:
        return Link(source, target, ("declared",), share)
    if like_names(source, target):
        return Link(source, target, ("name", "values"), share) if share >= LEAST_NAMED else None
    both = source.element in KEY_ELEMENTS and target.element in KEY_ELEMENTS
    if both and source.element != target.element:
        return None
    many = min(len(source.sketch), len(target.sketch)) >= LEAST_DISTINCT
    if many and not source.short and not target.short and share >= LEAST_UNNAMED:
        return Link(source, target, ("values",), share)
    return None


def containment(source: NDArray[np.uint64], target: NDArray[np.uint64]) -> float:
    """Return the estimated share of one set's values that the other holds, from both sketches."""
    if not len(source) or not len(target):
        return 0.0
    if len(target) >= SKETCH:
        source = source[source <= target[-1]]
        if not len(source):
            return 0.0
    return float(np.isin(source, target, assume_unique=True).mean())


def like_names(source: KeyColumn, target: KeyColumn) -> bool:
    """Say whether two columns are called alike, or one is called after the other's table."""
    if source.element is not None and source.element == target.element:
        return True
    here, there = _core(source.column), _core(target.column)
    if here and here == there:
        return True
    if here and not there:
        return here == _core(target.table)
    if there and not here:
        return there == _core(source.table)
    return False


def _core(name: str) -> frozenset[str]:
    """Return the words of a name that say of what it is the key, brought to one spelling."""
    words = [w for w in plain_header(name).split("_") if w not in _GENERIC]
    split = [re.sub(r"(?:id|no|num)$", "", w) if len(w) > 4 else w for w in words]
    single = [re.sub(r"s$", "", w) if len(w) > 3 else w for w in split]
    return frozenset(_SHORT.get(w, w) for w in single if w)


def is_short(cells: Cells) -> bool:
    """Say whether a column's values are small whole numbers, which any two counters share."""
    small = cells.present & (cells.digits == cells.lengths) & (cells.lengths <= 6)
    return bool(cells.n_present) and float(small.sum()) / cells.n_present > 0.5


def matches_sql(link: Link, rank: int, rows: str, targets: str, holders: str, tied: str) -> str:
    """Return SQL of the holders that one link leads rows without a name to.

    Args:
        link: The key.
        rank: Its place in the order of trust.
        rows: Key table of the source's item.
        targets: Key table of the target's item.
        holders: Relation ``record_id, holder, who, main``: rows whose person is known.
        tied: Relation with the ``record_id`` of rows that are settled.

    Returns:
        SQL of ``record_id, rank, holder, who, n_who``: one row a row and link; where several names
        hold the key and one of them is its main holder, that one.
    """
    here, there = f"k{link.source.position}", f"k{link.target.position}"
    return (
        "SELECT record_id, rank,\n"
        "       CASE WHEN n_who > 1 AND n_main = 1 THEN main_holder ELSE any_holder END AS holder,\n"
        "       CASE WHEN n_who > 1 AND n_main = 1 THEN main_who ELSE any_who END AS who,\n"
        "       CASE WHEN n_main = 1 THEN 1 ELSE n_who END AS n_who\n"
        "FROM (\n"
        f"  SELECT r.record_id, {rank} AS rank,\n"
        "         count(DISTINCT h.who) AS n_who,\n"
        "         count(DISTINCT CASE WHEN h.main THEN h.who END) AS n_main,\n"
        "         min(h.holder) AS any_holder,\n"
        "         min(h.who) AS any_who,\n"
        "         min(CASE WHEN h.main THEN h.holder END) AS main_holder,\n"
        "         min(CASE WHEN h.main THEN h.who END) AS main_who\n"
        f"  FROM {rows} AS r\n"
        f"  JOIN {targets} AS t ON r.{here} = t.{there}\n"
        f"  JOIN {holders} AS h ON h.record_id = t.record_id\n"
        "  WHERE r.who IS NULL\n"
        f"    AND r.record_id NOT IN (SELECT record_id FROM {tied})\n"
        "  GROUP BY r.record_id\n"
        ") AS found"
    )


def reason_of(link: Link) -> str:
    """Return in words what a link ties by."""
    return f"{link.source.column} = {link.target.table}.{link.target.column}"


def obey(links: Sequence[Link], decided: dict[str, tuple[bool, str]]) -> list[Link]:
    """Return the links as people decided: link id → in use or not, and the decision's id."""
    out = []
    for link in links:
        choice = decided.get(link_id(link))
        if choice is None:
            out.append(link)
        else:
            out.append(replace(link, in_use=choice[0], decided_by=choice[1]))
    return out


def link_id(link: Link) -> str:
    """Return ``L`` and a digest of both ends: stable between runs."""
    ends = [link.source.item_id, link.source.column, link.target.item_id, link.target.column]
    return "L" + ids.digest_value(ends)[:12]
