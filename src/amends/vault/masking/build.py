"""A masked copy from end to end: read, settle, write hidden, prove, give it its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa

from amends.kernel.errors import AmendsError, TableError, UsageError
from amends.kernel.progress import Progress, Silent, step
from amends.vault.masking.allocate import Allocation
from amends.vault.masking.census import Census, DomainSet
from amends.vault.masking.free_text import Finder
from amends.vault.masking.masker import ColumnCount, Masker
from amends.vault.masking.normal import texts
from amends.vault.masking.plan import ColumnPlan, Plan, is_unique
from amends.vault.masking.proof import Proof, Prover, Sought
from amends.vault.masking.reading import Unread, unread_in, unread_of
from amends.vault.masking.subset import Closure, Subset
from amends.vault.masking.sweep import Sweep
from amends.vault.masking.writers.base import Writer
from amends.vault.stores.base import Store, TableShape

MOSTLY = 0.5
"""Share of a kept column's values that are originals of one domain, from which it is masked as that domain."""

Choice = Callable[[str, pa.RecordBatch], pa.RecordBatch]
"""Turns masked rows of a table into others."""


@dataclass
class Made:
    """What a run made.

    Attributes:
        plan: The plan as it was carried out.
        proof: What was found in the copy.
        counts: What became of each column.
        rows: Rows read and written, by table.
        allocations: What was settled for each domain.
        changed: Columns whose rule was changed because they hold originals, in words.
        unread: Tables that could not be read.
        notes: What is not as in the source.
        closure: What dangles in a part of the source, link by link.
        published: Whether the copy has its name.
    """

    plan: Plan
    proof: Proof = field(default_factory=Proof)
    counts: dict[tuple[str, str], ColumnCount] = field(default_factory=dict)
    rows: dict[str, tuple[int, int]] = field(default_factory=dict)
    allocations: dict[str, Allocation] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    closure: list[Closure] = field(default_factory=list)
    published: bool = False


def build(
    source: Store,
    writer: Writer,
    plan: Plan,
    key: bytes,
    *,
    finder: Finder | None = None,
    subset: Subset | None = None,
    progress: Progress | None = None,
    spoil: Choice | None = None,
) -> Made:
    """Make a masked copy.

    Args:
        source: The source.
        writer: Where the copy goes.
        plan: What becomes of each column; every column of the source stands in it.
        key: The vault's key for masks.
        finder: Finds elements in free text.
        subset: Which rows are copied, chosen before; all where it is left out.
        progress: Told how far it is.
        spoil: Changes masked rows before they are written: how tests plant a survivor.

    Returns:
        What was made. The copy has its name only where the proof holds; else nothing is left of it.

    Raises:
        UsageError: The plan does not fit the source.
        TableError: The copy cannot be written.
    """
    shapes = source.tables(count=False)
    _check(plan, shapes)
    progress = progress or Silent()
    made = Made(plan, unread=unread_in(source))
    if not shapes:
        raise UsageError(
            "There is no table in the source that can be read",
            where=source.name,
            remedy="check the address",
        )
    domains = DomainSet(key)
    census = Census(domains, plan)
    with step(progress, "reading", unit="rows") as task:
        for table, batch in _rows(source, shapes, made):
            census.see(table, batch)
            task.advance(batch.num_rows)
    lost = {u.table for u in made.unread}
    shapes = [s for s in shapes if s.name not in lost]
    made.plan, sweep = _promoted(source, shapes, census, made, progress)
    made.allocations, shifts = census.settle()
    masker = Masker(
        domains,
        made.plan,
        {s.name: s.columns for s in shapes},
        made.allocations,
        shifts,
        sweep,
        finder,
    )
    prover = Prover(domains, made.plan, made.allocations, sweep)
    try:
        with step(progress, "masking", unit="rows") as task:
            writer.begin(shapes)
            for table, batch in _rows(source, shapes, made):
                _write(writer, masker, made, table, batch, subset, spoil)
                task.advance(batch.num_rows)
            writer.finish()
        _refuse_half(lost, made)
        with step(progress, "proving", unit="cells"):
            _prove(writer, prover, made, shapes, subset)
        made.counts, made.notes = masker.counts, list(writer.notes)
        if made.proof.holds and all(c.holds for c in made.closure):
            writer.publish()
            made.published = True
    finally:
        writer.abandon()
    return made


def _write(
    writer: Writer,
    masker: Masker,
    made: Made,
    table: str,
    batch: pa.RecordBatch,
    subset: Subset | None,
    spoil: Choice | None,
) -> None:
    """Write the rows of a batch that are wanted, masked."""
    chosen = batch if subset is None else subset.keep(table, batch)
    read, wrote = made.rows.get(table, (0, 0))
    made.rows[table] = (read + batch.num_rows, wrote + chosen.num_rows)
    if chosen.num_rows:
        masked = masker.mask(table, chosen)
        writer.write(table, masked if spoil is None else spoil(table, masked))


