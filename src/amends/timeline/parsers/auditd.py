# ruff: noqa: E501  (expressions and tables read best on one line)
"""Linux audit logs: ``type=… msg=audit(epoch:serial): …``.

Each record stays an event, for rules look at records and lines must add up. What the records of one serial say together
(command line, file, address) stands in its ``SYSCALL`` record; the records beside it are of kind ``other``.

Source: Red Hat's audit event fields and record types; ``auditd.conf(5)`` (enriched format); ``ausearch-strings`` on hex.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.columns import Bools, Ints, blank_to_null, numbers
from amends.timeline.lines import Lines, after, blocks
from amends.timeline.parsers.audit_words import addresses_of, kind_of, syscall_of
from amends.timeline.parsers.base import Origin, Parsed, Times
from amends.timeline.parsers.by_lines import LineParser, ParseBlock, blank_lines, places, rejected
from amends.timeline.parsers.dialects.pairs import Pairs, pairs_of
from amends.timeline.stamps import read_epochs

_RECORD = re.compile(rb"^(?:node=\S+ )?type=[A-Z0-9_\[\]]+ msg=audit\(\d+[.,]\d+:\d+\):")
_HEAD = r"^(?:\w{3} [ \d]\d \d\d:\d\d:\d\d \S+ \S+ )?(?:node=(?P<host>\S+) )?type=(?P<type>\S+) msg=audit\((?P<at>[\d.,]+):(?P<serial>\d+)\): ?"
_NEAR = 50
"""Records of one serial stand together; where two processors write at once, some lines of another come between."""
_MOST_HELD = 10_000
"""Lines that are kept for the next block at most, whatever a log claims."""
_WANTED = (
    "syscall", "SYSCALL", "success", "res", "exit", "ppid", "pid", "auid", "uid", "ses", "tty", "comm", "exe", "key", "AUID", "UID",
    "acct", "addr", "hostname", "terminal", "op", "cmd", "name", "nametype", "proctitle", "saddr", "unit", "id", "ID", "grp", "audit_enabled",
)  # fmt: skip


class Auditd(LineParser):
    """The audit daemon's log."""

    name = "auditd"

    def detect(self, head: bytes, origin: Origin) -> bool:
        """Answer whether most of the first lines are audit records."""
        lines = [x for x in head[: 64 << 10].split(b"\n")[:200] if x.strip()]
        return bool(lines) and sum(1 for x in lines if _RECORD.match(x)) * 2 > len(lines)

    def begin(self, origin: Origin) -> ParseBlock:
        """Return the parser of this file's blocks."""
        return _parse

    def read(self, stream: BinaryIO, origin: Origin) -> Iterator[Parsed]:
        """Yield the log in blocks that do not cut the records of a serial apart."""
        held: Lines | None = None
        for lines in blocks(stream, self.block_bytes):
            whole = after(held, lines) if held is not None else lines
            cut = _open_from(whole)
            if cut:
                yield _parse(whole.part(0, cut))
            held = whole.part(cut, len(whole)) if cut < len(whole) else None
        if held is not None:
            yield _parse(held)


def _open_from(lines: Lines) -> int:
    """Return the first line of the serials of which further records may come."""
    n = len(lines)
    found = pc.struct_field(pc.extract_regex(lines.text, _HEAD), "serial")
    group = _groups(found, np.arange(n))
    if not len(group):
        return n
    last, first = (
        np.zeros(int(group.max()) + 1, np.int64),
        np.full(int(group.max()) + 1, n, np.int64),
    )
    np.maximum.at(last, group, np.arange(n))
    np.minimum.at(first, group, np.arange(n))
    cut, before = n - _NEAR - 1, n
    while cut > 0 and cut < before:
        before = cut
        cut = int(first[last >= cut].min(initial=cut))
    return cut if cut > 0 and n - cut <= _MOST_HELD else (n if n > _MOST_HELD else 0)


def _parse(lines: Lines) -> Parsed:
    blank = blank_lines(lines)
    found = pc.extract_regex(lines.text, _HEAD)
    keep = found.is_valid().to_numpy(zero_copy_only=False) & ~blank
    rejects = rejected(lines, blank, "blank") + rejected(lines, ~blank & ~keep, "no_head")
    text = lines.text.filter(pa.array(keep))
    found = found.filter(pa.array(keep))
    kind = pc.struct_field(found, "type")
    stamp = pc.replace_substring(pc.struct_field(found, "at"), ",", ".")
    times = read_epochs(stamp)
    times = Times(times.wall, times.utc, times.yearless, times.raw, 1)
    group = _groups(pc.struct_field(found, "serial"), np.flatnonzero(keep))
    columns = {**places(lines, keep), **_records(text, kind, group)}
    host = blank_to_null(pc.struct_field(found, "host"))
    if host.null_count < len(host):
        columns["host"] = host
    return Parsed(len(lines), times, columns, text, sorted(rejects))


