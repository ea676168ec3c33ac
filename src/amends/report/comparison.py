"""Records side by side: how each field agrees, what that weighs, and what may be shown of it.

Levels and chances are those of entity resolution with its shipped parameters; what the run learned from the whole case
moves a weight a little (as in ``persons.explain_ties``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from amends.kernel.case import Case
from amends.kernel.errors import UsageError
from amends.persons import model
from amends.persons.compare import FIELDS, Levels, compare, shares_of
from amends.persons.features import Features
from amends.persons.frequency import drop_crowds
from amends.persons.records import COLUMNS, record_features
from amends.report.explain import mask
from amends.tables.custody import EXHIBITS, ITEMS
from amends.tables.elements import PLACES, RECORDS
from amends.tables.persons import MEMBERSHIPS, PERSONS

Row = dict[str, object]

MOST = 12
"""Records shown beside each other; a person's eye loses more."""

SIGNS: Mapping[str, str] = {"same": "=", "close": "≈", "differs": "≠", "missing": "–"}
"""How a field agrees, as a sign beside the colour."""

_DIFFERS = ("different", "person_and_business")
_SAME = ("equal", "same_address")

_SHOWN: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "first": ("given name", ("name_first",)),
    "middle": ("middle name", ("name_middle",)),
    "last": ("family name", ("name_last",)),
    "suffix": ("suffix", ("name_suffix",)),
    "born": ("birth date", ("birth_on",)),
    "ssn": ("SSN", ("ssn_last4",)),
    "phone": ("phone", ("phone",)),
    "email": ("e-mail", ("email",)),
    "place": ("address", ("street", "city", "state", "zip")),
    "licence": ("driver's licence", ("licence_last4",)),
    "account": ("account", ("account_token",)),
    "device": ("device", ("imei_token", "imsi_token")),
    "passport": ("passport", ("passport_token",)),
    "business": ("business name", ("business",)),
}
"""Field of the comparison → its name and the columns that are shown for it."""

