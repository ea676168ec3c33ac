"""Named fields of many events, kept as columns: for events whose shapes differ, such as those of Windows.

An event is a run of entries; an entry is a name (as a code) and a text. All entries of a block lie one after the other,
so that a field of all events, the map of all fields and the joined text are each one operation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]


@dataclass
class Names:
    """Codes of field names and of shapes (the names of an event in their order)."""

    codes: dict[str, int] = field(default_factory=dict)
    shapes: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = field(default_factory=dict)
    runs: list[Ints] = field(default_factory=list)
    pairs: list[tuple[tuple[int, int], ...]] = field(default_factory=list)

    def code(self, name: str) -> int:
        """Return the code of a name."""
        return self.codes.setdefault(name, len(self.codes))

    def shape(self, names: tuple[str, ...], before: tuple[str, ...] = ()) -> int:
        """Return the number of the shape that has some names before others."""
        number = self.shapes.get((before, names))
        if number is None:
            number = self.shapes[before, names] = len(self.runs)
            every = (*before, *names)
            self.runs.append(np.array([self.code(n) for n in every], dtype=np.int64))
            self.pairs.append(_alike(every))
        return number


def _alike(names: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """Return the places of each two names that differ in case at most, the earlier first."""
    low = [name.lower() for name in names]
    if len(set(low)) == len(low):
        return ()
    return tuple((i, j) for j in range(len(low)) for i in range(j) if low[i] == low[j])


@dataclass(frozen=True)
class Fields:
    """The fields of a block of events.

    Attributes:
        names: Every name, in the order of its code.
        codes: Code of the name of each entry.
        values: Text of each entry.
        starts: First entry of each event, and one past the last.
    """

    names: tuple[str, ...]
    codes: Ints
    values: pa.StringArray
    starts: Ints

    def __len__(self) -> int:
        """Return how many events there are."""
        return len(self.starts) - 1

    @property
    def owners(self) -> Ints:
        """Return the event of each entry."""
        return np.repeat(np.arange(len(self), dtype=np.int64), np.diff(self.starts))

    def keep(self, mask: npt.NDArray[np.bool_]) -> Fields:
        """Return the fields without the entries that the mask leaves out."""
        before = np.concatenate(([0], np.cumsum(mask, dtype=np.int64)))
        return Fields(
            self.names, self.codes[mask], self.values.filter(pa.array(mask)), before[self.starts]
        )

    def only(self, events: Ints) -> Fields:
        """Return the fields of some events, in their order."""
        sizes = np.diff(self.starts)[events]
        starts = np.concatenate(([0], np.cumsum(sizes)))
        within = np.arange(starts[-1], dtype=np.int64) - np.repeat(starts[:-1], sizes)
        entries = np.repeat(self.starts[events], sizes) + within
        return Fields(self.names, self.codes[entries], self.values.take(pa.array(entries)), starts)

    def renamed(self, names: tuple[str, ...]) -> Fields:
        """Return the fields under other names, one for each; of two that become one the later holds."""
        unique: dict[str, int] = {}
        moved = np.array(
            [unique.setdefault(name, len(unique)) for name in names] or [0], dtype=np.int64
        )
        return _last_of_a_case(Fields(tuple(unique), moved[self.codes], self.values, self.starts))

    def column(self, name: str) -> pa.StringArray | None:
        """Return the text of a field of every event, null where it has none; ``None`` when no event has it."""
        try:
            entries = np.flatnonzero(self.codes == self.names.index(name))
        except ValueError:
            return None
        place = np.full(len(self), -1, dtype=np.int64)
        place[np.searchsorted(self.starts, entries, side="right") - 1] = entries
        return self.texts(place)

    def places(self, wanted: frozenset[str]) -> Places:
        """Return for each wanted name the entry that holds it in each event, -1 where none does; a hyphen is none."""
        asked = [code for code, name in enumerate(self.names) if name in wanted]
        row = np.full(len(self.names), -1, dtype=np.int64)
        row[asked] = np.arange(len(asked))
        rows = row[self.codes]
        dash = pc.equal(self.values, "-").to_numpy(zero_copy_only=False)
        seen = np.flatnonzero((rows >= 0) & ~dash)
        found = np.full((len(asked) + 1, len(self)), -1, dtype=np.int64)
        found[rows[seen], self.owners[seen]] = seen
        return Places(found[-1], {self.names[code]: found[i] for i, code in enumerate(asked)})

    def texts(self, places: Ints) -> pa.StringArray:
        """Return the texts at such places, null for -1."""
        return self.values.take(pa.array(places, mask=places < 0))

    def map(self) -> pa.MapArray:
        """Return all fields of each event by name."""
        keys = pa.array(self.names, pa.string()).take(pa.array(self.codes))
        return pa.MapArray.from_arrays(pa.array(self.starts, pa.int32()), keys, self.values)

    def joined(self) -> pa.StringArray:
        """Return the texts of each event, one a line."""
        lists = pa.ListArray.from_arrays(pa.array(self.starts, pa.int32()), self.values)
        return pc.binary_join(lists, "\n")


class Places(dict[str, Ints]):
    """Where fields stand; a field that no event has stands nowhere."""

    def __init__(self, nowhere: Ints, found: dict[str, Ints]) -> None:
        super().__init__(found)
        self.nowhere = nowhere

    def __missing__(self, name: str) -> Ints:
        return self.nowhere


def gather(names: Names, shapes: Sequence[int], values: list[str | None]) -> Fields:
    """Return the fields of events given by shape and texts; empty texts are dropped.

    Of two names of an event that differ in case only the later holds: rules look fields up in any case.
    """
    picked = np.asarray(shapes, dtype=np.int64)
    lengths = np.array([len(r) for r in names.runs] or [0], dtype=np.int64)
    at = np.concatenate(([0], np.cumsum(lengths)))
    sizes = lengths[picked] if len(picked) else np.empty(0, dtype=np.int64)
    starts = np.concatenate(([0], np.cumsum(sizes)))
    _settle(names, picked, starts, values)
    every = np.concatenate(names.runs) if names.runs else np.empty(0, dtype=np.int64)
    codes = every[
        np.arange(starts[-1], dtype=np.int64) + np.repeat(at[picked] - starts[:-1], sizes)
    ]
    full = np.fromiter(map(bool, values), dtype=bool, count=len(values))
    kept = pa.array([value for value in values if value], pa.string())
    before = np.concatenate(([0], np.cumsum(full, dtype=np.int64)))
    return Fields(tuple(names.codes), codes[full], kept, before[starts])


def _settle(names: Names, picked: Ints, starts: Ints, values: list[str | None]) -> None:
    """Clear what a later field of the same event, alike but for its case, overrides."""
    marked = np.array([bool(pairs) for pairs in names.pairs] or [False])
    for event in np.flatnonzero(marked[picked]).tolist() if len(picked) else ():
        base = int(starts[event])
        for earlier, later in names.pairs[int(picked[event])]:
            if values[base + later]:
                values[base + earlier] = None


def _last_of_a_case(fields: Fields) -> Fields:
    """Drop entries that a later one of the same event overrides."""
    lower: dict[str, int] = {}
    folded = np.array([lower.setdefault(n.lower(), len(lower)) for n in fields.names] or [0])
    if not len(fields.codes):
        return fields
    marks = fields.owners * len(lower) + folded[fields.codes]
    order = np.argsort(marks, kind="stable")
    last = np.ones(len(order), dtype=bool)
    last[:-1] = marks[order][1:] != marks[order][:-1]
    if last.all():
        return fields
    mask = np.zeros(len(order), dtype=bool)
    mask[order[last]] = True
    return fields.keep(mask)
