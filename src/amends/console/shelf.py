"""The shelf: copies of the run's tables in an order in which one person is found at once.

Made once for a run, under ``CASE/console``; thrown away when a table is written anew. It holds no more than the tables
do: contact data lie only in the copies of ``persons`` and ``records``, identifiers nowhere; the look-up by name holds
digests.

    persons, memberships, records … the same rows, sorted by person or record, in small row groups
    people                          one row a person: what lists filter by, elements as bits, the name masked
    names                           digests of names and of what a caller can prove, sorted by family name
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

import amends
from amends import notices
from amends.kernel import ids
from amends.kernel.case import Case
from amends.kernel.schema import Table
from amends.tables.duties import DUTY_GROUPS, PERSON_GROUPS
from amends.tables.elements import RECORDS
from amends.tables.notices import NOTICES
from amends.tables.persons import MEMBERSHIPS, PERSON_CHANGES, PERSON_ELEMENTS, PERSONS
from amends.taxonomy.elements import elements

ROW_GROUP = 16_384
"""Rows read to find one: smaller groups cost more in the file's index than they save (measured on 4 million rows)."""

MOST_ROWS = 40_000_000
"""Above so many rows a table is not copied: the copy would cost more disk than the case has to spare for comfort."""

BITS = 32

Stamp = Callable[[Iterable[Table]], str]


@dataclass(frozen=True)
class Copy:
    """A table of the shelf.

    Attributes:
        name: Name of its folder.
        reads: Tables it is made from: when one is written anew, it is made again.
        make: Returns its SQL, with the order.
        stands_for: The table in whose place it is read; ``None`` for one of its own.
    """

    name: str
    reads: tuple[Table, ...]
    make: Callable[[Case], str]
    stands_for: Table | None = None


def _sorted_by(table: Table, key: str) -> Copy:
    def sql(case: Case) -> str:
        return f"SELECT * FROM {case.read(table)} ORDER BY {key}"

    return Copy(table.name, (table,), sql, table)


def element_bits() -> Mapping[str, tuple[int, int]]:
    """Return the word and the bit that stand for each element in ``people``."""
    return {code: divmod(place, BITS) for place, code in enumerate(elements())}


def _people_sql(case: Case) -> str:
    """Return SQL of one row a person; ``stands`` sums as the funnel does: owed = held + planned + sealed."""
    bits = element_bits()
    known = case.engine.register("shelf_bits", pa.table({
        "element": pa.array(list(bits), pa.string()),
        "word": pa.array([w for w, _ in bits.values()], pa.int64()),
        "bit": pa.array([1 << b for _, b in bits.values()], pa.int64()),
    }))  # fmt: skip
    words = 1 + max(w for w, _ in bits.values())
    masks = ", ".join(
        f"coalesce(bit_or(b.bit) FILTER (WHERE b.word = {w}), 0) AS mask_{w}" for w in range(words)
    )
    shown = ", ".join(f"coalesce(e.mask_{w}, 0) AS mask_{w}" for w in range(words))
    return f"""
        SELECT p.person_id, coalesce(p.residence, 'unknown') AS residence, p.status, p.kind,
               array_to_string(list_transform(list_filter(
                   string_split_regex(p.name, '\\s+'), w -> w <> ''), w -> left(w, 1) || '···'), ' ') AS name,
               {shown}, coalesce(n.channel, '') AS channel, g.due_on, p.n_records, p.confidence,
               CASE WHEN g.tell IS NOT TRUE THEN 'not_owed'
                    WHEN n.sealed OR (n.free IS NULL AND t.person_id IS NOT NULL) THEN 'sealed'
                    WHEN n.free THEN 'planned' ELSE 'held' END AS stands
        FROM {case.read(PERSONS)} AS p
        LEFT JOIN (SELECT person_id, {masks} FROM {case.read(PERSON_ELEMENTS)} JOIN {known} AS b USING (element)
                   GROUP BY person_id) AS e USING (person_id)
        LEFT JOIN {case.read(PERSON_GROUPS)} AS m USING (person_id)
        LEFT JOIN {case.read(DUTY_GROUPS)} AS g USING (group_id)
        LEFT JOIN (SELECT person_id, bool_or(len(quarantine) = 0) AS free, bool_or(sealed_in IS NOT NULL) AS sealed,
                          max_by(channel, edition) AS channel
                   FROM {case.read(NOTICES)} GROUP BY person_id) AS n USING (person_id)
        LEFT JOIN {notices.told(case)} AS t USING (person_id)
        ORDER BY p.person_id
    """


