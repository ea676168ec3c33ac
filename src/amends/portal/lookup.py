"""Key files: sorted keyed hashes, each with a number beside it, read where they lie.

A file holds a head, a table of where each of 2^bits equal stretches of hashes begins, the hashes (8 bytes each,
sorted), and their values (4 or 8 bytes each). Hashes are spread evenly, so a stretch holds a dozen: a look-up touches
three pages, and takes the same steps whether the hash is there or not.

Writing takes the same small memory for any number of keys: they are parted by their first bits as they come in, and
each part is sorted by itself.
"""

from __future__ import annotations

import mmap
import struct
import sys
from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from amends.kernel.errors import TableError

Kind = Literal["i4", "u8"]

MAGIC = b"amendsk1"
_HEAD = struct.Struct("<8s2sHIQ")  # magic, kind of value, bits, nothing, keys
_HEAD_BYTES = 64
_PARTS_BITS = 4
_KEYS_A_STRETCH = 16
_MOST_BITS = 28
# Keys kept in memory before they go to the parts on disk: 16 bytes each at most.
_HELD_KEYS = 1 << 22


@dataclass(frozen=True)
class KeyCount:
    """What a key file came to.

    Attributes:
        n_keys: Keys in it.
        n_unsure: Keys that came more than once with different values (or at all, where one may come but once).
    """

    n_keys: int
    n_unsure: int


