"""The plan of a masked copy, made by the scanner; the finder for free text; and the report of what was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice

import jinja2
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from amends.elements.columns import guess_columns, take_sample
from amends.elements.columns_base import ColumnGuess
from amends.elements.headers import DERIVED, guess_header, is_foreign, plain_header
from amends.elements.records_cells import is_prose
from amends.elements.shapes_cells import Cells
from amends.elements.text import find
from amends.kernel import clock
from amends.kernel.progress import Progress
from amends.vault.masking.build import Made, build
from amends.vault.masking.census import DomainSet, links_of
from amends.vault.masking.dates import shift
from amends.vault.masking.free_text import Span
from amends.vault.masking.normal import is_filler
from amends.vault.masking.plan import ColumnPlan, Join, Plan
from amends.vault.masking.rules import RULE_WORDS, default_for
from amends.vault.masking.subset import Subset, Wanted
from amends.vault.masking.writers.base import Writer
from amends.vault.stores.base import Store, TableShape

SAMPLE_BATCHES = 4
"""Batches looked at in a table: a quarter of a million rows."""
_DATED = 0.8
"""Share of values that are dates, from which a column without another meaning is a column of dates."""
_CONTAINED = 0.9
"""Share of a column's values that must be values of a key for the two to be one join."""
_KEY_RULE = "NOT RECOGNISED; kept: a key of the company's own, by which its tables are joined"


def find_spans(text: str) -> list[Span]:
    """Return the personal data in a text."""
    return [Span(f.start, f.end, f.element) for f in find(text)]


def make_plan(store: Store, unknown: str = "keep") -> Plan:
    """Return a plan for a store: every column, what it holds and what becomes of it.

    Args:
        store: The source.
        unknown: What becomes of columns that are not recognised: ``keep`` or ``redact``.
    """
    shapes = store.tables(count=False)
    samples = {s.name: _sample(store, s) for s in shapes}
    columns = [c for s in shapes for c in _columns(s, samples[s.name])]
    plan = Plan(store.name, unknown, tuple(columns), tuple(_joins(shapes, samples)))
    return _settled(_along_joins(plan), samples)


def _sample(store: Store, shape: TableShape) -> pa.Table:
    schema = pa.schema([(c.name, pa.string()) for c in shape.columns])
    try:
        batches = list(islice(store.batches(shape.name), SAMPLE_BATCHES))
    except Exception:  # a table that cannot be read is an exception of the run, not of the plan
        batches = []
    if not batches:
        return schema.empty_table()
    return pa.Table.from_batches(batches)


def _columns(shape: TableShape, sample: pa.Table) -> list[ColumnPlan]:
    names = [c.name for c in shape.columns]
    rows = take_sample(sample.to_batches()) if sample.num_rows else sample
    guesses = guess_columns(rows, names)
    state = next((g.column for g in guesses if g.kind == ("address", "state")), "")
    return [_column(shape.name, g, _cells(rows, g.column), state) for g in guesses]


def _cells(rows: pa.Table, name: str) -> pa.Array:
    held = rows.column(name)
    return pa.concat_arrays(held.chunks) if held.num_chunks else pa.array([], pa.string())


def _column(table: str, guess: ColumnGuess, cells: pa.Array, state: str) -> ColumnPlan:
    default = default_for(guess.element, guess.part)
    if default is None:
        return _by_name(table, guess, cells)
    made = ColumnPlan(
        table, guess.column, default.rule, default.domain, guess.element or "", default.why, guess.part,
        guess.reading.order == "dmy", state if default.domain == "city" else "",
    )  # fmt: skip
    if made.domain == "username" and _mostly(pc.match_substring(cells, "@"), cells):
        made = replace(made, domain="email", reason="it holds mail addresses")
    return made


def _by_name(table: str, guess: ColumnGuess, cells: pa.Array) -> ColumnPlan:
    """Return what becomes of a column the scanner takes for nothing personal.

    The scanner asks for somebody beside an account number before it calls it personal data. A mask is wanted
    sooner: a name that says it strongly is enough.
    """
    base = ColumnPlan(table, guess.column, "keep")
    if is_prose(guess, Cells(cells)):
        return replace(base, rule="text", reason="free text: read through for identifiers")
    for head in guess_header(guess.column):
        default = default_for(head.element, head.part)
        sure = head.strength >= DERIVED or (
            not is_foreign(guess.column) and _look_like_numbers(cells)
        )
        if sure and default is not None and default.rule == "fpe":
            why = f"by its name alone; {default.why}"
            return replace(
                base,
                rule="fpe",
                domain=default.domain,
                element=head.element,
                part=head.part,
                reason=why,
            )
    return base


