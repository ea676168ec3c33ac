"""The two usual heads of syslog lines, by arithmetic on bytes: ``Aug  4 02:11:09 host program[pid]: message`` and the
same behind an ISO 8601 stamp, with or without ``<PRI>``.

Nine lines in ten have one of them. What has not goes to the expressions in ``heads``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.columns import Bools, Bytes, Ints, layout, slices

_SPACE, _COLON, _DASH, _LESS, _MORE, _OPEN, _CLOSE = 32, 58, 45, 60, 62, 91, 93
_BSD_LENGTH = 15
_TAIL = 12
"""A process id has at most seven digits on Linux, ten anywhere; with its brackets that is twelve bytes."""
_PROGRAM = r"^[A-Za-z_/][^\s:\[=]*$"


@dataclass(frozen=True)
class Usual:
    """The lines that have a usual head.

    Attributes:
        rows: Their numbers.
        stamp: Their times as written.
        columns: host, process, pid, message.
    """

    rows: Ints
    stamp: pa.Array
    columns: dict[str, pa.Array]


def usual_heads(texts: pa.Array) -> Usual:
    """Return what the usual heads of lines say."""
    buffer, at = layout(texts)
    starts, ends = at[:-1], at[1:]
    n = len(starts)
    if not n or len(buffer) < _BSD_LENGTH:
        return Usual(np.zeros(0, np.int64), pa.array([], pa.string()), {})
    base = int(at[0])
    spaces = np.append(
        np.flatnonzero(buffer[base : int(at[-1])] == _SPACE) + base, [len(buffer)] * 3
    )
    begin = starts + _priorities(buffer, starts, ends)
    stamp_end, good = _stamp_ends(buffer, begin, ends, spaces)
    rows = np.flatnonzero(good)
    begin, stamp_end, ends = begin[rows], stamp_end[rows], ends[rows]
    place = np.searchsorted(spaces, stamp_end + 1)
    host_end = spaces[place]
    tag_end = np.minimum(spaces[place + 1], ends)
    last = np.maximum(tag_end - 1, 0)
    good = (host_end > stamp_end + 1) & (tag_end > host_end + 2) & (host_end < ends)
    good &= (buffer[last] == _COLON) & (buffer[host_end - 1] != _COLON)
    begin, stamp_end, host_end, tag_end, ends, rows = (
        v[good] for v in (begin, stamp_end, host_end, tag_end, ends, rows)
    )
    name_end, pid = _numbers_of_programs(buffer, host_end + 1, tag_end - 1)
    process = slices(buffer, host_end + 1, name_end - host_end - 1).dictionary_encode()
    fit = pc.match_substring_regex(process.dictionary, _PROGRAM).take(process.indices)
    good = np.asarray(fit.to_numpy(zero_copy_only=False), np.bool_)
    if not good.all():
        begin, stamp_end, host_end, tag_end, ends, rows, pid = (
            v[good] for v in (begin, stamp_end, host_end, tag_end, ends, rows, pid)
        )
        process = process.filter(pa.array(good))
    body = np.minimum(tag_end + 1, ends)
    return Usual(
        rows,
        slices(buffer, begin, stamp_end - begin),
        {
            "host": slices(buffer, stamp_end + 1, host_end - stamp_end - 1),
            "process": process.cast(pa.string()),
            "pid": pa.array(pid, mask=pid < 0),
            "message": slices(buffer, body, ends - body),
        },
    )


def _priorities(buffer: Bytes, starts: Ints, ends: Ints) -> Ints:
    """Return the length of ``<PRI>`` at the head of each line; 0 without one."""
    first = buffer[np.minimum(starts, len(buffer) - 1)]
    length = np.zeros(len(starts), np.int64)
    rows = np.flatnonzero((first == _LESS) & (ends - starts > 5))
    if len(rows):
        for width in (2, 3, 4):
            here = buffer[starts[rows] + width] == _MORE
            length[rows[here & (length[rows] == 0)]] = width + 1
    return length


def _stamp_ends(buffer: Bytes, begin: Ints, ends: Ints, spaces: Ints) -> tuple[Ints, Bools]:
    """Return where the stamp of each line ends, and which lines begin with one that may be."""
    room = ends - begin > _BSD_LENGTH + 4
    safe = np.where(room, begin, 0)

    def byte(place: int) -> Bytes:
        return np.asarray(buffer[np.minimum(safe + place, len(buffer) - 1)])

    colons = (byte(9) == _COLON) & (byte(12) == _COLON)
    bsd = room & colons & (byte(3) == _SPACE) & (byte(6) == _SPACE) & (byte(15) == _SPACE)
    end = begin + _BSD_LENGTH
    iso = room & ~bsd & (byte(4) == _DASH) & (byte(7) == _DASH) & (byte(10) == 84)
    if iso.any():
        rows = np.flatnonzero(iso)
        end = end.copy()
        end[rows] = spaces[np.searchsorted(spaces, begin[rows])]
        iso[rows] &= (end[rows] < ends[rows]) & (end[rows] - begin[rows] <= 40)
    return end, bsd | iso


def _numbers_of_programs(buffer: Bytes, starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """Return where the names of programs end, and the numbers in brackets behind them; -1 without one."""
    name_end = ends.copy()
    pid = np.full(len(starts), -1, np.int64)
    rows = np.flatnonzero(
        (ends - starts > 3) & (buffer[np.maximum(ends - 1, 0)] == _CLOSE) & (ends >= _TAIL)
    )
    if len(rows):
        windows = np.lib.stride_tricks.sliding_window_view(buffer, _TAIL)[ends[rows] - _TAIL]
        opened = windows == _OPEN
        back = np.argmax(opened[:, ::-1], axis=1)
        digits = windows - np.uint8(48)
        value = np.zeros(len(rows), np.int64)
        fine = opened.any(axis=1) & (back >= 2)
        for place in range(_TAIL - 1):
            inside = place > _TAIL - 1 - back
            digit = digits[:, place]
            fine &= ~inside | (digit < 10)
            value = np.where(inside, value * 10 + digit, value)
        fine &= ends[rows] - 1 - back > starts[rows]
        done = rows[fine]
        name_end[done] = ends[done] - 1 - back[fine]
        pid[done] = value[fine]
    return name_end, pid
