"""What a dialect of syslog is: which messages are its own, and the shapes that they take.

A shape is an anchored expression whose named groups are columns of ``events``; a group called ``x_name`` goes into
``extra`` as ``name``. Anchored expressions without a way to go back cost RE2 one pass over the bytes that they read.
Before an expression runs, the first eight bytes of every message are compared with the shape's literal beginning, so a
shape costs nothing for messages that are not its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from amends.tables.timeline import EVENTS
from amends.timeline.columns import Ints, blank_to_null, coded, gather, numbers, window

TYPES: dict[str, pa.DataType] = {c.name: c.arrow for c in EVENTS.columns}
NUMBERS = frozenset(c.name for c in EVENTS.columns if c.kind == "int")
_KEY = 8


@dataclass(frozen=True)
class Shape:
    """A kind of message.

    Attributes:
        starts: Its literal beginning; "" when it has none.
        pattern: Expression of RE2, anchored at the beginning; what follows it is not looked at.
        kind: A word of KINDS.
        action: A word of ACTIONS.
        outcome: success, failure or "".
        fixed: Columns that are the same for every such message.
    """

    starts: str
    pattern: str
    kind: str
    action: str
    outcome: str = ""
    fixed: Mapping[str, str] = field(default_factory=dict)

    @property
    def constants(self) -> dict[str, str]:
        """Return all columns that are the same for every such message."""
        return {"kind": self.kind, "action": self.action, "outcome": self.outcome, **self.fixed}


@dataclass
class Group:
    """Rows that were read, with their columns and what is the same for all of them."""

    rows: Ints
    columns: dict[str, pa.Array]
    constants: Mapping[str, str]

    def moved(self, rows: Ints) -> Group:
        """Return the group with its row numbers looked up in ``rows``."""
        return Group(rows[self.rows], self.columns, self.constants)


@dataclass(frozen=True)
class Messages:
    """Messages of a block with what their heads said.

    Attributes:
        text: The messages.
        process: Program of each, as written.
        host: Host of each, as written.
    """

    text: pa.Array
    process: pa.Array
    host: pa.Array

    def take(self, rows: Ints) -> Messages:
        """Return some of the messages."""
        index = pa.array(rows)
        return Messages(*(c.take(index) for c in (self.text, self.process, self.host)))


Reader = Callable[[Messages], list[Group]]


@dataclass(frozen=True)
class Dialect:
    """A family of messages.

    Attributes:
        name: Kept in ``source`` behind ``syslog/``.
        programs: Programs that write it, lower case.
        read: Returns groups of the messages that it could read; rows are numbers of the messages given.
    """

    name: str
    programs: frozenset[str]
    read: Reader


def by_shapes(
    shapes: Sequence[Shape], finish: Callable[[dict[str, pa.Array]], None] | None = None
) -> Reader:
    """Return a reader that tries shapes in order; ``finish`` may change the columns of a group."""

    def read(messages: Messages) -> list[Group]:
        return read_shapes(messages.text, shapes, finish)

    return read


def read_shapes(
    texts: pa.Array,
    shapes: Sequence[Shape],
    finish: Callable[[dict[str, pa.Array]], None] | None = None,
) -> list[Group]:
    """Return the groups of texts that shapes fit; the first shape that fits wins."""
    groups: list[Group] = []
    keys = first_bytes(texts)
    free = np.ones(len(texts), np.bool_)
    for shape in shapes:
        rows = np.flatnonzero(free & starts_with(keys, shape.starts))
        if not len(rows):
            continue
        chosen = texts if len(rows) == len(texts) else texts.take(pa.array(rows))
        found = pc.extract_regex(chosen, shape.pattern) if "(?P<" in shape.pattern else None
        if found is None:
            fits = pc.match_substring_regex(chosen, shape.pattern).to_numpy(zero_copy_only=False)
        else:
            fits = found.is_valid().to_numpy(zero_copy_only=False)
        if not fits.any():
            continue
        if not fits.all():
            rows = rows[fits]
            found = found.filter(pa.array(fits)) if found is not None else None
        free[rows] = False
        columns = columns_of(found) if found is not None else {}
        if finish is not None:
            finish(columns)
        groups.append(Group(rows, columns, shape.constants))
        if not free.any():
            break
    return groups


def columns_of(found: pa.StructArray) -> dict[str, pa.Array]:
    """Return the columns of an expression's groups: numbers as numbers, ``x_`` groups together as ``extra``."""
    columns: dict[str, pa.Array] = {}
    extra: dict[str, pa.Array] = {}
    for place, part in enumerate(found.type):
        values = found.field(place)
        if part.name.startswith("x_"):
            extra[part.name[2:]] = values
        elif part.name in NUMBERS:
            columns[part.name] = numbers(values)
        else:
            columns[part.name] = blank_to_null(values)
    if extra:
        columns["extra"] = fields(len(found), extra)
    return columns


def fields(n: int, named: Mapping[str, pa.Array]) -> pa.Array:
    """Return a map column of named texts; what is null or empty is left out."""
    names = list(named)
    k = len(names)
    if not n or not k:
        return pa.nulls(n, TYPES["extra"])
    whole = pa.concat_arrays([_text(named[name]) for name in names])
    order = (np.arange(n)[:, None] + np.arange(k)[None, :] * n).ravel()
    items = whole.take(pa.array(order))
    there = pc.fill_null(pc.not_equal(items, ""), False)
    keep = np.asarray(there.to_numpy(zero_copy_only=False), np.bool_)
    keys = coded(np.tile(np.arange(k), n)[keep], names)
    counts = keep.reshape(n, k).sum(axis=1)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pa.MapArray.from_arrays(pa.array(offsets), keys, items.filter(there))


def _text(column: pa.Array) -> pa.Array:
    return column if column.type == pa.string() else column.cast(pa.string())


def first_bytes(texts: pa.Array) -> npt.NDArray[np.uint64]:
    """Return the first eight bytes of every text as one number."""
    head, _ = window(texts, _KEY)
    return head.view(">u8").ravel().astype(np.uint64)


def starts_with(keys: npt.NDArray[np.uint64], literal: str) -> npt.NDArray[np.bool_]:
    """Answer which texts begin as a literal does, by its first eight bytes at most."""
    head = literal.encode()[:_KEY]
    if not head:
        return np.ones(len(keys), np.bool_)
    value = int.from_bytes(head.ljust(_KEY, b"\0"), "big")
    mask = int.from_bytes((b"\xff" * len(head)).ljust(_KEY, b"\0"), "big")
    return np.asarray((keys & np.uint64(mask)) == np.uint64(value), np.bool_)


def joined(n: int, groups: Sequence[Group]) -> dict[str, pa.Array]:
    """Return whole columns of ``n`` rows from groups; constants are kept as codes until the end."""
    columns = gather(n, [(g.rows, g.columns) for g in groups], TYPES)
    names = dict.fromkeys(name for g in groups for name in g.constants)
    for name in names:
        words: list[str | None] = [None]
        codes = np.zeros(n, np.int32)
        for group in groups:
            word = group.constants.get(name)
            if word is None:
                continue
            if word not in words:
                words.append(word)
            codes[group.rows] = words.index(word)
        constant = coded(codes, words)
        kind = TYPES.get(name, constant.type)
        if kind != constant.type:
            constant = constant.cast(kind)
        columns[name] = pc.coalesce(columns[name], constant) if name in columns else constant
    return columns
