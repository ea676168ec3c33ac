"""Where else the protected values stand in clear: other columns, tables and stores, compared by blind index.

Layout is left out of the comparison: 123-45-6789 and 123456789 are the same value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from amends.kernel.progress import Progress, step
from amends.vault.blind import BlindIndex
from amends.vault.columns import whole_array
from amends.vault.protect.convert import Ciphers, to_clear
from amends.vault.stores.base import Change, ChangingStore, Store

MIN_LETTERS = 6
"""Shorter texts are not looked for: under a million of them, so most would be equal by chance."""
_LAYOUT = r"[^0-9A-Za-z]"


@dataclass(frozen=True)
class Copy:
    """A column in which protected values stand in clear.

    Attributes:
        store: Printable name of the store.
        table: Table.
        column: Column.
        domain: Domain whose values were found.
        n_rows: Rows whose value is one of them.
        n_distinct: Different values found.
    """

    store: str
    table: str
    column: str
    domain: str
    n_rows: int
    n_distinct: int


def known_values(
    store: ChangingStore,
    changes: Sequence[tuple[Change, Ciphers]],
    blind: BlindIndex,
    progress: Progress,
) -> dict[str, NDArray[np.uint64]]:
    """Return the numbers of the protected values of each domain, from the protected tables themselves."""
    found: dict[str, list[NDArray[np.uint64]]] = {}
    for change, ciphers in changes:
        reveal = to_clear(ciphers)
        with step(progress, f"reading {change.table}", None, "rows") as task:
            for batch in store.batches(change.table, change.columns):
                opened = reveal(batch)
                for name in change.columns:
                    numbers = numbered(opened.column(name), blind)
                    found.setdefault(ciphers[name].domain, []).append(np.unique(numbers))
                task.advance(batch.num_rows)
    made = {domain: np.unique(np.concatenate(parts)) for domain, parts in found.items()}
    return {domain: numbers[numbers != 0] for domain, numbers in made.items()}


def numbered(values: pa.Array, blind: BlindIndex) -> NDArray[np.uint64]:
    """Return the number of each value without its layout; 0 for null and for short texts."""
    plain = pc.ascii_upper(pc.replace_substring_regex(whole_array(values), _LAYOUT, ""))
    short = pc.less(pc.binary_length(plain), MIN_LETTERS)
    return blind.text_hashes(pc.if_else(short, pa.scalar(None, pa.string()), plain))


def find_copies(
    stores: Iterable[Store],
    known: Mapping[str, NDArray[np.uint64]],
    blind: BlindIndex,
    progress: Progress,
) -> list[Copy]:
    """Return the columns in which known values stand in clear; tokens are no such values."""
    made = []
    for store in stores:
        for shape in store.tables(count=False):
            with step(progress, f"looking in {shape.name}", None, "rows") as task:
                counts: dict[tuple[str, str], list[NDArray[np.uint64]]] = {}
                for batch in store.batches(shape.name):
                    for place, name in enumerate(batch.schema.names):
                        numbers = numbered(batch.column(place), blind)
                        for domain, values in known.items():
                            here = numbers[np.isin(numbers, values)]
                            if len(here):
                                counts.setdefault((name, domain), []).append(here)
                    task.advance(batch.num_rows)
            for (name, domain), parts in counts.items():
                every = np.concatenate(parts)
                made.append(
                    Copy(store.name, shape.name, name, domain, len(every), len(np.unique(every)))
                )
    return made
