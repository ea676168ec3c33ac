"""Whether a shadow holds the same rows as its table, token for value; and what stands in a table after the swap.

Both sides are read whole, at one instant. Each row becomes a keyed 64-bit number, the protected columns revealed first,
and the numbers are added up: equal sums mean that every row is there with every column as it was, in whatever order.
That is the round trip of every value, not of a sample. Two different tables agree by chance once in 2^64.

Source:
    Incremental multiset hashing by addition: Clarke et al., ASIACRYPT 2003 (MSet-Add-Hash, keyed).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from amends.kernel.progress import Progress, step
from amends.vault.blind import BlindIndex
from amends.vault.columns import whole_array
from amends.vault.protect.convert import Ciphers, filled, have_form, to_clear
from amends.vault.stores.base import Change, ChangingStore, Convert, TableShape

_ODD = np.uint64(0x9E3779B97F4A7C15)
Numbers = NDArray[np.uint64]


@dataclass
class Side:
    """One of the two tables, counted.

    Attributes:
        n_rows: Rows.
        n_values: Values of each protected column that are neither null nor empty.
        n_tokens: Those of them that have the form of a token.
        n_distinct: Different values of each protected column.
        total: Sum of the rows' numbers, values revealed.
        values: Numbers of the different values of each protected column: in clear before, tokens in the shadow.
    """

    n_rows: int = 0
    n_values: dict[str, int] = field(default_factory=dict)
    n_tokens: dict[str, int] = field(default_factory=dict)
    n_distinct: dict[str, int] = field(default_factory=dict)
    total: int = 0
    values: dict[str, Numbers] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """What verification found for one table.

    Attributes:
        table: The table.
        clear: The table as it is.
        shadow: The shadow.
        faults: In words, what does not agree; empty when all does.
    """

    table: str
    clear: Side
    shadow: Side
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Watched:
    """A change with what verifies it.

    Attributes:
        change: The change.
        ciphers: Cipher of each protected column.
        convert: What makes tokens.
    """

    change: Change
    ciphers: Ciphers
    convert: Convert


def compare(
    store: ChangingStore,
    group: Sequence[Watched],
    shapes: Mapping[str, TableShape],
    blind: BlindIndex,
    progress: Progress,
) -> list[Verdict]:
    """Compare tables with their shadows before a swap.

    Args:
        store: The store.
        group: Changes that are swapped together, all in the state ``copied``.
        shapes: Shape of each table.
        blind: Makes the numbers.
        progress: Told of rows read.
    """
    made: dict[str, tuple[Side, Side]] = {}
    with store.instant({w.change: w.convert for w in group}):
        for watched in group:
            change = watched.change
            names = [c.name for c in shapes[change.table].columns]
            with step(progress, f"verifying {change.table}", None, "rows") as task:
                reveal = to_clear(watched.ciphers)
                clear = _side(store, change.table, names, watched, reveal, blind, task.advance)
                shadow = _side(
                    store, store.shadow(change), names, watched, reveal, blind, task.advance
                )
            made[change.table] = (clear, shadow)
    verdicts = []
    for watched in group:
        clear, shadow = made[watched.change.table]
        faults = [
            *_faults(watched, clear, shadow),
            *_joins(shapes[watched.change.table], made),
        ]
        verdicts.append(Verdict(watched.change.table, clear, shadow, tuple(faults)))
    return verdicts


def _side(
    store: ChangingStore,
    table: str,
    names: Sequence[str],
    watched: Watched,
    reveal: Convert,
    blind: BlindIndex,
    advance: Callable[[float], None],
) -> Side:
    side = Side()
    columns = watched.change.columns
    seen: dict[str, list[Numbers]] = {c: [] for c in columns}
    ff1 = {c for c in columns if watched.ciphers[c].scheme == "ff1"}
    is_shadow = table != watched.change.table
    for batch in store.batches(table, names):
        opened = filled(batch, watched.ciphers) if ff1 and not is_shadow else reveal(batch)
        side.n_rows += batch.num_rows
        for column in columns:
            _count(side, column, whole_array(batch.column(column)))
            # Tokens on the one side, clear values on the other (a column may mix both before it is protected).
            numbers = blind.text_hashes(
                whole_array((batch if is_shadow else opened).column(column))
            )
            seen[column].append(np.unique(numbers[numbers != 0]))
        side.total = (side.total + row_total(opened, names, blind)) % 2**64
        advance(batch.num_rows)
    for column in columns:
        parts = seen[column]
        side.values[column] = np.unique(np.concatenate(parts)) if parts else np.zeros(0, np.uint64)
        side.n_distinct[column] = len(side.values[column])
    return side


def _count(side: Side, column: str, values: pa.Array) -> None:
    filled = pc.fill_null(pc.greater(pc.binary_length(values), 0), False)
    side.n_values[column] = side.n_values.get(column, 0) + int(pc.sum(filled).as_py() or 0)
    shaped = int(pc.sum(have_form(values)).as_py() or 0)
    side.n_tokens[column] = side.n_tokens.get(column, 0) + shaped


def row_total(batch: pa.RecordBatch, names: Sequence[str], blind: BlindIndex) -> int:
    """Return the sum of the rows' numbers: each depends on every column and its place."""
    if not batch.num_rows:
        return 0
    rows = np.zeros(batch.num_rows, np.uint64)
    for place in range(len(names)):
        rows ^= blind.text_hashes(whole_array(batch.column(place)))
        # Mixed after each column, so that equal values in two columns do not cancel out (Fibonacci hashing).
        rows *= _ODD
        rows ^= rows >> np.uint64(29)
        rows *= _ODD
        rows ^= rows >> np.uint64(32)
    return int(rows.sum(dtype=np.uint64))