def _prove(
    writer: Writer,
    prover: Prover,
    made: Made,
    shapes: Sequence[TableShape],
    subset: Subset | None,
) -> None:
    """Read the hidden copy and hold it against the source."""
    copied = writer.store()
    try:
        names = _names(shapes, copied)
        made.proof = prover.prove(copied, names)
        if subset is not None:
            made.closure = subset.closure(copied, names)
    finally:
        copied.close()


def _refuse_half(lost: set[str], made: Made) -> None:
    for unread in made.unread:
        if unread.table not in lost:
            raise TableError(
                "A table could be read once and not again; no copy was made",
                where=unread.table,
                remedy="make the copy again when nobody changes the source",
            )


def _rows(
    source: Store, shapes: Sequence[TableShape], made: Made
) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Yield the rows of all tables; a table that cannot be read is noted and left out."""
    for shape in shapes:
        try:
            for batch in source.batches(shape.name):
                yield shape.name, batch
        except (AmendsError, OSError, pa.ArrowException, ValueError) as error:
            made.unread.append(unread_of(shape.name, error))


def _check(plan: Plan, shapes: Sequence[TableShape]) -> None:
    """Refuse a plan that leaves a column of the source out: nothing is kept by silence."""
    planned = {(c.table, c.column) for c in plan.columns}
    missing = [
        (s.name, c.name) for s in shapes for c in s.columns if (s.name, c.name) not in planned
    ]
    if missing:
        raise UsageError(
            f"The plan says nothing of {len(missing)} columns of the source",
            where=".".join(missing[0]),
            remedy="add them to the plan, or make it again with --plan-only",
        )


def _promoted(
    source: Store, shapes: Sequence[TableShape], census: Census, made: Made, progress: Progress
) -> tuple[Plan, Sweep]:
    """Mask kept columns that turn out to hold originals: recognised or not, they are those values."""
    plan = census.plan
    used = {c.domain for c in plan.columns if c.rule in ("fpe", "pool")}
    originals = {d: census.values(d) for d in used if is_unique(d) and census.has(d)}
    sweep = Sweep(census.domains.key, originals)
    changed: dict[tuple[str, str], ColumnPlan] = {}
    with step(progress, "looking at kept columns", unit="rows") as task:
        for shape in shapes:
            kept = [c for c in plan.of(shape.name) if c.rule == "keep"]
            sought = {c.column: Sought(sweep) for c in kept}
            if not kept:
                continue
            for batch in source.batches(shape.name, [c.column for c in kept]):
                for name in batch.schema.names:
                    sought[name].see(texts(batch.column(name)), in_text=False)
                task.advance(batch.num_rows)
            for one in kept:
                better = _rule_for(one, sought[one.column])
                if better is not None:
                    changed[one.table, one.column] = better
                    made.changed.append(f"{one.table}.{one.column}: {better.reason}")
    if not changed:
        return plan, sweep
    plan = plan.with_columns(changed.get((c.table, c.column), c) for c in plan.columns)
    census.follow(plan)
    moved = {c.table for c in changed.values() if c.rule == "fpe"}
    for table, batch in _rows(source, [s for s in shapes if s.name in moved], made):
        census.see(table, batch)
    originals = {d: census.values(d) for d in used if is_unique(d) and census.has(d)}
    return plan, Sweep(census.domains.key, originals)


def _rule_for(one: ColumnPlan, sought: Sought) -> ColumnPlan | None:
    """Return a better rule for a kept column that holds originals beyond chance."""
    found = [entry for entry in sought.results(one) if entry.survivors]
    if not found:
        return None
    best = max(found, key=lambda entry: entry.survivors)
    if sought.n_whole(best.domain) >= MOSTLY * max(sought.n_values, 1):
        return replace(
            one,
            rule="fpe",
            domain=best.domain,
            reason=f"its values are values of {best.domain} elsewhere in the source",
        )
    return replace(
        one, rule="text", domain="", reason=f"it holds {best.survivors} values of {best.domain}"
    )


def _names(shapes: Sequence[TableShape], copied: Store) -> dict[str, str]:
    """Return the name each table has in the copy: its own, or that with the ending of a file."""
    held = [t.name for t in copied.tables(count=False)]
    found = {}
    for shape in shapes:
        fits = [
            n
            for n in held
            if n == shape.name or n.rsplit(".", 1)[0] == shape.name or n.startswith(shape.name)
        ]
        if len(shapes) == 1:
            fits = fits or held
        if not fits:
            raise TableError(
                "A table of the copy cannot be read back",
                where=shape.name,
                remedy="make the copy again",
            )
        found[shape.name] = min(fits, key=len)
    return found
