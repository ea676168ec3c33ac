"""What a dialect of syslog is: which messages are its own, and the shapes that they take.

A shape is an anchored expression whose named groups are columns of ``events``; a group called ``x_name`` goes into
``extra`` as ``name``. Anchored expressions without a way to go back cost RE2 one pass over the bytes that they read.
Before an expression runs, the first eight bytes of every message are compared with the shape's literal beginning, so a
shape costs nothing for messages that are not its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from amends.tables.timeline import EVENTS
from amends.timeline.columns import Ints, blank_to_null, coded, gather, numbers, window

TYPES: dict[str, pa.DataType] = {c.name: c.arrow for c in EVENTS.columns}
NUMBERS = frozenset(c.name for c in EVENTS.columns if c.kind == "int")
_KEY = 8
_GROUPS = 4


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
        code: Code that its messages have; "" where the head gives none.
    """

    starts: str
    pattern: str
    kind: str
    action: str
    outcome: str = ""
    fixed: Mapping[str, str] = field(default_factory=dict)
    code: str = ""

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
    """Messages of a block.

    Attributes:
        text: The messages.
        code: Mnemonic of each, such as SYS-5-CONFIG_I or a MSGID of RFC 5424.
    """

    text: pa.Array
    code: pa.Array

    def take(self, rows: Ints) -> Messages:
        """Return some of the messages."""
        index = pa.array(rows)
        blank = self.code.null_count == len(self.code)
        code = self.code.slice(0, len(rows)) if blank else self.code.take(index)
        return Messages(self.text.take(index), code)


Reader = Callable[[Messages], list[Group]]


@dataclass(frozen=True)
class Dialect:
    """A family of messages.

    Attributes:
        name: Kept in ``source`` behind ``syslog/``.
        read: Returns groups of the messages that it could read; rows are numbers of the messages given.
        programs: Programs that write it, lower case.
        codes: Expression for the codes of its messages; "" for none.
        starts: Literal beginnings of its messages where no program and no code is given.
    """

    name: str
    read: Reader
    programs: frozenset[str] = frozenset()
    codes: str = ""
    starts: tuple[str, ...] = ()


Finish = Callable[[dict[str, pa.Array]], None]


def by_shapes(shapes: Sequence[Shape], finish: Finish | None = None) -> Reader:
    """Return a reader that tries shapes in order; ``finish`` may change the columns of a group."""

    def read(messages: Messages) -> list[Group]:
        return read_shapes(messages.text, shapes, finish, messages.code)

    return read


def read_shapes(
    texts: pa.Array,
    shapes: Sequence[Shape],
    finish: Finish | None = None,
    codes: pa.Array | None = None,
) -> list[Group]:
    """Return the groups of texts that shapes fit; the first shape that fits wins.

    Args:
        texts: Messages.
        shapes: Shapes, in order.
        finish: May change the columns of a group.
        codes: Code of each message, for shapes that ask for one.
    """
    groups: list[Group] = []
    keys = first_bytes(texts)
    of_code = _rows_by_code(codes) if any(s.code for s in shapes) and codes is not None else {}
    free = np.ones(len(texts), np.bool_)
    for shape in shapes:
        may = starts_with(keys, shape.starts)
        if shape.code:
            rows = of_code.get(shape.code, np.zeros(0, np.int64))
            rows = rows[free[rows] & may[rows]]
        else:
            rows = np.flatnonzero(free & may)
        if not len(rows):
            continue
        fits, columns = _fit(texts, rows, shape.pattern)
        if not len(fits):
            continue
        rows = rows[fits]
        free[rows] = False
        if finish is not None:
            finish(columns)
        groups.append(Group(rows, columns, shape.constants))
        if not free.any():
            break
    return groups


def _rows_by_code(codes: pa.Array) -> dict[str, Ints]:
    found = codes.dictionary_encode()
    places = pc.fill_null(found.indices, len(found.dictionary)).to_numpy(zero_copy_only=False)
    order = np.argsort(places, kind="stable")
    edges = np.searchsorted(places[order], np.arange(len(found.dictionary) + 1))
    return {
        str(word): order[edges[i] : edges[i + 1]]
        for i, word in enumerate(found.dictionary.to_pylist())
    }


def _fit(texts: pa.Array, rows: Ints, pattern: str) -> tuple[Ints, dict[str, pa.Array]]:
    """Return which of the rows a pattern fits, by their place in ``rows``, and its columns for them."""
    chosen = texts if len(rows) == len(texts) else texts.take(pa.array(rows))
    parts = parts_of(pattern)
    columns: dict[str, pa.Array] = {}
    if not parts:
        fit = pc.match_substring_regex(chosen, pattern).to_numpy(zero_copy_only=False)
        return np.flatnonzero(fit), columns
    places = np.arange(len(rows))
    found: list[tuple[str, pa.Array]] = []
    for turn, part in enumerate(parts):
        read = pc.extract_regex(chosen, part)
        if turn == 0:
            fit = read.is_valid().to_numpy(zero_copy_only=False)
            if not fit.any():
                return np.zeros(0, np.int64), columns
            if not fit.all():
                places = np.flatnonzero(fit)
                read, chosen = read.filter(pa.array(fit)), chosen.take(pa.array(places))
        found += [(field.name, read.field(i)) for i, field in enumerate(read.type)]
    return places, columns_of(len(places), found)


@lru_cache(maxsize=4096)
def parts_of(pattern: str) -> tuple[str, ...]:
    """Return a pattern as patterns of at most four groups each: RE2 reads those in one pass, and more only slowly."""
    names = re.findall(r"\(\?P<(\w+)>", pattern)
    parts = []
    for first in range(0, len(names), _GROUPS):
        mine = names[first : first + _GROUPS]
        parts.append(
            re.sub(
                r"\(\?P<(\w+)>",
                lambda m, mine=mine: m[0] if m[1] in mine else "(?:",  # type: ignore[misc]  # a default binds the loop's value
                pattern,
            )
        )
    return tuple(parts)


def columns_of(n: int, found: Sequence[tuple[str, pa.Array]]) -> dict[str, pa.Array]:
    """Return the columns of an expression's groups: numbers as numbers, ``x_`` groups together as ``extra``."""
    columns: dict[str, pa.Array] = {}
    extra: dict[str, pa.Array] = {}
    for name, values in found:
        if name.startswith("x_"):
            extra[name[2:]] = values
        elif name in NUMBERS:
            columns[name] = numbers(values)
        else:
            columns[name] = blank_to_null(values)
    if extra:
        columns["extra"] = fields(n, extra)
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
