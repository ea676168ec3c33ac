"""Bodies of ``key=value`` words: found by arithmetic on bytes, wanted keys compared sixteen bytes at a time.

A value ends at the next space, or at the next quote where it begins with one. An equals sign inside quotes begins no
pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from amends.timeline.columns import Bools, Bytes, Ints, coded, layout, slices

_EQUALS, _SPACE, _QUOTE, _SINGLE, _COMMA = 61, 32, 34, 39, 44
_WIDTH = 16


@dataclass(frozen=True)
class Pairs:
    """The pairs of a column of texts, in their order.

    Attributes:
        n: Number of texts.
        row: Text that each pair stands in.
        buffer: Bytes of the texts.
        key: Where each key begins.
        equals: Where its equals sign stands.
        start: Where its value begins, a quote left out.
        end: Where its value ends.
    """

    n: int
    row: Ints
    buffer: Bytes
    key: Ints
    equals: Ints
    start: Ints
    end: Ints

    def wanted(self, keys: Sequence[str]) -> dict[str, pa.Array]:
        """Return a text column of each key: its first value in each text, null where it has none."""
        words = self._key_words()
        out: dict[str, pa.Array] = {}
        for key in keys:
            mine = np.flatnonzero(_is_key(words, self.equals - self.key, key))
            if not len(mine):
                continue
            rows = self.row[mine]
            first = np.ones(len(mine), np.bool_)
            first[1:] = rows[1:] != rows[:-1]
            mine, rows = mine[first], rows[first]
            values = slices(self.buffer, self.start[mine], self.end[mine] - self.start[mine])
            if len(rows) == self.n:
                out[key] = values
                continue
            place = np.full(self.n, -1, np.int64)
            place[rows] = np.arange(len(rows))
            out[key] = values.take(pa.array(place, mask=place < 0))
        return out

    def all(self, keep: Bools | None = None) -> pa.Array:
        """Return all pairs of each text as a map column."""
        rows = self.row if keep is None else self.row[keep]
        picked = slice(None) if keep is None else keep
        key, equals = self.key[picked], self.equals[picked]
        start, end = self.start[picked], self.end[picked]
        counts = np.bincount(rows, minlength=self.n)
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        names = slices(self.buffer, key, equals - key)
        return pa.MapArray.from_arrays(
            pa.array(offsets), names, slices(self.buffer, start, end - start)
        )

    def _key_words(self) -> npt.NDArray[np.uint64]:
        """Return the sixteen bytes before each equals sign as two numbers."""
        padded = np.concatenate([np.zeros(_WIDTH, np.uint8), self.buffer])
        head = np.lib.stride_tricks.sliding_window_view(padded, _WIDTH)[self.equals]
        return np.ascontiguousarray(head).view(">u8").astype(np.uint64)


def _is_key(words: npt.NDArray[np.uint64], lengths: Ints, key: str) -> Bools:
    tail = key.encode()[-_WIDTH:]
    mask = (b"\xff" * len(tail)).rjust(_WIDTH, b"\0")
    value = tail.rjust(_WIDTH, b"\0")
    good = lengths == len(key.encode())
    for half in (1, 0):
        part = slice(half * 8, half * 8 + 8)
        bits = np.uint64(int.from_bytes(mask[part], "big"))
        if bits:
            good = good & ((words[:, half] & bits) == np.uint64(int.from_bytes(value[part], "big")))
    return np.asarray(good, np.bool_)


def pairs_of(texts: pa.Array, *, commas: bool = False) -> Pairs:
    """Return the pairs of texts.

    Args:
        texts: Bodies of messages.
        commas: Whether a comma ends a value too.
    """
    buffer, at = layout(texts)
    n = len(texts)
    low, high = int(at[0]), int(at[-1])
    body = buffer[low:high]
    equals = np.flatnonzero(body == _EQUALS) + low
    breaks = np.flatnonzero((body == _SPACE) | (body == _COMMA) if commas else body == _SPACE) + low
    breaks = np.append(breaks, high)
    row = np.searchsorted(at, equals, side="right") - 1
    line_start, line_end = at[row], at[row + 1]
    before = np.searchsorted(breaks, equals)
    key = np.maximum(np.where(before > 0, breaks[np.maximum(before - 1, 0)] + 1, 0), line_start)
    quotes = np.append(np.flatnonzero(body == _QUOTE) + low, high)
    count = np.searchsorted(quotes, equals)
    even = (count - np.searchsorted(quotes, line_start)) % 2 == 0
    good = even & (equals > key)
    # of several signs without a space between, only the first begins a pair
    later = np.zeros(len(equals), np.bool_)
    later[1:] = (key[1:] == key[:-1]) & good[:-1]
    good &= ~later
    equals, key, row, line_end, before, count = (
        v[good] for v in (equals, key, row, line_end, before, count)
    )
    key = key + ((buffer[np.minimum(key, len(buffer) - 1)] == _SINGLE) if len(buffer) else 0)
    start = equals + 1
    end = np.minimum(breaks[before], line_end)
    first = buffer[np.minimum(start, len(buffer) - 1)] if len(buffer) else np.zeros(0, np.uint8)
    quoted = (first == _QUOTE) & (start < line_end)
    closing = quotes[np.minimum(count + 1, len(quotes) - 1)]
    end = np.where(quoted, np.minimum(closing, line_end), end)
    start = np.where(quoted, start + 1, start)
    return Pairs(n, row, buffer, key, equals, start, np.maximum(end, start))


def constant(n: int, word: str | None) -> pa.Array:
    """Return a text column of one word."""
    return coded(np.zeros(n, np.int32), [word])
