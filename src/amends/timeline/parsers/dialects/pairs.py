"""Bodies of ``key=value`` words: found by arithmetic on bytes, wanted keys compared sixteen bytes at a time.

A value ends at the next space, or at the next quote where it begins with one. An equals sign inside quotes begins no
pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

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
        codes = self._codes(tuple(keys))
        order = np.argsort(codes, kind="stable")
        edges = np.searchsorted(codes[order], np.arange(len(keys) + 1))
        known = order[: edges[-1]]
        values = slices(self.buffer, self.start[known], self.end[known] - self.start[known])
        out: dict[str, pa.Array] = {}
        for place, key in enumerate(keys):
            low, high = int(edges[place]), int(edges[place + 1])
            if low == high:
                continue
            rows = self.row[known[low:high]]
            if len(rows) == self.n and rows[0] == 0 and (np.diff(rows) == 1).all():
                out[key] = values.slice(low, high - low)
                continue
            index = np.full(self.n, -1, np.int64)
            # the first value of a text counts: later ones are written before it
            index[rows[::-1]] = np.arange(low, high)[::-1]
            out[key] = values.take(pa.array(index, mask=index < 0))
        return out

    def some(self, keys: Sequence[str]) -> pa.Array:
        """Return the pairs of some keys as a map column."""
        codes = self._codes(tuple(keys))
        keep = codes < len(keys)
        counts = np.bincount(self.row[keep], minlength=self.n)
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        values = slices(self.buffer, self.start[keep], self.end[keep] - self.start[keep])
        return pa.MapArray.from_arrays(
            pa.array(offsets), coded(codes[keep].astype(np.int32), keys), values
        )

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

    def _codes(self, keys: tuple[str, ...]) -> npt.NDArray[np.uint8]:
        """Return for each pair the place of its key in ``keys``; their number for any other key."""
        padded = np.concatenate([np.zeros(_WIDTH, np.uint8), self.buffer])
        head = np.lib.stride_tricks.sliding_window_view(padded, _WIDTH)[self.equals]
        words = np.ascontiguousarray(head).view(">u8").astype(np.uint64)
        lengths = np.minimum(self.equals - self.key, _WIDTH)
        low = words[:, 1] & _LOW[lengths]
        high = words[:, 0] & _HIGH[lengths]
        table, wanted, multiplier = _table(keys)
        codes = table[((low ^ (high * _SPREAD)) * multiplier) >> _SHIFT]
        same = (wanted[codes, 1] == low) & (wanted[codes, 0] == high)
        return np.where(same, codes, np.uint8(len(keys)))


_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(52)
_LOW = np.array([(1 << 8 * min(n, 8)) - 1 for n in range(_WIDTH + 1)], np.uint64)
_HIGH = np.array([(1 << 8 * max(n - 8, 0)) - 1 for n in range(_WIDTH + 1)], np.uint64)


@lru_cache(maxsize=64)
def _table(
    keys: tuple[str, ...],
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint64], np.uint64]:
    """Return a table of 4,096 places with one key in each at most, the keys as numbers, and the multiplier."""
    tails = [key.encode()[-_WIDTH:].rjust(_WIDTH, b"\0") for key in keys]
    wanted = np.array(
        [(int.from_bytes(t[:8], "big"), int.from_bytes(t[8:], "big")) for t in tails] + [(0, 0)],
        np.uint64,
    )
    factor = int(_SPREAD)
    for _ in range(1000):
        multiplier = np.uint64(factor)
        places = ((wanted[:-1, 1] ^ (wanted[:-1, 0] * _SPREAD)) * multiplier) >> _SHIFT
        if len(np.unique(places)) == len(keys):
            break
        factor = (factor * 5 + 2) % 2**64 | 1
    table = np.full(4096, len(keys), np.uint8)
    table[places] = np.arange(len(keys))
    return table, wanted, multiplier


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
