# ruff: noqa: E501  (expressions and tables read best on one line)
"""Syslog: every line becomes an event; dialects read what they know, the rest keeps host, program and message.

Source: RFC 3164, RFC 5424.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.columns import Ints
from amends.timeline.lines import Lines
from amends.timeline.parsers.base import Origin, Parsed
from amends.timeline.parsers.by_lines import (
    LineParser,
    ParseBlock,
    blank_lines,
    places,
    rejected,
)
from amends.timeline.parsers.dialects.base import (
    Dialect,
    Group,
    Messages,
    fields,
    first_bytes,
    joined,
    starts_with,
)
from amends.timeline.parsers.dialects.registry import DIALECTS
from amends.timeline.parsers.heads import read_heads

_HEAD = re.compile(
    rb"^(?:<\d{1,3}>)?(?:1 \d{4}-\d\d-\d\dT\S+ \S+ \S+ |(?:\d+: )?(?:\S+: )?[*.]?[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d|"
    rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S* (?!INFO|WARN|ERROR|DEBUG|FATAL|TRACE|NOTICE|[A-Z]{3,4} )[\w.\-:]+ [\w.\-/]+\[\d+\]: |"
    rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S* [\w.\-:]+ [\w.\-/]+(?:\(\S+\))?(?:\[\d+\])?:|\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\S* \S+ (?:\S+ )?(?:: )?%|"
    rb"\d{4} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d\S* (?:[A-Z]{3,4}:? ?)?\S* ?%|(?:\S+ )?%[A-Z0-9_]+-[0-7]-[A-Z0-9_]+: |date=\d{4}-\d\d-\d\d time=)"
)  # fmt: skip
_COPIED = (
    "host", "source", "kind", "action", "outcome", "account", "target_account", "logon_type", "src_ip", "src_port", "dst_ip",
    "dst_port", "proto", "process", "command", "object", "object_kind", "code",
)  # fmt: skip
"""What a repeat has of the message it repeats."""
_SAMPLE_BYTES, _SAMPLE_LINES = 64 << 10, 200


class Syslog(LineParser):
    """Lines of syslog, in files and in memory buffers of devices."""

    name = "syslog"

    def detect(self, head: bytes, origin: Origin) -> bool:
        """Answer whether most of the first lines begin as syslog does."""
        lines = [x for x in head[:_SAMPLE_BYTES].split(b"\n")[:_SAMPLE_LINES] if x.strip(b"\0\r ")]
        hits = sum(1 for line in lines if _HEAD.match(line.lstrip(b"\0\xef\xbb\xbf")))
        return bool(lines) and hits * 2 > len(lines)

    def begin(self, origin: Origin) -> ParseBlock:
        """Return the parser of this file's blocks."""
        last: dict[str, pa.Array] = {}

        def parse(lines: Lines) -> Parsed:
            return _parse(lines, last)

        return parse


def _parse(lines: Lines, last: dict[str, pa.Array]) -> Parsed:
    blank = blank_lines(lines)
    keep = ~blank
    text = lines.text.filter(pa.array(keep)) if blank.any() else lines.text
    heads = read_heads(text)
    read = _repeated(read_messages(heads.columns, len(text)), last)
    columns = {**places(lines, keep), **read}
    return Parsed(len(lines), heads.times, columns, text, rejected(lines, blank, "blank"))


