"""Arrow strings as matrices of bytes, one a length, and back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64] | None

_KEPT_BYTES = 24 << 20


def _hold_on_to_memory() -> None:
    """Let the C library keep up to twice this much free memory for the next batch.

    It would give the arrays of each batch back to the system and fetch them again page by page, which was measured to
    cost as much as the ciphers. One block of this size, never touched and given back at once, raises its thresholds
    (mallopt(3), M_MMAP_THRESHOLD: dynamic). Where the C library is another, nothing happens.
    """
    np.empty(_KEPT_BYTES, np.uint8)


_hold_on_to_memory()


def whole_array(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return one plain string (or number) array, whatever layout came in."""
    if isinstance(values, pa.ChunkedArray):
        if values.num_chunks == 1:
            values = values.chunk(0)
        else:
            values = (
                pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], values.type)
            )
    if not (pa.types.is_string(values.type) or pa.types.is_integer(values.type)):
        values = pc.cast(values, pa.string())
    return values


def equal_lengths(values: pa.Array) -> Iterator[tuple[int, Places, Bytes]]:
    """Yield the values, those of equal length together.

    Args:
        values: Strings; nulls are left out.

    Yields:
        The length in bytes; the places of these values (null for all of them, in order); one row of
        bytes a value.
    """
    n = len(values)
    if not n:
        return
    offsets = np.frombuffer(values.buffers()[1], np.int32)[values.offset : values.offset + n + 1]
    held = values.buffers()[2]
    data = np.frombuffer(held, np.uint8) if held is not None else np.zeros(0, np.uint8)
    lengths = np.diff(offsets)
    known = None if not values.null_count else np.asarray(pc.is_valid(values))
    if known is None and (lengths == lengths[0]).all():
        width = int(lengths[0])
        yield width, None, data[offsets[0] : offsets[-1]].reshape(n, width)
        return
    counts = np.bincount(lengths if known is None else lengths[known])
    for width in map(int, np.flatnonzero(counts)):
        chosen = lengths == width
        places = np.flatnonzero(chosen if known is None else chosen & known)
        yield width, places, _gathered(data, offsets[places], width)


def from_matrices(n: int, groups: list[tuple[Places, Bytes]]) -> pa.Array:
    """Return the strings that rows of bytes stand for.

    Args:
        n: How many values there are, nulls included.
        groups: Places (null for all) and their rows; a place in no group is null.

    Returns:
        Strings, in order of place.

    Raises:
        OverflowError: More than 2 GiB of text at once.
    """
    if len(groups) == 1 and groups[0][0] is None:
        return _of_one_length(groups[0][1])
    widths = np.zeros(n, np.int64)
    known = np.zeros(n, np.bool_)
    for places, rows in groups:
        at = slice(None) if places is None else places
        widths[at], known[at] = rows.shape[1], True
    offsets = np.zeros(n + 1, np.int32)
    np.cumsum(widths, out=offsets[1:], dtype=np.int32)
    data = np.empty(int(widths.sum()), np.uint8)
    for places, rows in groups:
        if places is None:
            data[:] = rows.ravel()
        else:
            _scatter(data, offsets[places], rows)
    mask = None if known.all() else pa.py_buffer(np.packbits(known, bitorder="little"))
    return pa.Array.from_buffers(
        pa.string(), n, [mask, pa.py_buffer(offsets), pa.py_buffer(data)], -1 if mask else 0
    )


def _gathered(data: Bytes, starts: NDArray[np.int32], width: int) -> Bytes:
    """Return ``width`` bytes from each start, one row each: one copy a row, not one a byte."""
    if not width:
        return np.zeros((len(starts), 0), np.uint8)
    windows = np.ndarray((len(data) - width + 1,), f"V{width}", data, 0, (1,))
    return windows[starts].view(np.uint8).reshape(len(starts), width)


def _scatter(data: Bytes, starts: NDArray[np.int32], rows: Bytes) -> None:
    """Put each row at its start."""
    width = rows.shape[1]
    if width and len(rows):
        windows = np.ndarray((len(data) - width + 1,), f"V{width}", data, 0, (1,))
        windows[starts] = np.ascontiguousarray(rows).view(f"V{width}").ravel()


def _of_one_length(rows: Bytes) -> pa.Array:
    n, width = rows.shape
    if n * width > np.iinfo(np.int32).max:
        raise OverflowError("more than 2 GiB of text at once")
    offsets = (
        np.arange(0, n * width + 1, width, dtype=np.int32) if width else np.zeros(n + 1, np.int32)
    )
    held = [pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(rows))]
    return pa.Array.from_buffers(pa.string(), n, [None, *held], 0)
