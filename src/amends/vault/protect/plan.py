"""What is to become of a store: tables, columns, domains, schemes; and whether that can be done now.

A plan is made from what a scan found, read and perhaps edited by a person, and checked again each time it is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from amends.kernel import ids
from amends.kernel.errors import UsageError
from amends.vault.ciphers import Scheme
from amends.vault.formats import format_of
from amends.vault.stores.base import Change, ChangingStore, ForeignKey, Refusal, TableShape

SCHEMES: tuple[Scheme, ...] = ("siv", "ff1", "random")


@dataclass(frozen=True)
class PlannedColumn:
    """A column that is to be protected.

    Attributes:
        name: The column.
        domain: Values of one domain get equal tokens for equal values, in whichever table they stand.
        scheme: How tokens are made.
        why: Why it is in the plan, for whoever reads it.
    """

    name: str
    domain: str
    scheme: Scheme = "siv"
    why: str = ""


@dataclass(frozen=True)
class PlannedTable:
    """A table that is to be changed.

    Attributes:
        name: Its name in the store.
        change_id: Id of its change.
        columns: Its protected columns.
        shape: Digest of its columns, types and key when the plan was made.
        n_rows: Rows when the plan was made.
        group: Tables of one number change together.
        guard: Whether the store refuses values in clear from the swap on.
        notes: What stands on it and what will be different, for whoever reads it.
        refusals: What stood in the way when the plan was made.
    """

    name: str
    change_id: str
    columns: tuple[PlannedColumn, ...]
    shape: str
    n_rows: int = -1
    group: int = 1
    guard: bool = False
    notes: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()

    def change(self, chunk_rows: int) -> Change:
        """Return the change that a store is asked for."""
        return Change(
            self.change_id,
            self.name,
            tuple(c.name for c in self.columns),
            chunk_rows,
            tuple(c.name for c in self.columns if c.scheme == "ff1"),
            self.guard,
        )


@dataclass(frozen=True)
class Plan:
    """What is to become of a store.

    Attributes:
        plan_id: ``V`` and 16 hex digits.
        vault_id: The vault whose keys make the tokens.
        address: The store, without a password.
        store: Its printable name.
        made_at: When the plan was made.
        chunk_rows: Rows between two commits.
        tables: In the order in which they are changed.
        remarks: What a person should know about columns that are not in it.
    """

    plan_id: str
    vault_id: str
    address: str
    store: str
    made_at: str
    chunk_rows: int
    tables: tuple[PlannedTable, ...]
    remarks: tuple[str, ...] = field(default=(), compare=False)

    def digest(self) -> str:
        """Return the SHA-256 of what the plan asks for; words for the reader are left out."""
        return ids.digest_value(
            [
                self.plan_id, self.vault_id, self.store, self.chunk_rows,
                [
                    [t.name, t.change_id, t.shape, t.group, t.guard,
                     [[c.name, c.domain, c.scheme] for c in t.columns]]
                    for t in self.tables
                ],
            ]
        )  # fmt: skip

    def groups(self) -> list[list[PlannedTable]]:
        """Return the tables that change together, in order."""
        numbers = dict.fromkeys(t.group for t in self.tables)
        return [[t for t in self.tables if t.group == number] for number in numbers]


def change_id(plan_id: str, table: str) -> str:
    """Return the id of a table's change: the same for the same plan and table."""
    return "V" + ids.digest_text(f"{plan_id} {table}")[:16]


def shape_digest(shape: TableShape) -> str:
    """Return a digest of a table's columns, types and key."""
    return ids.digest_value([shape.name, [[c.name, c.type] for c in shape.columns], shape.key])[:32]


# --- which columns


Choice = Mapping[str, Mapping[str, PlannedColumn]]
"""Table → column → how it is protected."""


def joined(shapes: Sequence[TableShape], chosen: Choice) -> dict[str, dict[str, PlannedColumn]]:
    """Return the choice with every column that a foreign key joins to a chosen one, under the same domain.

    Args:
        shapes: Every table of the store.
        chosen: What was found.

    Returns:
        The choice, closed under foreign keys; a column that two keys would give two domains keeps its first.
    """
    made = {table: dict(columns) for table, columns in chosen.items()}
    moved = True
    while moved:
        moved = False
        for shape, key in _keys(shapes):
            for here, there in zip(key.columns, key.to_columns, strict=True):
                moved |= _pulled(made, (shape.name, here), (key.table, there))
                moved |= _pulled(made, (key.table, there), (shape.name, here))
    return made


def _keys(shapes: Sequence[TableShape]) -> Iterator[tuple[TableShape, ForeignKey]]:
    for shape in shapes:
        for key in shape.foreign_keys:
            yield shape, key


def _pulled(
    made: dict[str, dict[str, PlannedColumn]], source: tuple[str, str], to: tuple[str, str]
) -> bool:
    """Give a joined column the domain and scheme of the one it is joined to; say whether that was new."""
    column = made.get(source[0], {}).get(source[1])
    there = made.get(to[0], {}).get(to[1])
    if column is None or there is not None:
        return False
    why = f"joined by a foreign key to {source[0]}, column {source[1]}"
    made.setdefault(to[0], {})[to[1]] = replace(column, name=to[1], why=why)
    return True