def _records(text: pa.Array, kind: pa.Array, group: Ints) -> dict[str, pa.Array]:
    n = len(text)
    body = pc.replace_substring(pc.replace_substring(text, "\x1d", " "), " msg='", " ")
    body = pc.replace_substring_regex(body, r"'($| )", r"\1")
    pairs = pairs_of(body)
    found = {k: _opened(k, v) for k, v in pairs.wanted(_WANTED).items()}
    nothing = pa.nulls(n, pa.string())

    def word(key: str) -> pa.Array:
        return found.get(key, nothing)

    arguments, extra = _extra(pairs, kind)
    command = pc.coalesce(arguments, word("cmd"), word("proctitle"))
    main = pc.equal(kind, "SYSCALL").to_numpy(zero_copy_only=False)
    syscall = syscall_of(word("syscall"), word("SYSCALL"))
    kinds, actions = kind_of(kind, syscall, word("op"), word("audit_enabled"))
    of_command = _of_group(command, group, ~command.is_null().to_numpy(zero_copy_only=False))
    path = pc.if_else(
        pc.equal(word("nametype"), "PARENT"), pa.scalar(None, pa.string()), word("name")
    )
    of_path = _of_group(path, group, ~path.is_null().to_numpy(zero_copy_only=False))
    address = addresses_of(word("saddr"))
    of_address = {
        k: _of_group(v, group, ~v.is_null().to_numpy(zero_copy_only=False))
        for k, v in address.items()
    }
    yes = pc.is_in(
        pc.coalesce(word("res"), word("success")), value_set=pa.array(["success", "yes", "1"])
    )
    no = pc.is_in(
        pc.coalesce(word("res"), word("success")), value_set=pa.array(["failed", "no", "0", "fail"])
    )
    is_main = pa.array(main)
    starts = pc.equal(kinds, "process")
    columns = {
        "kind": kinds,
        "action": actions,
        "outcome": pc.if_else(yes, "success", pc.if_else(no, "failure", "")),
        "account": _account(word, is_main),
        "target_account": pc.if_else(pc.equal(kinds, "account"), _first(word("ID"), word("id"), word("acct"), word("grp")), pa.scalar(None, pa.string())),
        "session": pc.if_else(pc.is_in(word("ses"), value_set=pa.array(["4294967295", "-1"])), pa.scalar(None, pa.string()), word("ses")),
        "src_ip": pc.if_else(pc.is_in(word("addr"), value_set=pa.array(["?", "UNKNOWN"])), pa.scalar(None, pa.string()), word("addr")),
        "dst_ip": pc.if_else(is_main, of_address["ip"], address["ip"]),
        "dst_port": numbers(pc.fill_null(pc.if_else(is_main, of_address["port"], address["port"]), "")),
        "process": _first(word("exe"), word("comm")),
        "pid": numbers(pc.fill_null(word("pid"), "")),
        "command": pc.if_else(pc.and_(is_main, starts), of_command, command),
        "object": pc.if_else(pc.and_(is_main, pc.equal(kinds, "file")), of_path, _first(word("unit"), word("name"))),
        "logon_type": pc.if_else(pc.and_(pc.equal(kinds, "login"), pc.match_substring(pc.fill_null(word("exe"), ""), "sshd")), "ssh", pa.scalar(None, pa.string())),
        "code": kind,
        "message": pc.replace_substring_regex(text, r"^.*?msg=audit\([^)]*\): ?", ""),
        "extra": extra,
    }  # fmt: skip
    columns["object_kind"] = pc.if_else(pc.equal(kinds, "file"), "file", pc.if_else(pc.equal(kinds, "service"), "service", pa.scalar(None, pa.string())))  # fmt: skip
    columns["source"] = pa.repeat(pa.scalar("auditd"), n)
    return columns


def _first(*columns: pa.Array) -> pa.Array:
    return pc.coalesce(*[blank_to_null(c) for c in columns])


