"""The usual heads of syslog lines, by arithmetic on bytes.

``Aug  4 02:11:09 host program[pid]: message``, and the same behind an ISO 8601 stamp, with or without ``<PRI>``.
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
_PERCENT = 37
_HEAD_ROOM = 120
_CODE = r"^[A-Z][A-Z0-9_]*(?:-[A-Z0-9_]+)*-\d-[A-Z0-9_]+$"
_PROGRAM = r"^[A-Za-z_/][^\s:\[=]*$"


@dataclass(frozen=True)
class Usual:
    """The lines that have a usual head.

    Attributes:
        rows: Numbers of those whose head names a program.
        stamp: Their times as written.
        columns: Their host, process, pid and message.
        bare_rows: Numbers of those whose head ends with the host.
        bare_stamp: Their times as written.
        bare_columns: Their host, and the rest as message.
    """

    rows: Ints
    stamp: pa.Array
    columns: dict[str, pa.Array]
    bare_rows: Ints
    bare_stamp: pa.Array
    bare_columns: dict[str, pa.Array]


def usual_heads(texts: pa.Array) -> Usual:
    """Return what the usual heads of lines say."""
    buffer, at = layout(texts)
    starts, ends = at[:-1], at[1:]
    nothing = np.zeros(0, np.int64)
    empty = pa.array([], pa.string())
    if not len(starts) or len(buffer) < _BSD_LENGTH:
        return Usual(nothing, empty, {}, nothing, empty, {})
    base = int(at[0])
    spaces = np.append(
        np.flatnonzero(buffer[base : int(at[-1])] == _SPACE) + base, [len(buffer)] * 3
    )
    begin = starts + _priorities(buffer, starts, ends)
    stamp_end, good = _stamp_ends(buffer, begin, ends, spaces)
    rows = np.flatnonzero(good)
    if not len(rows):
        return Usual(nothing, empty, {}, nothing, empty, {})
    begin, stamp_end, ends = begin[rows], stamp_end[rows], ends[rows]
    place = np.searchsorted(spaces, stamp_end + 1)
    host_end = spaces[place]
    tag_end = np.minimum(spaces[place + 1], ends)
    good = (host_end > stamp_end + 1) & (host_end < ends) & (buffer[host_end - 1] != _COLON)
    good &= buffer[np.minimum(stamp_end + 1, len(buffer) - 1)] != _PERCENT
    cut = _Cut(buffer, rows, begin, stamp_end, host_end, tag_end, ends).at(good)
    tagged = (cut.tag_end > cut.host_end + 2) & (buffer[np.maximum(cut.tag_end - 1, 0)] == _COLON)
    name_end, pid = _numbers_of_programs(buffer, cut.host_end + 1, cut.tag_end - 1)
    name_end = np.where(tagged, name_end, cut.host_end + 1)
    process = slices(buffer, cut.host_end + 1, name_end - cut.host_end - 1).dictionary_encode()
    fit = pc.match_substring_regex(process.dictionary, _PROGRAM).to_numpy(zero_copy_only=False)
    tagged &= fit[process.indices.to_numpy(zero_copy_only=False)]
    one = cut.at(tagged)
    body = np.minimum(one.tag_end + 1, one.ends)
    pid = pid[tagged]
    other = cut.at(~tagged)
    return Usual(
        one.rows,
        one.stamp(),
        {
            "host": one.host(),
            "process": (process if tagged.all() else process.filter(pa.array(tagged))).cast(
                pa.string()
            ),
            "pid": pa.array(pid, mask=pid < 0),
            "message": slices(buffer, body, one.ends - body),
        },
        other.rows,
        other.stamp(),
        {
            "host": other.host(),
            "message": slices(buffer, other.host_end + 1, other.ends - other.host_end - 1),
        },
    )


@dataclass(frozen=True)
class _Cut:
    """Where the parts of heads end."""

    buffer: Bytes
    rows: Ints
    begin: Ints
    stamp_end: Ints
    host_end: Ints
    tag_end: Ints
    ends: Ints

    def at(self, keep: Bools) -> _Cut:
        if keep.all():
            return self
        parts = (self.rows, self.begin, self.stamp_end, self.host_end, self.tag_end, self.ends)
        return _Cut(self.buffer, *(part[keep] for part in parts))

    def stamp(self) -> pa.Array:
        return slices(self.buffer, self.begin, self.stamp_end - self.begin)

    def host(self) -> pa.Array:
        return slices(self.buffer, self.stamp_end + 1, self.host_end - self.stamp_end - 1)


def coded_messages(texts: pa.Array) -> tuple[Ints, pa.Array, pa.Array, pa.Array]:
    """Return messages that hold a code such as ``%SYS-5-CONFIG_I:`` near their beginning.

    Returns:
        Their numbers; what stands before the code; the code; what stands behind it.
    """
    buffer, at = layout(texts)
    starts, ends = at[:-1], at[1:]
    empty = pa.array([], pa.string())
    base, high = int(at[0]), int(at[-1])
    marks = np.flatnonzero(buffer[base:high] == _PERCENT) + base
    if not len(marks):
        return np.zeros(0, np.int64), empty, empty, empty
    mark = np.append(marks, high)[np.searchsorted(marks, starts)]
    rows = np.flatnonzero((mark < ends) & (mark - starts < _HEAD_ROOM))
    rows = rows[
        (mark[rows] == starts[rows])
        | np.isin(buffer[np.maximum(mark[rows] - 1, 0)], (_SPACE, _COLON))
    ]
    colons = np.append(np.flatnonzero(buffer[base:high] == _COLON) + base, high)
    mark = mark[rows]
    stop = colons[np.searchsorted(colons, mark)]
    good = (stop < ends[rows]) & (stop - mark < 64)
    rows, mark, stop = rows[good], mark[good], stop[good]
    code = slices(buffer, mark + 1, stop - mark - 1).dictionary_encode()
    fit = pc.match_substring_regex(code.dictionary, _CODE).to_numpy(zero_copy_only=False)
    good = fit[code.indices.to_numpy(zero_copy_only=False)]
    if not good.all():
        rows, mark, stop, code = rows[good], mark[good], stop[good], code.filter(pa.array(good))
    begin, end = starts[rows], ends[rows]
    body = np.minimum(stop + 1, end)
    body += (body < end) & (buffer[np.minimum(body, len(buffer) - 1)] == _SPACE)
    return (
        rows,
        slices(buffer, begin, mark - begin),
        code.cast(pa.string()),
        slices(buffer, body, end - body),
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