class KeyFileWriter:
    """Takes keys in any order and writes them sorted.

    Args:
        path: The file to be made; parts lie beside it while it is made.
        kind: ``i4`` or ``u8``: the values.
        unsure: The value of a key that came more than once with different values.
        once: Whether a key that comes twice is unsure even with the same value.
    """

    def __init__(self, path: Path, kind: Kind, unsure: int, *, once: bool) -> None:
        if sys.byteorder != "little":
            raise TableError("Key files need a little-endian machine", remedy="publish on another")
        self._path, self._kind, self._unsure, self._once = path, kind, unsure, once
        self._parts: list[list[NDArray[np.void]]] = [[] for _ in range(1 << _PARTS_BITS)]
        self._row = np.dtype([("key", "<u8"), ("value", f"<{kind}")])
        self._held = 0
        self._n = 0

    def add(self, keys: NDArray[np.uint64], values: NDArray[np.generic]) -> None:
        """Take in keys with their values."""
        if not len(keys):
            return
        rows = np.empty(len(keys), self._row)
        rows["key"], rows["value"] = keys, values
        part = (keys >> np.uint64(64 - _PARTS_BITS)).astype(np.uint8)
        rows = rows[np.argsort(part, kind="stable")]
        edges = np.concatenate(([0], np.cumsum(np.bincount(part, minlength=1 << _PARTS_BITS))))
        for number, held in enumerate(self._parts):
            if edges[number + 1] > edges[number]:
                held.append(rows[edges[number] : edges[number + 1]])
        self._n += len(keys)
        self._held += len(keys)
        if self._held >= _HELD_KEYS:
            self._spill()

    def _spill(self) -> None:
        for number, held in enumerate(self._parts):
            with self._part_path(number).open("ab") as out:
                for rows in held:
                    rows.tofile(out)
            held.clear()
        self._held = 0

    def _part_path(self, number: int) -> Path:
        return self._path.with_name(f".{self._path.name}.part{number:02d}")

    def finish(self) -> KeyCount:
        """Write the file and drop the parts."""
        bits = min(max(_PARTS_BITS, (self._n // _KEYS_A_STRETCH).bit_length()), _MOST_BITS)
        counts = np.zeros((1 << bits) + 1, np.int64)
        values_path = self._path.with_name(f".{self._path.name}.values")
        n_keys = n_unsure = 0
        with self._path.open("wb") as out, values_path.open("w+b") as values:
            out.truncate(_keys_at(bits))
            out.seek(_keys_at(bits))
            for number in range(len(self._parts)):
                rows, unsure = self._part(number)
                stretch = (rows["key"] >> np.uint64(64 - bits)).astype(np.int64)
                first = number << (bits - _PARTS_BITS)
                found = np.bincount(stretch - first, minlength=1 << (bits - _PARTS_BITS))
                counts[first + 1 : first + 1 + len(found)] = found
                np.ascontiguousarray(rows["key"]).tofile(out)
                np.ascontiguousarray(rows["value"]).tofile(values)
                n_keys += len(rows)
                n_unsure += unsure
            _append(values, out)
            out.seek(0)
            out.write(
                _HEAD.pack(MAGIC, self._kind.encode(), bits, 0, n_keys).ljust(_HEAD_BYTES, b"\0")
            )
            np.cumsum(counts).astype("<u4").tofile(out)
        values_path.unlink()
        return KeyCount(n_keys, n_unsure)

    def _part(self, number: int) -> tuple[NDArray[np.void], int]:
        """Return one part sorted, each key once, and how many keys are unsure."""
        path, held = self._part_path(number), self._parts[number]
        if path.exists():
            held.insert(0, np.fromfile(path, self._row))
            path.unlink()
        rows = np.concatenate(held) if held else np.empty(0, self._row)
        held.clear()
        rows = rows[np.argsort(rows["key"], kind="stable")]
        again = np.flatnonzero(rows["key"][1:] == rows["key"][:-1]) + 1
        if not len(again):
            return rows, 0
        other = rows["value"][again] != rows["value"][again - 1]
        differ = again if self._once else again[other]
        unsure = np.unique(rows["key"][differ])
        rows = np.delete(rows, again)
        rows["value"][np.searchsorted(rows["key"], unsure)] = self._unsure
        return rows, len(unsure)


def _append(values: BinaryIO, out: BinaryIO) -> None:
    values.flush()
    values.seek(0)
    while chunk := values.read(1 << 22):
        out.write(chunk)


def _keys_at(bits: int) -> int:
    """Return where the hashes begin: after the head and the table, at a multiple of 8."""
    return _HEAD_BYTES + ((((1 << bits) + 1) * 4 + 7) & ~7)


class KeyFile:
    """A key file, read where it lies; many threads may ask at once.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        """Map the file and check that its parts fit each other.

        Raises:
            TableError: It is none, was cut short, or cannot be read.
        """
        try:
            with path.open("rb") as stream:
                whole = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
            magic, kind, bits, _, self.n_keys = _HEAD.unpack_from(whole)
            width = {b"i4": 4, b"u8": 8}[kind]
            at = _keys_at(bits)
            if magic != MAGIC or len(whole) != at + self.n_keys * (8 + width):
                raise ValueError("length")
        except (OSError, ValueError, KeyError, struct.error) as error:
            raise TableError(
                "A file of the look-up is not whole",
                where=path.name,
                remedy="publish again with: amends portal publish CASE --to PUBLISHED",
            ) from error
        middle = at + 8 * self.n_keys
        self._shift = 64 - bits
        self._starts = whole[_HEAD_BYTES : _HEAD_BYTES + 4 * ((1 << bits) + 1)].cast("I")
        self._keys = whole[at:middle].cast("Q")
        self._values = whole[middle:].cast("i" if kind == b"i4" else "Q")
        self.size_bytes = len(whole)

    def find(self, key: int) -> tuple[bool, int]:
        """Return whether a hash is there, and its value.

        Where it is not, the value is that of the next one: who asks can go on with it, so that both ways take the
        same steps.
        """
        if not self.n_keys:
            return False, 0
        stretch = key >> self._shift
        at = bisect_left(self._keys, key, self._starts[stretch], self._starts[stretch + 1])
        if at == self.n_keys:
            at -= 1
        return self._keys[at] == key, self._values[at]

    def holds(self, keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Say of each hash whether it is there."""
        if not self.n_keys:
            return np.zeros(len(keys), np.bool_)
        own = np.frombuffer(self._keys, np.uint64)
        at = np.minimum(np.searchsorted(own, keys), len(own) - 1)
        there: NDArray[np.bool_] = own[at] == keys
        return there

    def is_sorted(self) -> bool:
        """Say whether the hashes rise, and the table says where each stretch begins."""
        keys = np.frombuffer(self._keys, np.uint64)
        starts = np.frombuffer(self._starts, np.uint32).astype(np.int64)
        step = 1 << 22
        for first in range(0, len(keys), step):
            some = keys[first : first + step + 1]
            if not bool(np.all(some[1:] > some[:-1])):
                return False
        stretches = np.arange(len(starts) - 1, dtype=np.uint64) << np.uint64(self._shift)
        found = np.searchsorted(keys, stretches)
        return bool(starts[-1] == len(keys) and np.array_equal(found, starts[:-1]))
