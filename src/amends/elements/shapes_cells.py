"""A column of text laid out so that every value can be checked at once.

One pass over the bytes counts digits, letters and signs of every value; the digits (or letters and
digits) of all values then lie in one buffer, from which whole columns of numbers are read without
a loop over values.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Places = NDArray[np.int64]

TEXT = pa.string()
# A longer value is prose; it is read as a document, not as a value.
LONGEST = 255
_LANES = ("digit", "upper", "lower", "space", "hyphen", "slash", "at", "other")


def _lane_table() -> NDArray[np.uint64]:
    lanes = np.full(256, 7)
    lanes[48:58] = 0
    lanes[65:91] = 1
    lanes[97:123] = 2
    lanes[[9, 10, 11, 12, 13, 32]] = 3
    lanes[45] = 4
    lanes[[47, 58]] = 5
    lanes[64] = 6
    return np.uint64(1) << (lanes.astype(np.uint64) * np.uint64(8))


_LANE_OF = _lane_table()
_UPPER = np.arange(256, dtype=np.uint8)
_UPPER[97:123] -= 32
_KEEP_DIGITS = np.zeros(256, np.bool_)
_KEEP_DIGITS[48:58] = True
_KEEP_ALNUM = _KEEP_DIGITS.copy()
_KEEP_ALNUM[65:91] = True
_KEEP_ALNUM[97:123] = True


class Cells:
    """The values of one column of a batch, trimmed, with what each consists of.

    Args:
        values: Strings; null is absent. Values over 255 bytes are treated as absent and are marked
            in ``long``.
    """

    def __init__(self, values: pa.Array) -> None:
        values = _trim(values)
        lengths = np.diff(_offsets(values))
        self.long = lengths > LONGEST
        self.kept: dict[str, tuple[Mask, Mask]] = {}
        if self.long.any():
            values = pc.if_else(pa.array(self.long), pa.scalar(""), values)
        if values.null_count and np.diff(_offsets(values))[np.asarray(values.is_null())].any():
            # Bytes under a null would be counted with its neighbours' signs.
            values = values.fill_null("")
        offsets = _offsets(values)
        lengths = np.diff(offsets)
        self.values = values
        self.n = len(values)
        self.lengths: NDArray[np.int32] = lengths
        self.present: Mask = (
            np.asarray(pc.is_valid(values)) & (lengths > 0)
            if values.null_count
            else np.asarray(lengths > 0)
        )
        held = values.buffers()[2] if self.n else None
        first, last = (int(offsets[0]), int(offsets[-1])) if self.n else (0, 0)
        # Eight spare bytes at the end let whole words be read at any value.
        self.data = np.zeros(last - first + 16, np.uint8)
        if held is not None and last > first:
            self.data[: last - first] = np.frombuffer(held, np.uint8)[first:last]
        self.offsets: NDArray[np.int32] = offsets - first

    @cached_property
    def _counts(self) -> NDArray[np.uint8]:
        """One row a value, one column a lane."""
        text = self.data[: int(self.offsets[-1])] if self.n else self.data[:0]
        totals = np.zeros(len(text) + 1, np.uint64)
        np.cumsum(_LANE_OF[text], out=totals[1:])
        at = totals[self.offsets]
        packed = at[1:] - at[:-1]
        return packed.view(np.uint8).reshape(self.n, 8)

    @property
    def digits(self) -> NDArray[np.uint8]:
        """How many digits each value has."""
        return self._counts[:, 0]

    @property
    def uppers(self) -> NDArray[np.uint8]:
        """How many capital letters (A to Z)."""
        return self._counts[:, 1]

    @property
    def lowers(self) -> NDArray[np.uint8]:
        """How many small letters (a to z)."""
        return self._counts[:, 2]

    @property
    def letters(self) -> NDArray[np.uint8]:
        """How many letters (A to Z, a to z)."""
        return self._counts[:, 1] + self._counts[:, 2]

    @property
    def spaces(self) -> NDArray[np.uint8]:
        """How many spaces."""
        return self._counts[:, 3]

    @property
    def hyphens(self) -> NDArray[np.uint8]:
        """How many hyphens."""
        return self._counts[:, 4]

    @property
    def slashes(self) -> NDArray[np.uint8]:
        """How many slashes and colons."""
        return self._counts[:, 5]

    @property
    def ats(self) -> NDArray[np.uint8]:
        """How many at signs."""
        return self._counts[:, 6]

    @property
    def others(self) -> NDArray[np.uint8]:
        """How many other bytes; a letter with an accent counts two."""
        return self._counts[:, 7]

    @property
    def n_present(self) -> int:
        """How many values are neither null nor empty."""
        return int(self.present.sum())

    @cached_property
    def _digit_text(self) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        return self._kept(_KEEP_DIGITS, self.digits)

    @cached_property
    def _alnum_text(self) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        starts, kept = self._kept(_KEEP_ALNUM, self.digits + self.letters)
        return starts, _UPPER[kept]

    def _kept(
        self, keep: Mask, counts: NDArray[np.uint8]
    ) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        text = self.data[: int(self.offsets[-1])] if self.n else self.data[:0]
        kept = np.zeros(int(counts.sum(dtype=np.int64)) + 16, np.uint8)
        kept[: len(kept) - 16] = text[keep[text]]
        starts = np.zeros(self.n + 1, np.int32)
        np.cumsum(counts, out=starts[1:], dtype=np.int32)
        return starts, kept

    @property
    def alnums(self) -> NDArray[np.uint8]:
        """How many letters and digits."""
        return self.digits + self.letters

    def digit_rows(self, places: Places, width: int) -> NDArray[np.uint8]:
        """Return the digits (0 to 9) of values that have exactly ``width`` of them."""
        starts, kept = self._digit_text
        rows = kept[starts[places][:, None] + np.arange(width, dtype=np.int32)]
        return np.asarray(rows - np.uint8(48), np.uint8)

    def alnum_rows(self, places: Places, width: int) -> NDArray[np.uint8]:
        """Return letters (upper case) and digits of values that have exactly ``width`` of them."""
        starts, kept = self._alnum_text
        rows = kept[starts[places][:, None] + np.arange(width, dtype=np.int32)]
        return np.asarray(rows, np.uint8)

    def number(
        self, places: Places, first: int | NDArray[np.int32], count: int
    ) -> NDArray[np.int64]:
        """Return digits ``first`` to ``first + count`` of each value as a number; at most eight.

        Source:
            Parsing eight digits in three multiplications: Mula and Lemire, "Quickly parsing eight
            digits", 2018.
        """
        starts, kept = self._digit_text
        words = np.ndarray((len(kept) - 7,), "<u8", kept.data, strides=(1,))
        v = words[starts[places] + first] << np.uint64(8 * (8 - count))
        v &= np.uint64(0x0F0F0F0F0F0F0F0F)
        v = (v * np.uint64(2561)) >> np.uint64(8)
        v = ((v & np.uint64(0x00FF00FF00FF00FF)) * np.uint64(6553601)) >> np.uint64(16)
        v = ((v & np.uint64(0x0000FFFF0000FFFF)) * np.uint64(42949672960001)) >> np.uint64(32)
        return np.asarray(v, np.int64)

    def sign_at(self, places: Places, position: int) -> NDArray[np.uint8]:
        """Return the byte at a position of each value; the position must lie inside."""
        return self.data[self.offsets[places] + position]

    def digits_only(self, mask: Mask | None = None) -> pa.Array:
        """Return the digits of each value as text; null where ``mask`` is false."""
        return self._strings(self._digit_text, mask)

    def alnum_only(self, mask: Mask | None = None) -> pa.Array:
        """Return letters (upper case) and digits of each value; null where ``mask`` is false."""
        return self._strings(self._alnum_text, mask)

    def _strings(
        self, text: tuple[NDArray[np.int32], NDArray[np.uint8]], mask: Mask | None
    ) -> pa.Array:
        starts, kept = text
        buffers = [None, pa.py_buffer(starts), pa.py_buffer(kept)]
        out = pa.Array.from_buffers(pa.string(), self.n, buffers)
        return keep_where(out, self.present if mask is None else mask)


def keep_where(values: pa.Array, mask: Mask) -> pa.Array:
    """Return the values where ``mask`` is true, null elsewhere."""
    if mask.all():
        return values
    return pc.if_else(pa.array(mask), values, pa.scalar(None, values.type))


def _trim(values: pa.Array) -> pa.Array:
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if not pa.types.is_string(values.type):
        values = pc.cast(values, pa.string())
    return pc.utf8_trim_whitespace(values) if len(values) else values


def _offsets(values: pa.Array) -> NDArray[np.int32]:
    if not len(values):
        return np.zeros(1, np.int32)
    held = np.frombuffer(values.buffers()[1], np.int32)
    return held[values.offset : values.offset + len(values) + 1]