def _look_like_numbers(cells: pa.Array) -> bool:
    """Say whether most cells hold five digits or more and no blank: what numbers of people and accounts look like."""
    return _mostly(
        pc.match_substring_regex(cells, r"^[A-Za-z-]{0,6}(?:[0-9]-?){5,}[A-Za-z]?$"), cells, _DATED
    )


def _settled(plan: Plan, samples: dict[str, pa.Table]) -> Plan:
    """Decide on the columns that nothing was said of: keys, dates, and what is not recognised."""
    keys = {(j.parent, j.parent_column) for j in plan.joins} | {
        (j.child, j.child_column) for j in plan.joins
    }
    about = {t for t in samples if links_of(plan, t) or any(c.element for c in plan.of(t))}
    return plan.with_columns(
        c
        if c.element or c.rule != "keep" or c.reason
        else _unknown(c, plan, keys, c.table in about, samples[c.table])
        for c in plan.columns
    )


def _unknown(
    one: ColumnPlan, plan: Plan, keys: set[tuple[str, str]], about: bool, sample: pa.Table
) -> ColumnPlan:
    if (one.table, one.column) in keys:
        return replace(one, reason=_KEY_RULE)
    if about and sample.num_rows:
        cells = _cells(take_sample(sample.to_batches()), one.column)
        number = pc.match_substring_regex(cells, r"^[0-9]{1,8}$")
        if _mostly(pc.is_valid(shift(cells, _one_day(cells))), cells, _DATED) and not _mostly(
            number, cells
        ):
            return replace(
                one,
                rule="shift",
                reason="a date in a table about people: moved with their other dates",
            )
    if plan.unknown == "redact":
        return replace(one, rule="redact", reason="NOT RECOGNISED; taken out, as the policy says")
    return replace(one, reason="NOT RECOGNISED; kept as it is: look at it")


def _one_day(cells: pa.Array) -> NDArray[np.int64]:
    return np.ones(len(cells), np.int64)


def _mostly(which: pa.Array, cells: pa.Array, share: float = 0.5) -> bool:
    real = pc.invert(is_filler(cells))
    n = int(pc.sum(real).as_py() or 0)
    return (
        n > 0 and int(pc.sum(pc.and_(pc.fill_null(which, False), real)).as_py() or 0) >= share * n
    )


def _joins(shapes: Sequence[TableShape], samples: dict[str, pa.Table]) -> list[Join]:
    """Return declared joins, and those that names and values show."""
    known = {s.name for s in shapes}
    made = {
        (s.name, k.columns[0]): Join(s.name, k.columns[0], k.table, k.to_columns[0], "declared")
        for s in shapes
        for k in s.foreign_keys
        if len(k.columns) == 1 and len(k.to_columns) == 1 and k.table in known
    }
    keys = [(s, c.name, _distinct(samples[s.name], c.name)) for s in shapes for c in s.columns]
    parents = [(s, n, v) for s, n, v in keys if _is_key(s, n, v, samples[s.name])]
    for child, name, values in keys:
        if (child.name, name) in made or not len(values):
            continue
        found = [
            (p, k)
            for p, k, held in parents
            if p.name != child.name and _refers(name, p.name, k) and _within(values, held)
        ]
        if found:
            # A table that the column is named after comes before one that only has a column of the same name.
            parent, key = max(found, key=lambda place: _named_after(name, place[0].name))
            why = f"the name points to it, and {_CONTAINED:.0%} of the values or more are values of it"
            made[child.name, name] = Join(child.name, name, parent.name, key, why)
    return list(made.values())


def _distinct(sample: pa.Table, name: str) -> pa.Array:
    held = pc.drop_null(sample.column(name)).unique()
    return held.combine_chunks() if isinstance(held, pa.ChunkedArray) else held


def _is_key(shape: TableShape, name: str, values: pa.Array, sample: pa.Table) -> bool:
    return shape.key == (name,) or (sample.num_rows > 1 and len(values) == sample.num_rows)


def _refers(child: str, table: str, key: str) -> bool:
    """Say whether a column's name points to a key: ``customer_id`` to ``customers.id`` or ``crm.customer_id``."""
    one, two = plain_header(child), plain_header(key)
    if one == two:
        return one not in ("id", "name", "no", "number", "key", "code")
    return any(
        one in (f"{s}_{two}", f"{s}{two}", f"{s}_id", f"{s}_ref", f"{s}_no") for s in _stems(table)
    )


def _named_after(child: str, table: str) -> bool:
    one = plain_header(child)
    return any(one.startswith(s) for s in _stems(table))


def _stems(table: str) -> set[str]:
    """Return what a table is called, plural and singular: ``public.companies`` → companies, company."""
    name = table.rstrip("/").rsplit("/", 1)[-1]
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    plain = plain_header(name.rsplit(".", 1)[-1])
    return {
        plain,
        plain.removesuffix("s"),
        plain.removesuffix("es"),
        plain.removesuffix("ies") + "y",
    } - {"", "y"}