def key_sql(text: str) -> str:
    """Return SQL of the digest of a name: accents, case, signs and spaces do not matter; null for nothing."""
    plain = f"regexp_replace(lower(strip_accents({text})), '[^\\p{{L}}\\p{{N}}]', '', 'g')"
    return f"CASE WHEN {plain} <> '' THEN hash({plain}) END"


PROOFS: Mapping[str, str] = {
    "zip": "hash(left(trim({}), 5))",
    "birth_on": "hash(CAST({} AS VARCHAR))",
    "phone": "hash(right(regexp_replace({}, '\\D', '', 'g'), 4))",
    "email": "hash(lower(trim({})))",
}
"""What a caller can prove → SQL of its digest. Never a digit of an SSN."""


def _names_sql(case: Case) -> str:
    """Return SQL of every name a person goes by in any record, with what stands beside it."""
    proofs = ", ".join(f"{sql.format('r.' + name)} AS {name}_key" for name, sql in PROOFS.items())
    return f"""
        SELECT DISTINCT {key_sql("coalesce(r.name_last, r.business)")} AS last_key,
               {key_sql("r.name_first")} AS first_key, {proofs}, m.person_id
        FROM {case.read(MEMBERSHIPS)} AS m JOIN {case.read(RECORDS)} AS r USING (record_id)
        WHERE coalesce(r.name_last, r.business) IS NOT NULL
        ORDER BY last_key, first_key
    """


_ALL = (PERSONS, PERSON_ELEMENTS, PERSON_GROUPS, DUTY_GROUPS, NOTICES, PERSON_CHANGES)
COPIES = (
    Copy("people", _ALL, _people_sql),
    _sorted_by(PERSONS, "person_id"),
    _sorted_by(MEMBERSHIPS, "person_id, record_id"),
    _sorted_by(PERSON_ELEMENTS, "person_id, element"),
    _sorted_by(PERSON_GROUPS, "person_id"),
    _sorted_by(NOTICES, "person_id, edition"),
    Copy("names", (MEMBERSHIPS, RECORDS), _names_sql),
    _sorted_by(RECORDS, "record_id"),
)
"""In the order in which they are made: what pages need first comes first."""


class Shelf:
    """The shelf of a case.

    Args:
        folder: ``CASE/console``.
        stamp: Returns what changes when one of some tables is written anew.
    """

    def __init__(self, folder: Path, stamp: Stamp) -> None:
        """Use a folder; nothing is made yet."""
        self._folder = folder
        self._stamp = stamp

    def place(self, copy: Copy) -> Path:
        """Return where a copy lies for the tables as they are now."""
        key = ids.digest_text(f"{amends.__version__} {ROW_GROUP} {self._stamp(copy.reads)}")[:16]
        return self._folder / copy.name / key / "part.parquet"

    def file(self, name: str) -> Path | None:
        """Return the file of a copy, or ``None`` while it is not made for the tables as they are now."""
        place = self.place(_BY_NAME[name])
        return place if place.exists() else None

    def missing(self) -> list[Copy]:
        """Return the copies that wait to be made."""
        return [c for c in COPIES if not self.place(c).parent.exists()]

    def make(self, case: Case, copy: Copy) -> None:
        """Make a copy, whole or not at all, and throw away the one before it; one that is too large is left out."""
        if not all(case.has(t) for t in copy.reads if t is not PERSON_CHANGES):
            return
        place = self.place(copy)
        home = self._folder / copy.name
        half = home / f".{place.parent.name}.half"
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(parents=True, mode=0o700)
        self._folder.chmod(0o700)
        if copy.stands_for is None or _rows(case, copy.stands_for) <= MOST_ROWS:
            target = str(half / "part.parquet").replace("'", "''")
            case.engine.execute(
                f"COPY ({copy.make(case)}) TO '{target}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})"
            )
        if place.parent.exists():
            shutil.rmtree(half)
        else:
            half.rename(place.parent)
        for old in home.iterdir():
            if old != place.parent:
                shutil.rmtree(old, ignore_errors=True)


_BY_NAME = {c.name: c for c in COPIES}


def _rows(case: Case, table: Table) -> int:
    return int(case.engine.arrow(f"SELECT count(*) AS n FROM {case.read(table)}")["n"][0].as_py())