_LEVEL_WORDS = {
    "missing": "not in both", "different": "different", "alike": "alike", "near": "but for a slip",
    "part": "a part of it", "initial": "the initial", "nickname": "a short form",
    "swapped": "given and family name swapped", "equal_common": "equal, a common name",
    "equal_usual": "equal", "equal_uncommon": "equal, an uncommon name", "equal_rare": "equal, a rare name",
    "equal": "equal", "equal_many": "equal, but many people have it",
    "same_year": "the same year",
    "slip": "but for a slip", "last4_near": "last four but for a slip",
    "last4_equal": "equal last four, another number", "last4_only": "equal last four, no more is known",
    "same_state": "the same state or city",
    "same_zip": "the same ZIP code", "near_address": "nearly the same address", "other_unit": "another unit",
    "same_address": "the same address", "person_and_business": "a person and a business",
}  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One field of one record beside the first record.

    Attributes:
        value: What is shown: masked, unless revealed; "" when the record lacks it.
        look: same, close, differs or missing; "" for the first record.
        level: The level in words.
        weight: log10 odds this field adds for being one person; None for the first record.
    """

    value: str
    look: str = ""
    level: str = ""
    weight: float | None = None

    @property
    def sign(self) -> str:
        """Return the sign that stands beside the colour."""
        return SIGNS.get(self.look, "")


@dataclass(frozen=True)
class Side:
    """A record as the head of its column.

    Attributes:
        record_id: Its id.
        person_id: The person it is in now; "" for none.
        n_records: Records that person has.
        role: stolen or roster.
        source: Exhibit, item and row.
        elements: Elements it holds.
        via: The record it belongs to by a key between tables, whose name it bears; None for none.
        weight: log10 odds that it and the first record are one person; None for the first.
        before: What of it comes from how rare a match is before looking, and from limits.
    """

    record_id: int
    person_id: str
    n_records: int
    role: str
    source: str
    elements: tuple[str, ...]
    via: int | None = None
    weight: float | None = None
    before: float | None = None


@dataclass(frozen=True)
class Comparison:
    """Records side by side.

    Attributes:
        sides: One a record.
        lines: Field name → one cell a record.
        left_out: Records not shown because there are too many.
    """

    sides: tuple[Side, ...]
    lines: Mapping[str, tuple[Cell, ...]]
    left_out: int = 0


def compare_records(case: Case, record_ids: Sequence[int], *, reveal: bool = False) -> Comparison:
    """Return records side by side, each compared with the first.

    Args:
        case: The case.
        record_ids: At least one; the order is kept.
        reveal: Show names and contacts in full; the caller writes that to the ledger.

    Raises:
        UsageError: None of the records is in the case any more.
    """
    wanted = [int(r) for r in dict.fromkeys(record_ids)][:MOST]
    if not wanted:
        raise UsageError("There is no record to compare")
    records = case.read(RECORDS)
    rows = _rows(case, records, wanted)
    found = [r for r in wanted if r in rows]
    if not found:
        raise UsageError(
            "These records are not in the case any more",
            remedy="the evidence was read anew: go back to the list",
        )
    holders = sorted({int(str(h)) for r in found if (h := rows[r]["linked_to"]) is not None})
    _lend_names(case, records, [rows[r] for r in found], holders)
    levels, weights, parts = (
        ({}, [], {}) if len(found) < 2 else _levels(case, records, found, holders)
    )
    sides = tuple(_side(rows[r], i, weights, parts) for i, r in enumerate(found))
    lines = {
        label: tuple(
            _cell(rows[r], field, columns, i, levels, parts, reveal) for i, r in enumerate(found)
        )
        for field, (label, columns) in _SHOWN.items()
    }
    kept = {label: cells for label, cells in lines.items() if any(c.value for c in cells)}
    return Comparison(sides, kept, len(set(record_ids)) - len(found))


def _rows(case: Case, records: str, wanted: Sequence[int]) -> dict[int, Row]:
    """Return the records with their source and person; each table is asked for a few ids, never joined whole."""
    listed = ", ".join(map(str, wanted))
    found = case.engine.arrow(f"SELECT * FROM {records} WHERE record_id IN ({listed})").to_pylist()
    rows: dict[int, Row] = {r["record_id"]: dict(r) for r in found}
    items = sorted({str(r["item_id"]) for r in rows.values()})
    sources = case.engine.arrow(
        f"""SELECT i.item_id, e.path AS exhibit, i.inner_path FROM {case.read(ITEMS)} AS i
        JOIN {case.read(EXHIBITS)} AS e USING (exhibit_id) WHERE list_contains(?, i.item_id)""",
        [items],
    ).to_pylist()
    by_item = {r["item_id"]: r for r in sources}
    members = case.engine.arrow(
        f"SELECT record_id, person_id FROM {case.read(MEMBERSHIPS)} WHERE record_id IN ({listed})"
    ).to_pylist()
    person = {r["record_id"]: r["person_id"] for r in members}
    sizes = _person_sizes(case, sorted(set(person.values())))
    for number, row in rows.items():
        row |= {**by_item[row["item_id"]], "person_id": person.get(number)}
        row["n_person"] = sizes.get(str(person.get(number)), 0)
    return rows


def _person_sizes(case: Case, persons: Sequence[str]) -> dict[str, int]:
    if not persons:
        return {}
    marks = ", ".join("?" for _ in persons)
    found = case.engine.arrow(
        f"""SELECT person_id, n_records + n_roster_records AS n FROM {case.read(PERSONS)}
        WHERE person_id IN ({marks})""",
        list(persons),
    ).to_pylist()
    return {r["person_id"]: int(r["n"] or 0) for r in found}


_LENT = ("name_first", "name_middle", "name_last", "name_suffix", "birth_on", "business")


def _lend_names(case: Case, records: str, rows: Sequence[Row], holders: Sequence[int]) -> None:
    """Give rows without a name the name and birth date of the record they belong to, as the comparison does."""
    if not holders:
        return
    listed = ", ".join(map(str, holders))
    sql = f"SELECT record_id, {', '.join(_LENT)} FROM {records} WHERE record_id IN ({listed})"
    known = {r["record_id"]: r for r in case.engine.arrow(sql).to_pylist()}
    for row in rows:
        holder = known.get(row["linked_to"])
        named = any(row[c] for c in ("name_first", "name_last", "business"))
        if holder and not named:
            lent = {c: holder[c] for c in _LENT if row[c] is None and holder[c] is not None}
            row.update(lent)
            row["lent"] = tuple(lent)


Parts = Mapping[str, npt.NDArray[np.float64]]


def _levels(
    case: Case, records: str, found: Sequence[int], holders: Sequence[int]
) -> tuple[Levels, list[float], Parts]:
    """Return levels, weights and what each field adds, for the pairs (first, each other)."""
    listed = ", ".join(map(str, {*found, *holders}))
    sql = f"SELECT {', '.join(COLUMNS)} FROM {records} WHERE record_id IN ({listed})"
    total = int(case.engine.arrow(f"SELECT count(*) AS n FROM {records}")["n"][0].as_py())
    features = record_features(case.engine.arrow(sql).to_batches())
    row_of = {int(r): i for i, r in enumerate(features.record_id)}
    crowds, _ = drop_crowds(features)
    shares = shares_of(features)
    a = np.full(len(found) - 1, row_of[found[0]], np.int64)
    b = np.array([row_of[r] for r in found[1:]], np.int64)
    levels = compare(features, crowds, shares, a, b)
    nothing = {f: v[:0] for f, v in levels.items()}
    chances = model.first_model(total, shares, nothing, _name_counts(features), float("nan"))
    weights = model.weigh(chances, levels)
    return levels, [float(w) for w in weights], field_weights(chances, levels)


def _name_counts(features: Features) -> dict[str, npt.NDArray[np.float64]]:
    return {
        f: np.bincount(codes, minlength=len(features.names)).astype(float)
        for f, codes in (("first", features.first), ("last", features.last))
    }


def field_weights(chances: model.Model, levels: Levels) -> dict[str, npt.NDArray[np.float64]]:
    """Return what each field adds to the log10 odds of each pair.

    The rival explanation is a mixture: relatives in one home, or strangers. Each field is weighed against the two in
    the shares in which they explain the pair as a whole, so the fields and what was believed before looking add up.
    """
    n = max(chances.n, model.SMALLEST)
    kin = model.log_chances(chances.relatives, levels) + np.log(chances.relatives_per_record / n)
    other = model.log_chances(chances.strangers, levels)
    share = 1 / (1 + np.exp(np.clip(other.astype(float) - kin, -60, 60)))
    made = {}
    for field, values in levels.items():
        same, rel, far = (
            np.log10(table[field])[values]
            for table in (chances.same, chances.relatives, chances.strangers)
        )
        made[field] = np.where(values == 0, 0.0, same - (share * rel + (1 - share) * far))
    return made


def look_of(level: str) -> str:
    """Return how a level of agreement is shown: same, close, differs or missing."""
    if level in ("", "missing"):
        return "missing"
    if level in _DIFFERS:
        return "differs"
    return "same" if level.startswith(_SAME) else "close"


def _side(row: Row, place: int, weights: Sequence[float], parts: Parts) -> Side:
    weight = before = None
    if place and weights:
        weight = round(weights[place - 1], 2)
        before = round(weights[place - 1] - sum(float(p[place - 1]) for p in parts.values()), 2)
    locator = int(str(row["locator"])) % PLACES
    where = f"row {locator}" if row["kind"] == "row" else f"character {locator}"
    path = " › ".join(str(p) for p in (row["exhibit"], row["inner_path"]) if p)
    held = row["elements"] if isinstance(row["elements"], list) else []
    return Side(
        int(str(row["record_id"])),
        str(row["person_id"] or ""),
        int(str(row["n_person"] or 0)),
        str(row["role"]),
        f"{path}, {where}",
        tuple(str(e) for e in held),
        int(str(row["linked_to"])) if row.get("lent") else None,
        weight,
        before,
    )


def _cell(
    row: Row,
    field: str,
    columns: Sequence[str],
    place: int,
    levels: Levels,
    parts: Parts,
    reveal: bool,
) -> Cell:
    value = _value(row, field, columns, reveal)
    if not place or not levels:
        return Cell(value)
    level = FIELDS[field][int(levels[field][place - 1])]
    weight = round(float(parts[field][place - 1]), 2)
    return Cell(value, look_of(level), _LEVEL_WORDS[level], weight)


def _value(row: Row, field: str, columns: Sequence[str], reveal: bool) -> str:
    found = [(c, row[c]) for c in columns if row.get(c) not in (None, "")]
    if field in ("account", "device", "passport"):
        return "on record" if found else ""
    if field == "ssn" and row.get("ssn_last4"):
        whole = "" if row.get("ssn_token") else " (only these)"
        return f"···-··-{row['ssn_last4']}{whole}"
    if field == "licence":
        return f"···{row['licence_last4']}" if row.get("licence_last4") else ""
    return ", ".join(str(v) if reveal else str(_masked(c, v)) for c, v in found)


def _masked(column: str, value: object) -> object:
    return f"{str(value)[:1]}···" if column == "name_suffix" else mask(column, value)
