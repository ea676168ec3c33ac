"""Whole-column helpers on text: slices of a byte buffer, fixed-width views, numbers, scattering groups of rows.

Everything here works on all rows at once. A slice is a start and a length in a buffer of UTF-8; ``slices`` makes an
Arrow column of them with one copy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_INLINE = 12
"""Arrow's layout of string views: texts up to twelve bytes stand in the view itself."""


def slices(buffer: Bytes, starts: npt.NDArray[Any], lengths: npt.NDArray[Any]) -> pa.Array:
    """Return a text column of slices of ``buffer``; slices may lie in any order and overlap."""
    n = len(starts)
    if not n:
        return pa.array([], pa.string())
    at, size = np.asarray(starts, np.int64), np.asarray(lengths)
    views = np.empty((n, 4), np.int32)
    views[:, 0] = size
    views[:, 1:] = _begins(buffer, at).view(
        np.int32
    )  # what lies behind a short text is not looked at
    long = np.flatnonzero(size > _INLINE)
    views[long, 2] = 0
    views[long, 3] = at[long]
    made = pa.Array.from_buffers(
        pa.string_view(), n, [None, pa.py_buffer(views), pa.py_buffer(np.ascontiguousarray(buffer))]
    )
    return made.cast(pa.string())


def _begins(buffer: Bytes, at: Ints) -> Bytes:
    """Return the twelve bytes from each place on, zeros beyond the end of the buffer."""
    padded = buffer if len(buffer) >= _INLINE else np.resize(buffer, _INLINE)
    last = len(padded) - _INLINE
    every = np.lib.stride_tricks.sliding_window_view(padded, _INLINE)
    over = np.flatnonzero(at > last)
    found: Bytes = np.ascontiguousarray(every[np.minimum(at, last) if len(over) else at])
    for row in over:
        text = buffer[at[row] : at[row] + _INLINE]
        found[row] = 0
        found[row, : len(text)] = text
    return found


def layout(texts: pa.Array) -> tuple[Bytes, Ints]:
    """Return the bytes of a text column and the n + 1 offsets of its values; a null has length 0."""
    if pa.types.is_dictionary(texts.type):
        texts = texts.cast(pa.string())
    if texts.null_count:
        texts = pc.fill_null(texts, "")
    _, offsets, values = texts.buffers()
    n = len(texts)
    if offsets is None or not n:
        return np.zeros(0, np.uint8), np.zeros(n + 1, np.int64)
    at = np.frombuffer(offsets, np.int32, n + 1, texts.offset * 4).astype(np.int64)
    held = np.frombuffer(values, np.uint8) if values is not None else np.zeros(0, np.uint8)
    return held, at


def window(texts: pa.Array, width: int) -> tuple[Bytes, Ints]:
    """Return the first ``width`` bytes of every text, zero beyond its end, and its length in bytes."""
    held, at = layout(texts)
    lengths = np.diff(at)
    n = len(lengths)
    out = np.zeros((n, width), np.uint8)
    if not n or not len(held):
        return out, lengths
    if len(held) < width:
        held = np.concatenate([held, np.zeros(width - len(held), np.uint8)])
    starts = at[:-1]
    inside = starts <= len(held) - width
    if inside.all():
        out[:] = np.lib.stride_tricks.sliding_window_view(held, width)[starts]
    else:
        out[inside] = np.lib.stride_tricks.sliding_window_view(held, width)[starts[inside]]
        for row in np.flatnonzero(~inside):
            text = held[starts[row] : starts[row] + lengths[row]][:width]
            out[row, : len(text)] = text
    if (lengths < width).any():
        out *= np.arange(width) < lengths[:, None]
    return out, lengths


def blank_to_null(texts: pa.Array) -> pa.Array:
    """Return the column with empty texts made null."""
    empty = pc.equal(texts, "")
    if not pc.any(empty).as_py():
        return texts
    return pc.if_else(empty, pa.scalar(None, texts.type), texts)


def numbers(texts: pa.Array) -> pa.Array:
    """Return whole numbers; null where the text is none, or beyond 18 digits."""
    _, at = layout(texts)
    lengths = np.diff(at)
    if not len(lengths):
        return pa.array([], pa.int64())
    longest = int(min(lengths.max(), 18))
    rows, _ = window(texts, max(longest, 1))
    digits = rows - np.uint8(48)
    inside = np.arange(rows.shape[1]) < lengths[:, None]
    good = (lengths > 0) & (lengths <= 18) & ((digits < 10) | ~inside).all(axis=1)
    value = np.zeros(len(lengths), np.int64)
    for place in range(rows.shape[1]):
        here = inside[:, place]
        value = np.where(here, value * 10 + digits[:, place], value)
    return pa.array(np.where(good, value, 0), mask=~good)


def coded(codes: npt.NDArray[Any], words: Sequence[str | None]) -> pa.Array:
    """Return the text column ``words[code]``; words may hold ``None``."""
    return pa.array(words, pa.string()).take(pa.array(codes))


def distinct_map(texts: pa.Array, change: Any) -> pa.Array:
    """Return the column with ``change`` (an array to an array) worked out once for each distinct value."""
    if not len(texts):
        return texts
    coded_texts = texts.dictionary_encode()
    return change(coded_texts.dictionary).take(coded_texts.indices)


def gather(
    n: int, groups: Sequence[tuple[Ints, Mapping[str, pa.Array]]], types: Mapping[str, pa.DataType]
) -> dict[str, pa.Array]:
    """Return whole columns of ``n`` rows from groups of rows; a row that no group fills is null.

    Args:
        n: Rows of the result.
        groups: Row numbers and the columns that the group fills for them.
        types: Type of each column; text where it says nothing.
    """
    names = dict.fromkeys(name for _, columns in groups for name in columns)
    out: dict[str, pa.Array] = {}
    for name in names:
        having = [
            (rows, columns[name]) for rows, columns in groups if name in columns and len(rows)
        ]
        if not having:
            continue
        place = np.full(n, -1, np.int64)
        done = 0
        for rows, _ in having:
            place[rows] = np.arange(done, done + len(rows))
            done += len(rows)
        pieces = [_plain(column, types.get(name, pa.string())) for _, column in having]
        whole = pa.concat_arrays(pieces) if len(pieces) > 1 else pieces[0]
        if done == n and len(having) == 1 and (np.diff(place) == 1).all():
            out[name] = whole
            continue
        missing = place < 0
        index = pa.array(place, mask=missing) if missing.any() else pa.array(place)
        out[name] = whole.take(index)
    return out


def _plain(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return column if column.type == kind else column.cast(kind)
