# ruff: noqa: E501  (patterns and tables of names read best on one line)
"""Logins of Linux: utmp, wtmp, btmp (failures) and lastlog, in records of fixed size.

Source: utmp(5) and <bits/utmp.h> of the GNU C library on x86-64 (384 bytes a record, 32-bit times); lastlog(8), 292 bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.parsers import cells, moments
from amends.timeline.parsers.base import NO_TIME, Origin, Parsed, Times

_RECORD = np.dtype({
    "names": ["type", "pid", "line", "id", "user", "host", "session", "sec", "usec", "addr"],
    "formats": ["<i2", "<i4", "S32", "S4", "S32", "S256", "<i4", "<u4", "<u4", (np.uint8, 16)],
    "offsets": [0, 4, 8, 40, 44, 76, 336, 340, 344, 348],
    "itemsize": 384,
})  # fmt: skip
_LAST = np.dtype(
    {
        "names": ["sec", "line", "host"],
        "formats": ["<u4", "S32", "S256"],
        "offsets": [0, 4, 36],
        "itemsize": 292,
    }
)
_ROWS = 50_000
# ut_type: 0 empty, 1 run level, 2 boot, 3 new time, 4 old time, 5 init, 6 login prompt, 7 user, 8 dead, 9 accounting.
_KINDS = {
    1: ("system", "shutdown"), 2: ("system", "boot"), 3: ("system", "time"), 4: ("system", "time"), 5: ("process", "start"),
    6: ("process", "start"), 7: ("login", "login"), 8: ("logout", "logout"), 9: ("other", "other"),
}  # fmt: skip
_NAMES = ("", "run level changed", "boot", "time after it was set", "time before it was set", "process of init",
          "login prompt", "login", "session ended", "accounting")  # fmt: skip
_UNTIL = 4_102_444_800  # 2100: a later time is no time, and a sign of another kind of file


@dataclass
class Utmp:
    """The parser of utmp, wtmp and btmp."""

    name: str = "utmp"

    def detect(self, head: bytes, origin: Origin) -> bool:
        """Answer whether the first records are of these files: by their types, times and padding, not by the name alone."""
        if len(head) < _RECORD.itemsize:
            return False
        some = np.frombuffer(head[: len(head) // 384 * 384][: 384 * 32], _RECORD)
        likely = (
            (some["type"] >= 0)
            & (some["type"] <= 9)
            & (some["sec"] < _UNTIL)
            & (some["usec"] < 1_000_000)
        )
        return (
            bool(likely.all())
            and bool((some["type"] > 0).any())
            and bool(((some["sec"] > 0) | (some["type"] == 0)).all())
        )

    def read(self, stream: BinaryIO, origin: Origin) -> Iterator[Parsed]:
        """Yield the log in blocks of records."""
        failed = "btmp" in origin.name.lower()
        for first, block, cut in _records(stream, _RECORD.itemsize):
            yield _block(np.frombuffer(block, _RECORD), first, cut, failed)


def _records(stream: BinaryIO, size: int) -> Iterator[tuple[int, bytes, bool]]:
    """Yield the number of the first record, whole records, and whether what follows them is cut off."""
    first, rest = 1, b""
    while True:
        part = stream.read(size * _ROWS - len(rest))
        rest += part
        whole = len(rest) // size * size
        if part and whole < size * _ROWS:
            continue
        cut = not part and len(rest) > whole
        if whole or cut:
            yield first, rest[:whole], cut
        first += whole // size
        rest = rest[whole:]
        if not part:
            return


def _texts(column: npt.NDArray[np.bytes_]) -> pa.StringArray:
    """Return fixed-width bytes as text up to their first NUL."""
    plain = [t.split(b"\0", 1)[0].decode("utf-8", "replace") for t in np.unique(column).tolist()]
    return pa.array(plain, pa.string()).take(pa.array(np.unique(column, return_inverse=True)[1]))


def _addresses(raw: npt.NDArray[np.uint8]) -> pa.StringArray:
    """Return IPv4 addresses of four bytes, IPv6 of sixteen; null where all are zero."""
    if not len(raw):
        return pa.nulls(0, pa.string())
    texts = []
    distinct, inverse = np.unique(raw, axis=0, return_inverse=True)
    for row in distinct:
        short = not row[4:].any()
        texts.append(
            ".".join(map(str, row[:4]))
            if short
            else ":".join(row[i : i + 2].tobytes().hex() for i in range(0, 16, 2))
        )
    found: pa.StringArray = cells.address(pa.array(texts, pa.string())).take(
        pa.array(inverse.ravel())
    )
    return found


def _block(rows: npt.NDArray[np.void], first: int, cut: bool, failed: bool) -> Parsed:
    number = np.arange(first, first + len(rows), dtype=np.int64)
    good = (rows["type"] > 0) & (rows["type"] <= 9)
    empty = rows["type"] == 0
    rejects = [(int(n), "empty record") for n in number[empty]] + [
        (int(n), "no such type") for n in number[~good & ~empty]
    ]
    if cut:
        rejects.append((first + len(rows), "record is cut off"))
    kept, number_kept = rows[good], number[good]
    n = len(kept)
    kinds = kept["type"].astype(np.int64)
    if failed:
        kinds = np.where(np.isin(kinds, (6, 7)), 7, kinds)
    line, user, host = (_texts(kept[name]) for name in ("line", "user", "host"))
    wall = kept["sec"].astype(np.int64) * 1_000_000 + np.minimum(
        kept["usec"].astype(np.int64), 999_999
    )
    wall = np.where((kept["sec"] > 0) & (kept["sec"] < _UNTIL), wall, NO_TIME)
    login = np.isin(kinds, (7, 8))
    is_login = pa.array(login)
    remote = pc.coalesce(_addresses(kept["addr"]), cells.address(host))
    stopped = pc.and_(pa.array(kinds == 1), pc.equal(user, "shutdown"))
    columns = {
        "position": pa.array(number_kept),
        "line": pa.array(number_kept),
        "kind": cells.words(kinds, ["", *(k for k, _ in _KINDS.values())]),
        "action": pc.if_else(
            pa.array(kinds == 1),
            pc.if_else(stopped, "shutdown", "boot"),
            cells.words(kinds, ["", *(a for _, a in _KINDS.values())]),
        ),
        "outcome": pc.if_else(is_login, "failure" if failed else "success", ""),
        "account": pc.if_else(is_login, cells.account(user), pa.scalar(None, pa.string())),
        "session": pc.cast(pa.array(kept["session"], mask=kept["session"] == 0), pa.string()),
        "logon_type": _logon_type(line, host, is_login, failed),
        "src_ip": remote,
        "pid": pa.array(kept["pid"].astype(np.int64)),
        "object": line,
        "object_kind": cells.constant("terminal", n),
        "source": cells.constant("utmp/btmp" if failed else "utmp/wtmp", n),
        "code": pc.cast(pa.array(kinds), pa.string()),
        "message": cells.words(kinds, list(_NAMES)),
        "extra": cells.named(
            {"ut_user": user, "ut_host": host, "ut_line": line, "ut_id": _texts(kept["id"])}, n
        ),
    }
    raw = pc.binary_join_element_wise(user, line, host, " ")
    stamp = pc.cast(pa.array(kept["sec"].astype(np.int64)), pa.string())
    return Parsed(
        len(rows) + cut, moments.times(wall, True, stamp, 1), columns, raw, sorted(rejects)
    )


def _logon_type(
    line: pa.StringArray, host: pa.StringArray, login: pa.BooleanArray, failed: bool
) -> pa.StringArray:
    """Return ssh for what sshd writes to btmp and for a terminal with a remote host, console for one without."""
    by_ssh = pc.or_(
        pc.starts_with(line, "ssh"), pc.and_(pc.starts_with(line, "pts/"), pc.not_equal(host, ""))
    )
    remote_display = pc.match_substring_regex(host, r"^:\d")
    word = pc.if_else(
        pc.and_(by_ssh, pc.invert(remote_display)),
        "ssh",
        pc.if_else(pc.starts_with(line, "ftpd"), "ftp", "console"),
    )
    return pc.if_else(login, word, pa.scalar(None, pa.string()))


@dataclass
class Lastlog:
    """The parser of lastlog: the last login of each account, by its number."""

    name: str = "lastlog"

    def detect(self, head: bytes, origin: Origin) -> bool:
        """Answer whether the name says lastlog and the first records are possible."""
        if "lastlog" not in origin.name.lower() or len(head) < _LAST.itemsize:
            return False
        some = np.frombuffer(head[: len(head) // 292 * 292], _LAST)
        return bool((some["sec"] < _UNTIL).all())

    def read(self, stream: BinaryIO, origin: Origin) -> Iterator[Parsed]:
        """Yield the log in blocks; an account that never logged in has an empty record."""
        for first, block, cut in _records(stream, _LAST.itemsize):
            rows = np.frombuffer(block, _LAST)
            number = np.arange(first, first + len(rows), dtype=np.int64)
            good = rows["sec"] > 0
            rejects = [(int(n), "never logged in") for n in number[~good]]
            if cut:
                rejects.append((first + len(rows), "record is cut off"))
            yield Parsed(len(rows) + cut, *_last(rows[good], number[good]), rejects)


def _last(
    rows: npt.NDArray[np.void], number: npt.NDArray[np.int64]
) -> tuple[Times, dict[str, pa.Array], pa.StringArray]:
    n = len(rows)
    line, host = _texts(rows["line"]), _texts(rows["host"])
    stamp = pc.cast(pa.array(rows["sec"].astype(np.int64)), pa.string())
    user_id = pc.cast(pa.array(number - 1), pa.string())
    columns = {
        "position": pa.array(number),
        "line": pa.array(number),
        "kind": cells.constant("login", n),
        "action": cells.constant("login", n),
        "outcome": cells.constant("success", n),
        "account": pc.binary_join_element_wise("uid", user_id, ":"),
        "logon_type": _logon_type(line, host, pa.array(np.ones(n, dtype=bool)), False),
        "src_ip": cells.address(host),
        "object": line,
        "source": cells.constant("utmp/lastlog", n),
        "message": cells.constant("last login", n),
        "extra": cells.named({"uid": user_id, "ut_host": host, "ut_line": line}, n),
    }
    times = moments.times(rows["sec"].astype(np.int64) * 1_000_000, True, stamp)
    return times, columns, pc.binary_join_element_wise(line, host, " ")
