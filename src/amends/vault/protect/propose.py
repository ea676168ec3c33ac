"""Which columns should be protected, how, and why the others should not: from what a scan found.

Source:
    NIST SP 800-38G Rev. 1 (draft): no format-preserving encryption under a million values. What determinism shows:
    ``leaks.py``.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from amends.kernel import clock, ids
from amends.kernel.errors import TableError, UsageError
from amends.taxonomy.elements import elements
from amends.vault.ciphers import Scheme
from amends.vault.formats import is_small
from amends.vault.protect.plan import (
    Plan,
    PlannedColumn,
    PlannedTable,
    change_id,
    grouped,
    in_order,
    joined,
    shape_digest,
)
from amends.vault.stores.base import ChangingStore, TableShape

SECRETS = ("pin", "account_pin", "card_cvv", "card_expiry", "irs_ip_pin")
"""Few values, and nobody joins tables on them: tokens that differ each time."""

WORK_FACTOR = 4.0
"""A protection reads, writes, indexes and verifies: about four times as long as reading (bench/protect.py)."""

CHUNK_ROWS = 65_536


@dataclass(frozen=True)
class Found:
    """What a column holds, as a scan saw it.

    Attributes:
        table: Its table.
        column: The column.
        element: Element code.
        n_valid: Values that have the element's form.
        n_values: Values that are not empty.
        hashed: Whether they stand there hashed without a key, which is no protection.
    """

    table: str
    column: str
    element: str
    n_valid: int
    n_values: int
    hashed: bool = False


@dataclass(frozen=True)
class Added:
    """A column that a person wants protected.

    Attributes:
        table: Its table.
        column: The column.
        domain: Its domain.
    """

    table: str
    column: str
    domain: str


def propose(
    store: ChangingStore,
    vault_id: str,
    address: str,
    shapes: Sequence[TableShape],
    found: Iterable[Found],
    added: Sequence[Added] = (),
) -> Plan:
    """Return a plan for a store; changes nothing there.

    Args:
        store: The store.
        vault_id: The vault whose keys shall make the tokens.
        address: How the store was named, without a password.
        shapes: Every table of the store, rows counted.
        found: What a scan found.
        added: What a person adds.
    """
    listed = list(found)
    _check_added(shapes, added)
    chosen, remarks = chosen_columns(listed, added)
    chosen = joined(shapes, chosen)
    plan_id = "V" + ids.new(8)
    groups = grouped(shapes, chosen)
    by_name = {s.name: s for s in shapes}
    tables = tuple(
        _table(store, by_name[name], plan_id, tuple(chosen[name].values()), groups[name])
        for name in in_order(shapes, chosen, groups)
        if name in by_name
    )
    return Plan(
        plan_id, vault_id, address, store.name, clock.stamp(), CHUNK_ROWS, tables, tuple(remarks)
    )


def _check_added(shapes: Sequence[TableShape], added: Sequence[Added]) -> None:
    known = {(s.name, c.name) for s in shapes for c in s.columns}
    for one in added:
        if (one.table, one.column) not in known:
            raise UsageError(
                "There is no such column to add",
                where=f"{one.table} {one.column}",
                remedy="name table and column as the plan lists them",
            )


def chosen_columns(
    found: Sequence[Found], added: Sequence[Added]
) -> tuple[dict[str, dict[str, PlannedColumn]], list[str]]:
    """Return the columns to protect, and remarks on those that are left."""
    identifiers = {code for code, element in elements().items() if element.identifier}
    made: dict[str, dict[str, PlannedColumn]] = {}
    remarks = []
    for one in added:
        made.setdefault(one.table, {})[one.column] = PlannedColumn(
            one.column, one.domain, _scheme(one.domain), "added by a person"
        )
    for one_found in _main_elements(found):
        where = f"{one_found.table} {one_found.column}"
        if one_found.column in made.get(one_found.table, {}):
            continue
        if one_found.hashed:
            remarks.append(
                f"{where}: {one_found.element} hashed without a key. That is no protection: every value can be tried "
                "out in minutes. Drop the column, or protect the hash as it stands: add it with --add"
            )
        elif one_found.element in identifiers:
            made.setdefault(one_found.table, {})[one_found.column] = PlannedColumn(
                one_found.column, one_found.element, _scheme(one_found.element), _why(one_found)
            )
        elif is_small(one_found.element):
            remarks.append(
                f"{where}: {one_found.element} has under a million values. FF1 would not protect it, and equal tokens "
                "would give it away by how often each occurs. Left in clear: shorten it, or drop it"
            )
        else:
            remarks.append(
                f"{where}: {one_found.element} in clear. Letters and searches need it; where yours do not: --add"
            )
    return made, remarks


def _scheme(element: str) -> Scheme:
    return "random" if element in SECRETS else "siv"


def _main_elements(found: Sequence[Found]) -> list[Found]:
    """Return one entry a column: the element of most of its values, an identifier before others."""
    identifiers = {code for code, element in elements().items() if element.identifier}
    best: dict[tuple[str, str], Found] = {}
    for one in found:
        held = best.get((one.table, one.column))
        if held is None or (one.element in identifiers, one.n_values) > (
            held.element in identifiers,
            held.n_values,
        ):
            best[one.table, one.column] = one
    return list(best.values())


def _why(found: Found) -> str:
    return f"{found.n_values:,} values read as {found.element}, {found.n_valid:,} of them valid"


def _table(
    store: ChangingStore,
    shape: TableShape,
    plan_id: str,
    columns: tuple[PlannedColumn, ...],
    group: int,
) -> PlannedTable:
    made = PlannedTable(
        shape.name,
        change_id(plan_id, shape.name),
        columns,
        shape_digest(shape),
        shape.n_rows,
        group,
    )
    outlook = store.outlook(made.change(CHUNK_ROWS))
    notes = [f"stands on it: {use}" for use in shape.uses]
    notes += [f"will change: {change}" for change in outlook.changes]
    if outlook.bytes_needed >= 0:
        notes.append(f"disk needed meanwhile: about {_size(outlook.bytes_needed)}")
    if shape.n_rows > 0 and not outlook.refusals:
        notes.append(f"time: about {_duration(_seconds(store, shape, columns))}")
    return replace(made, notes=tuple(notes), refusals=outlook.refusals)


def _seconds(store: ChangingStore, shape: TableShape, columns: Sequence[PlannedColumn]) -> float:
    """Return how long a table would take, from how long its first batch takes to read."""
    started = time.monotonic()
    names = list(dict.fromkeys([*shape.key, *(c.name for c in columns)]))
    try:
        batch: pa.RecordBatch | None = next(iter(store.batches(shape.name, names)), None)
    except TableError:
        batch = None
    if batch is None or not batch.num_rows:
        return 0.0
    a_row = (time.monotonic() - started) / int(batch.num_rows)
    return a_row * shape.n_rows * WORK_FACTOR + 1


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _size(size_bytes: int) -> str:
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20)):
        if size_bytes >= factor:
            return f"{size_bytes / factor:,.1f} {unit}"
    return f"{max(size_bytes // 1024, 1):,} KiB"


def applications() -> tuple[str, ...]:
    """Return, in words, what applications notice of tokens."""
    return (
        "Equality still works, through the token: the SQLAlchemy type of Amends makes it from the value.",
        "LIKE, prefixes, ranges and ordering say nothing about the value any more; casts to numbers or dates fail.",
        "A token is longer: tk, a number, 22 letters and four for each three bytes of the value.",
        "Whoever writes a value in clear after the swap still can, unless guard = true: verify counts such values.",
        "Statements that are under way at the swap wait, about a second; prepared ones are planned anew.",
    )