def _faults(watched: Watched, clear: Side, shadow: Side) -> Iterable[str]:
    if clear.n_rows != shadow.n_rows:
        yield f"{clear.n_rows:,} rows became {shadow.n_rows:,}"
    for column in watched.change.columns:
        scheme = watched.ciphers[column].scheme
        if clear.n_values[column] != shadow.n_values[column]:
            yield f"column {column}: {clear.n_values[column]:,} values became {shadow.n_values[column]:,}"
        if scheme != "random" and clear.n_distinct[column] != shadow.n_distinct[column]:
            yield (
                f"column {column}: {clear.n_distinct[column]:,} different values became "
                f"{shadow.n_distinct[column]:,}; a value stands once in clear and once as a token"
            )
        if scheme != "ff1" and shadow.n_tokens[column] != shadow.n_values[column]:
            yield f"column {column}: {shadow.n_values[column] - shadow.n_tokens[column]:,} values are no tokens"
    if clear.total != shadow.total:
        yield "a value does not come back from its token, or another column was changed"


def _joins(shape: TableShape, sides: Mapping[str, tuple[Side, Side]]) -> Iterable[str]:
    """Yield a sentence for each foreign key over protected columns that joins other rows than before."""
    mine = sides[shape.name]
    for key in shape.foreign_keys:
        theirs = sides.get(key.table)
        for here, there in zip(key.columns, key.to_columns, strict=True):
            if theirs is None or here not in mine[0].values or there not in theirs[0].values:
                continue
            before, after = (
                int(np.isin(m.values[here], t.values[there]).sum())
                for m, t in zip(mine, theirs, strict=True)
            )
            if before != after:
                yield f"{before:,} values joined {key.table} by {here}; {after:,} would"


@dataclass(frozen=True)
class Standing:
    """What a protected column holds now.

    Attributes:
        table: Its table.
        column: The column.
        n_values: Values that are neither null nor empty.
        n_tokens: Tokens of this vault; null for FF1, which cannot be told.
        n_clear: Values in clear; null for FF1.
        n_foreign: Values that look like tokens and are none of this vault's.
    """

    table: str
    column: str
    n_values: int
    n_tokens: int | None
    n_clear: int | None
    n_foreign: int


def standing(
    store: ChangingStore, table: str, ciphers: Ciphers, progress: Progress
) -> list[Standing]:
    """Count clear values and tokens in the protected columns of a table."""
    counts = {name: [0, 0, 0] for name in ciphers}
    with step(progress, f"reading {table}", None, "rows") as task:
        for batch in store.batches(table, list(ciphers)):
            for name, cipher in ciphers.items():
                values = whole_array(batch.column(name))
                filled = pc.fill_null(pc.greater(pc.binary_length(values), 0), False)
                counts[name][0] += int(pc.sum(filled).as_py() or 0)
                if cipher.scheme == "ff1":
                    continue
                shaped = have_form(values)
                ours = pc.fill_null(cipher.are_tokens(values), False)
                counts[name][1] += int(pc.sum(ours).as_py() or 0)
                counts[name][2] += int(pc.sum(pc.and_not(shaped, ours)).as_py() or 0)
            task.advance(batch.num_rows)
    return [
        Standing(
            table,
            name,
            n_values,
            None if ciphers[name].scheme == "ff1" else n_tokens,
            None if ciphers[name].scheme == "ff1" else n_values - n_tokens - n_foreign,
            n_foreign,
        )
        for name, (n_values, n_tokens, n_foreign) in counts.items()
    ]