_ENDINGS = (".gz", ".zst", ".bz2", ".xz", ".csv", ".tsv", ".parquet")


def _within(values: pa.Array, held: pa.Array) -> bool:
    return int(pc.sum(pc.is_in(values, held)).as_py() or 0) >= _CONTAINED * len(values)


def _along_joins(plan: Plan) -> Plan:
    """Give both ends of a join one domain: the same values must have the same masks."""
    by_place = {(c.table, c.column): c for c in plan.columns}
    for _ in range(3):
        for join in plan.joins:
            parent = by_place[join.parent, join.parent_column]
            child = by_place[join.child, join.child_column]
            source, target = (parent, child) if parent.rule in ("fpe", "pool") else (child, parent)
            if source.rule in ("fpe", "pool") and (target.rule, target.domain) != (
                source.rule,
                source.domain,
            ):
                why = f"it joins {source.table}.{source.column}: the same masks"
                by_place[target.table, target.column] = replace(
                    target,
                    rule=source.rule,
                    domain=source.domain,
                    element=target.element or source.element,
                    reason=why,
                )
    return plan.with_columns(by_place.values())


@dataclass(frozen=True)
class Asked:
    """What a run is asked for.

    Attributes:
        run_id: ``M`` and hex.
        plan: What becomes of each column.
        key: The vault's key for masks.
        wanted: The part of the source, or nothing for all of it.
        progress: Told how far it is.
    """

    run_id: str
    plan: Plan
    key: bytes
    wanted: Wanted | None = None
    progress: Progress | None = None


def run(source: Store, writer: Writer, asked: Asked) -> tuple[dict[str, object], Plan]:
    """Make a masked copy of a store or of a part of it; return the report, and the plan as it was carried out.

    Args:
        source: The source.
        writer: Where the copy goes.
        asked: What is asked for.
    """
    part = None
    if asked.wanted is not None:
        shapes = source.tables(count=False)
        part = Subset(DomainSet(asked.key), asked.plan, shapes)
        for shape in shapes:
            for batch in source.batches(shape.name):
                part.see(shape.name, batch)
        part.choose(asked.wanted)
    made = build(
        source,
        writer,
        asked.plan,
        asked.key,
        finder=find_spans,
        subset=part,
        progress=asked.progress,
    )
    told = as_json(made, source.name, writer.name, asked.run_id)
    if part is not None:
        told["closure"] = {
            "holds": all(c.holds for c in made.closure),
            "links": [
                {**vars(c.link), "dangling": c.dangling, "orphans_in_source": c.orphans}
                for c in made.closure
            ],
        }
    return told, made.plan


def as_json(made: Made, source: str, target: str, run_id: str) -> dict[str, object]:
    """Return the report of a run; no value of anybody is in it."""
    proof = made.proof
    proved = {(c.table, c.column): c for c in proof.columns}
    columns = []
    for one in made.plan.columns:
        count, found = made.counts.get((one.table, one.column)), proved.get((one.table, one.column))
        columns.append(
            {
                "table": one.table, "column": one.column, "element": one.element or None, "rule": one.rule,
                "domain": one.domain or None, "reason": one.reason,
                "values": count.n_values if count else 0, "unchanged": count.n_same if count else 0,
                "malformed": count.n_malformed if count else 0, "replaced_in_text": count.n_found if count else 0,
                "survivors": found.survivors if found else 0, "coincidences": found.coincidences if found else 0,
                "by_chance": found.by_chance if found else 0,
            }
        )  # fmt: skip
    kept = [
        f"{c.table}.{c.column}" for c in made.plan.columns if c.rule == "keep" and not c.element
    ]
    return {
        "run": run_id, "made_at": clock.stamp(), "source": source, "copy": target, "published": made.published,
        "proof": {
            "holds": proof.holds, "survivors": proof.survivors, "cells": proof.n_cells,
            "originals": proof.n_originals,
            "found": [vars(c) for c in proof.columns if c.survivors or c.coincidences or c.by_chance],
        },
        "tables": [{"table": t, "rows_read": r, "rows_written": w} for t, (r, w) in made.rows.items()],
        "columns": columns,
        "unknown_policy": made.plan.unknown, "not_recognised_and_kept": kept,
        "changed_rules": made.changed,
        "joins": [vars(j) for j in made.plan.joins],
        "full_domains": {d: a.n_shared for d, a in made.allocations.items() if a.n_shared},
        "exceptions": [vars(u) for u in made.unread],
        "notes": made.notes,
    }  # fmt: skip


def page(told: dict[str, object]) -> str:
    """Return the report as one page of HTML."""
    return _environment().get_template("masking.html.j2").render(told=told, rules=RULE_WORDS)


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("amends.report"), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
