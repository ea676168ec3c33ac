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
# Share of a column's values that occur once from which each stands for one row. A mistyped or
# repeated key a row or two does not make it a shared one.
MOSTLY_ONCE = 0.9
# What a row is tied by, in order of trust: a key that the exhibit declares or a person decided; a
# key that is each row's own; two keys that agree on one row; a key that several rows share (the
# account of a family); contact data of a person alone.
DECLARED, OWN_KEY, TWO_KEYS, SHARED_KEY, BY_CONTACT = range(5)
CONTACT = word_set("phone email")
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
        exhibit_id: The exhibit its table lies in.
        store: The system its exhibit came from, where said.
        role: stolen or roster.
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
    exhibit_id: str = ""
    store: str = ""
    role: str = "stolen"
    n_values: int = 0
    short: bool = False
    sketch: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    counts: dict[int, int] = field(default_factory=dict)

    @property
    def uniqueness(self) -> float | None:
        """Return the share of distinct values that occur once, from the sketch; null without."""
        held = [self.counts.get(int(value), 0) for value in self.sketch]
        return round(sum(n == 1 for n in held) / len(held), 4) if held else None

    @property
    def is_unique(self) -> bool:
        """Say whether nearly every value stands in one row only."""
        return (self.uniqueness or 0.0) >= MOSTLY_ONCE

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
    def is_contact(self) -> bool:
        """Say whether it ties by contact data of a person, which homes share and others inherit."""
        return self.target.named and self.target.element in CONTACT

    @property
    def is_bridge(self) -> bool:
        """Say whether it leads to rows without a name, which are tied themselves."""
        return not self.target.named

    @property
    def level(self) -> int:
        """Return how far it can be trusted: ``DECLARED`` to ``BY_CONTACT``, less is better."""
        if "decision" in self.grounds or "declared" in self.grounds or self.decided_by != "rule":
            return DECLARED
        if self.is_contact:
            return BY_CONTACT
        alone = self.target.is_unique and (self.target.named or self.source.is_unique)
        return OWN_KEY if alone and "name" in self.grounds else SHARED_KEY

    @property
    def grade(self) -> int:
        """Return how far others can trust the rows it ties.

        Where many rows share one row without a name (the lines of an account), they reach the
        person that stands behind that row, which is not always the person they are about.
        """
        shared = self.is_bridge and not self.source.is_unique
        return max(self.level, SHARED_KEY) if shared else self.level

    @property
    def rank(self) -> tuple[int | float, ...]:
        """Sort key within a level: unique targets, then near ones, then like names."""
        here, there = self.source, self.target
        near = here.exhibit_id == there.exhibit_id or bool(here.store and here.store == there.store)
        place = 0 if near else 1 if there.role == "roster" else 2
        return not there.is_unique, place, "name" not in self.grounds, -self.containment


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
    sources = {(item, column) for item, column, _, _ in declared}
    meeting = _meeting(columns)
    out = []
    for at, source in enumerate(columns):
        others = range(len(columns)) if (source.item_id, source.column) in sources else meeting[at]
        for there in others:
            target = columns[there]
            if source.item_id == target.item_id or source.owner != target.owner:
                continue
            link = _link(source, target, said)
            if link is not None:
                out.append(link)
    return out


def _meeting(columns: Sequence[KeyColumn]) -> list[list[int]]:
    """Return for every column those that hold any of its values, by the sketches of both."""
    holders: dict[int, list[int]] = {}
    for at, column in enumerate(columns):
        for value in column.sketch.tolist():
            holders.setdefault(value, []).append(at)
    met: list[set[int]] = [set() for _ in columns]
    for group in {tuple(held) for held in holders.values() if len(held) > 1}:
        for at in group:
            met[at].update(group)
    return [sorted(held) for held in met]


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