def grouped(shapes: Sequence[TableShape], chosen: Choice) -> dict[str, int]:
    """Return the number of each chosen table's group, from 1: tables joined over protected columns share one."""
    leader = {table: table for table in chosen}

    def head(table: str) -> str:
        while leader[table] != table:
            table = leader[table]
        return table

    for shape, key in _keys(shapes):
        if not {shape.name, key.table} <= set(chosen):
            continue
        if set(key.columns) & set(chosen[shape.name]):
            leader[head(key.table)] = head(shape.name)
    numbers = {h: n for n, h in enumerate(dict.fromkeys(head(t) for t in sorted(chosen)), 1)}
    return {table: numbers[head(table)] for table in chosen}


def in_order(
    shapes: Sequence[TableShape], names: Iterable[str], groups: Mapping[str, int]
) -> list[str]:
    """Return tables by group, those that others point to first."""
    points = {s.name: {k.table for k in s.foreign_keys} - {s.name} for s in shapes}
    left, made = sorted(names, key=lambda n: (groups[n], n)), list[str]()
    while left:
        free = next((n for n in left if not points.get(n, set()) & (set(left) - {n})), left[0])
        left.remove(free)
        made.append(free)
    return sorted(made, key=lambda n: groups[n])


# --- whether it can be done


def check(plan: Plan, store: ChangingStore, vault_id: str, *, begun: Iterable[str] = ()) -> None:
    """Check a plan against the vault and the store as they are now.

    Args:
        plan: The plan.
        store: The store it is for.
        vault_id: The vault that is open.
        begun: Tables whose change has begun: their shape may differ.

    Raises:
        UsageError: The plan is for another vault or store, or contradicts itself.
        TableError: A table is not what it was, or cannot be changed.
    """
    _check_places(plan, store, vault_id)
    skipped = set(begun)
    shapes = {s.name: s for s in store.tables(count=False)}
    for table in plan.tables:
        _check_columns(table)
        if table.name not in skipped:
            _check_shape(table, shapes)
    _check_keys(plan, shapes)
    for table in plan.tables:
        if table.name in skipped:
            continue
        refused = store.outlook(table.change(plan.chunk_rows)).refusals
        if refused:
            raise UsageError(refused[0].what, where=table.name, remedy=refused[0].remedy)


def _check_places(plan: Plan, store: ChangingStore, vault_id: str) -> None:
    if plan.vault_id != vault_id:
        raise UsageError(
            "The plan was made for another vault",
            where=plan.plan_id,
            remedy="name the vault it was made for, or make a new plan",
        )
    if plan.store != store.name:
        raise UsageError(
            "The plan was made for another store",
            where=f"{plan.store}, opened: {store.name}",
            remedy="make a plan for this store",
        )


def _check_columns(table: PlannedTable) -> None:
    names = [c.name for c in table.columns]
    if not names or len(set(names)) != len(names):
        raise UsageError(
            "A table of the plan names no column, or one twice",
            where=table.name,
            remedy="name each column once, or take the whole table out",
        )
    if table.guard and any(c.scheme == "ff1" for c in table.columns):
        raise UsageError(
            "FF1 tokens look like values, so the store cannot refuse values in clear",
            where=table.name,
            remedy='set guard = false, or scheme = "siv"',
        )
    for column in table.columns:
        if column.scheme not in SCHEMES:
            raise UsageError(
                f"There is no scheme {column.scheme}",
                where=f"{table.name} {column.name}",
                remedy="use siv, ff1 or random",
            )
        if column.scheme == "ff1":
            format_of(column.domain)


def _check_shape(table: PlannedTable, shapes: Mapping[str, TableShape]) -> None:
    shape = shapes.get(table.name)
    if shape is None:
        raise UsageError(
            "The store has no such table any more", where=table.name, remedy="make the plan again"
        )
    known = {c.name for c in shape.columns}
    missing = [c.name for c in table.columns if c.name not in known]
    if missing or shape_digest(shape) != table.shape:
        raise UsageError(
            "The table was changed since the plan was made",
            where=f"{table.name} {' '.join(missing)}".strip(),
            remedy="make the plan again, and read it again",
        )
    for column in table.columns:
        if column.scheme == "random" and (column.name in shape.key or _in_keys(shape, column.name)):
            raise UsageError(
                "Tokens that differ each time cannot be a key",
                where=f"{table.name} {column.name}",
                remedy='set scheme = "siv"',
            )


def _in_keys(shape: TableShape, column: str) -> bool:
    return any(column in key.columns for key in shape.foreign_keys)


def _check_keys(plan: Plan, shapes: Mapping[str, TableShape]) -> None:
    """Refuse a foreign key whose two ends would not hold the same tokens, or would not change together."""
    how = {t.name: {c.name: (c.domain, c.scheme, t.group) for c in t.columns} for t in plan.tables}
    for shape, key in _keys(list(shapes.values())):
        for here, there in zip(key.columns, key.to_columns, strict=True):
            one, other = how.get(shape.name, {}).get(here), how.get(key.table, {}).get(there)
            if one != other:
                raise UsageError(
                    "A foreign key would join columns that are not protected alike",
                    where=f"{shape.name} {here} and {key.table} {there}",
                    remedy="give both the same domain, scheme and group, or take both out of the plan",
                )