def _repeated(read: dict[str, pa.Array], last: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """Read ``last message repeated 5 times`` as the message before it of the same host, with the number in ``extra``.

    Args:
        read: Columns of a block.
        last: The last line of the block before that was none such; kept for the next.
    """
    message = read["message"]
    n = len(message)
    again = pc.starts_with(message, "last message repeated ").to_numpy(zero_copy_only=False)
    copied = {name: read[name] for name in _COPIED if name in read}
    if again.any():
        here = {k: pa.concat_arrays([last.get(k, pa.nulls(1, v.type)), v]) for k, v in copied.items()}  # fmt: skip
        rows = np.flatnonzero(again)
        source = np.maximum.accumulate(np.where(again, 0, np.arange(1, n + 1)))
        index = np.arange(1, n + 1)
        index[rows] = source[rows]
        same = pc.fill_null(pc.equal(here["host"].take(pa.array(index)), here["host"].slice(1)), False) if "host" in here else pa.array(again)  # fmt: skip
        index = np.where(again & ~same.to_numpy(zero_copy_only=False), np.arange(1, n + 1), index)
        read = {**read, **{k: v.take(pa.array(index)) for k, v in here.items()}}
        times = pc.struct_field(pc.extract_regex(message, r"^last message repeated (?P<n>\d+) times?"), "n")  # fmt: skip
        told = fields(n, {"repeated": times})
        read["extra"] = told if "extra" not in read else pc.if_else(pa.array(again), told, read["extra"])  # fmt: skip
    if n and not again.all():
        place = int(np.flatnonzero(~again)[-1])
        last.clear()
        last.update({name: column.slice(place, 1) for name, column in copied.items()})
    return read


def read_messages(head: dict[str, pa.Array], n: int) -> dict[str, pa.Array]:
    """Return the columns of events of messages, by what their heads said.

    Args:
        head: message, and host, process, pid, code, extra as far as heads gave them.
        n: Number of messages.
    """
    nothing = pa.nulls(n, pa.string())
    text = pc.fill_null(head["message"], "") if "message" in head else pa.repeat(pa.scalar(""), n)
    messages = Messages(text, head.get("code", nothing))
    groups = [
        Group(
            np.arange(n),
            {},
            {"source": "syslog", "kind": "other", "action": "other", "outcome": ""},
        )
    ]
    for dialect, rows in _shared_out(messages, head.get("process", nothing)):
        part = messages if len(rows) == n else messages.take(rows)
        for group in dialect.read(part):
            group.constants = {**group.constants, "source": f"syslog/{dialect.name}"}
            groups.append(group.moved(rows))
    read = joined(n, groups)
    for name in ("host", "process", "pid", "code", "extra"):
        if name in head:
            read[name] = pc.coalesce(read[name], head[name]) if name in read else head[name]
    read["message"] = text
    return read


def _shared_out(messages: Messages, process: pa.Array) -> list[tuple[Dialect, Ints]]:
    """Return the rows of each dialect: by code, by program, and else by how the message begins."""
    programs, of_program = _coded(process)
    codes, of_code = _coded(messages.code)
    by_program = [
        _first(d for d in range(len(DIALECTS)) if _program(p) in DIALECTS[d].programs)
        for p in programs
    ]
    by_code = [
        _first(
            d
            for d in range(len(DIALECTS))
            if c and DIALECTS[d].codes and re.match(DIALECTS[d].codes, c)
        )
        for c in codes
    ]
    mine = np.array(by_program, np.uint8)[of_program]
    if len(codes) > 1:
        mine = np.minimum(mine, np.array(by_code, np.uint8)[of_code])
    free = np.flatnonzero(mine == _NOBODY)
    if len(free):
        keys = first_bytes(messages.text.take(pa.array(free)))
        for place, dialect in enumerate(DIALECTS):
            for literal in dialect.starts:
                begins = starts_with(keys, literal) & (mine[free] == _NOBODY)
                mine[free[begins]] = place
    order = np.argsort(mine, kind="stable")
    edges = np.searchsorted(mine[order], np.arange(len(DIALECTS) + 1))
    return [
        (dialect, order[edges[i] : edges[i + 1]])
        for i, dialect in enumerate(DIALECTS)
        if edges[i] < edges[i + 1]
    ]


_NOBODY = 255


def _first(places: Iterable[int]) -> int:
    return next(iter(places), _NOBODY)


def _coded(texts: pa.Array) -> tuple[list[str], Ints]:
    """Return the distinct texts, "" last for null, and the place of each text in them."""
    coded = texts.dictionary_encode()
    words = [str(word) for word in coded.dictionary.to_pylist()]
    return [*words, ""], pc.fill_null(coded.indices, len(words)).to_numpy(zero_copy_only=False)


def _program(word: str) -> str:
    """Return a program's bare name: lower case, no folders."""
    return word.lower().rsplit("/", 1)[-1]