def _account(get: Callable[[str], pa.Array], main: pa.Array) -> pa.Array:
    """Return who acted: the account that the record names, else the login (``AUID``), else the user.

    Numbers are not names; only 0 is known without the host's list of accounts, and in a ``USER_`` record it is the
    daemon's own.
    """
    nobody = pa.scalar(None, pa.string())
    unset = pa.array(["unset", "(unknown)", "unknown(0)", "?"])
    auid = pc.if_else(pc.is_in(get("AUID"), value_set=unset), nobody, get("AUID"))
    own = pc.is_in(get("auid"), value_set=pa.array(["0", "4294967295", "-1"]))
    is_root = pc.and_(pc.and_(main, own), pc.equal(get("uid"), "0"))
    root = pc.if_else(is_root, "root", nobody)
    uid = pc.if_else(main, blank_to_null(get("UID")), nobody)
    return pc.coalesce(blank_to_null(get("acct")), blank_to_null(auid), uid, root)


def _groups(serial: pa.Array, line: Ints) -> Ints:
    """Return a number for each record that those of its serial nearby share; a line without a serial is alone."""
    coded = serial.dictionary_encode()
    codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    order = np.lexsort((line, codes))
    fresh = np.ones(len(order), np.bool_)
    fresh[1:] = (
        (np.diff(codes[order]) != 0) | (np.diff(line[order]) > _NEAR) | (codes[order][1:] < 0)
    )
    group = np.empty(len(order), np.int64)
    group[order] = np.cumsum(fresh) - 1
    return group


def _of_group(values: pa.Array, group: Ints, there: Bools) -> pa.Array:
    """Return for each record the value that a record of its serial has: the first that is there."""
    if not there.any():
        return pa.nulls(len(values), values.type)
    rows = np.flatnonzero(there)[::-1]
    first = np.full(int(group.max()) + 1, -1, np.int64)
    first[group[rows]] = rows
    index = first[group]
    return values.take(pa.array(index, mask=index < 0))


def _opened(key: str, texts: pa.Array) -> pa.Array:
    return (
        _unhexed(texts)
        if key in ("proctitle", "cmd", "comm", "exe", "name", "acct", "key")
        else texts
    )


def _unhexed(texts: pa.Array) -> pa.Array:
    """Return texts with those that are hex as text: what holds spaces or quotes is written so."""
    odd = pc.fill_null(pc.match_substring_regex(texts, r"^(?:[0-9A-F]{2}){3,}$"), False)
    if not pc.any(odd).as_py():
        return texts
    coded = texts.filter(odd).dictionary_encode()
    plain = [
        bytes.fromhex(str(t)).replace(b"\0", b" ").decode("utf-8", "replace").strip()
        for t in coded.dictionary.to_pylist()
    ]
    return pc.replace_with_mask(texts, odd, pa.array(plain, pa.string()).take(coded.indices))


def _extra(pairs: Pairs, kind: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return the command lines of EXECVE records, and all fields of all records."""
    whole = pairs.all()
    keys, items = whole.keys, whole.items
    row = pairs.row
    is_execve = pc.equal(kind, "EXECVE").to_numpy(zero_copy_only=False)[row]
    letters = pc.match_substring_regex(keys, r"^a\d+(?:\[\d+\])?$").to_numpy(zero_copy_only=False)
    mine = is_execve & letters
    named = pc.is_in(
        keys, value_set=pa.array(["proctitle", "cmd", "name", "comm", "exe", "acct", "key"])
    )
    open_ = mine | named.to_numpy(zero_copy_only=False)
    unquoted = pairs.start - pairs.equals == 1
    closed = np.flatnonzero(open_ & unquoted)
    if len(closed):
        mask = np.zeros(len(items), np.bool_)
        mask[closed] = True
        items = pc.replace_with_mask(items, pa.array(mask), _unhexed(items.take(pa.array(closed))))
    counts = np.bincount(row[mine], minlength=pairs.n)
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
    lists = pa.ListArray.from_arrays(offsets, items.filter(pa.array(mine)))
    joined = pc.binary_join(lists, " ")
    command = pc.if_else(pa.array(counts > 0), joined, pa.scalar(None, pa.string()))
    keep = pc.invert(pc.is_in(keys, value_set=pa.array(["msg", "node"])))
    kept = keep.to_numpy(zero_copy_only=False)
    counts = np.bincount(row[kept], minlength=pairs.n)
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
    return command, pa.MapArray.from_arrays(offsets, keys.filter(keep), items.filter(keep))
