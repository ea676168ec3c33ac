"""Logs whose columns stand in a comment line, which may change in mid-file: W3C extended (IIS, CloudFront) and Zeek.

Source: W3C, "Extended Log File Format" (WD-logfile-960323); Zeek manual, "Zeek Logs", ASCII writer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from amends.tables.timeline import EVENTS
from amends.timeline.columns import Ints, gather
from amends.timeline.lines import Lines, blocks
from amends.timeline.parsers.base import NO_TIME, Origin, Parsed, Times
from amends.timeline.parsers.by_lines import blank_lines
from amends.timeline.parsers.records import Records, csv_columns, of_lines

_TYPES = {c.name: c.arrow for c in EVENTS.columns}
_HASH = 35


@dataclass
class Heading:
    """What the comment lines so far say.

    Attributes:
        names: Columns of the rows; empty before the first heading.
        delimiter: What stands between them.
        words: The other comments by their name in lower case: path, separator, unset_field, software …
    """

    names: tuple[str, ...] = ()
    delimiter: str = " "
    words: dict[str, str] = field(default_factory=dict)


Learn = Callable[[Heading, str], None]
Read = Callable[[Heading, Mapping[str, pa.StringArray]], tuple[dict[str, pa.Array], Times]]


def read_headed(stream: BinaryIO, origin: Origin, learn: Learn, read: Read) -> Iterator[Parsed]:
    """Yield a log in blocks.

    Args:
        stream: The log.
        origin: What is known of it.
        learn: Takes in a comment line, without what ends it.
        read: Turns the columns of rows under one heading into columns of events.
    """
    heading = Heading()
    for lines in blocks(stream):
        yield _block(lines, heading, learn, read)


@dataclass
class _Kept:
    """Rows of a block that were read: which, and what they gave."""

    good: NDArray[np.bool_]
    groups: list[tuple[Ints, dict[str, pa.Array]]] = field(default_factory=list)
    timed: list[tuple[Ints, Times]] = field(default_factory=list)


def _block(lines: Lines, heading: Heading, learn: Learn, read: Read) -> Parsed:
    records = of_lines(lines)
    n = len(records)
    blank = blank_lines(lines)
    head = np.zeros(n, dtype=bool)
    if len(lines.buffer):
        head = ~blank & (lines.buffer[np.minimum(lines.starts, len(lines.buffer) - 1)] == _HASH)
    comment = np.flatnonzero(head)
    read_rows = _Kept(np.zeros(n, dtype=bool))
    before = 0
    for place in (*comment.tolist(), n):
        _run(records, np.arange(before, place)[~blank[before:place]], heading, read, read_rows)
        if place < n:
            learn(heading, records.text[place].as_py())
        before = place + 1
    good = read_rows.good
    kept = records.only(good)
    place_of = np.cumsum(good) - 1
    moved = [(place_of[rows], columns) for rows, columns in read_rows.groups]
    columns = gather(len(kept), moved, _TYPES) | kept.places()
    times = joined(len(kept), [(place_of[rows], t) for rows, t in read_rows.timed])
    rejects = [
        *records.rejects(head, "heading"),
        *records.rejects(blank, "empty line"),
        *records.rejects(~good & ~head & ~blank, "other columns than its heading"),
    ]
    return Parsed(n, times, columns, kept.text, sorted(rejects))


def _run(records: Records, rows: Ints, heading: Heading, read: Read, kept: _Kept) -> None:
    """Read the rows between two comments."""
    if not len(rows) or not heading.names:
        return
    mask = np.zeros(len(records), dtype=bool)
    mask[rows] = True
    found, fits = csv_columns(records.only(mask), heading.names, heading.delimiter, "")
    fitting = rows[fits]
    if len(fitting):
        columns, times = read(heading, found)
        kept.good[fitting] = True
        kept.groups.append((fitting, columns))
        kept.timed.append((fitting, times))


def joined(n: int, parts: list[tuple[Ints, Times]]) -> Times:
    """Return the times of n rows from groups of rows; rows of no group have none."""
    wall, utc = np.full(n, NO_TIME, dtype=np.int64), np.zeros(n, dtype=bool)
    raws = [pa.nulls(n, pa.string())]
    place, done, resolution = np.arange(n, dtype=np.int64), n, 1
    for rows, times in parts:
        wall[rows], utc[rows] = times.wall, times.utc
        place[rows] = done + np.arange(len(rows))
        raws.append(times.raw)
        done += len(rows)
        resolution = max(resolution, times.resolution_ms)
    if len(parts) == 1 and len(parts[0][0]) == n:
        return parts[0][1]
    raw = pa.concat_arrays(raws).take(pa.array(place))
    return Times(wall, utc, np.zeros(n, dtype=bool), raw, resolution)


def column(found: Mapping[str, pa.StringArray], *names: str) -> pa.StringArray:
    """Return the first column of such a name; nulls where there is none."""
    for name in names:
        if name in found:
            return found[name]
    n = len(next(iter(found.values()))) if found else 0
    return pa.nulls(n, pa.string())


def both(one: pa.StringArray, other: pa.StringArray, between: str) -> pa.StringArray:
    """Return two texts joined; the first alone where the second is null."""
    return pc.coalesce(pc.binary_join_element_wise(one, other, between), one)
