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
    first_bytes,
    joined,
    starts_with,
)
from amends.timeline.parsers.dialects.registry import DIALECTS
from amends.timeline.parsers.heads import read_heads

_HEAD = re.compile(
    rb"^(?:<\d{1,3}>)?(?:1 \d{4}-\d\d-\d\dT\S+ \S+ \S+ |(?:\d+: )?(?:\S+: )?[*.]?[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d|"
    rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S* [\w.\-:]+ [\w.\-/]+(?:\(\S+\))?(?:\[\d+\])?:|\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\S* \S+ (?:\S+ )?(?:: )?%|"
    rb"\d{4} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d\S* (?:[A-Z]{3,4}:? ?)?\S* ?%|(?:\S+ )?%[A-Z0-9_]+-[0-7]-[A-Z0-9_]+: |date=\d{4}-\d\d-\d\d time=)"
)  # fmt: skip
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
        return _parse


def _parse(lines: Lines) -> Parsed:
    blank = blank_lines(lines)
    keep = ~blank
    text = lines.text.filter(pa.array(keep)) if blank.any() else lines.text
    heads = read_heads(text)
    columns = {**places(lines, keep), **read_messages(heads.columns, len(text))}
    return Parsed(len(lines), heads.times, columns, text, rejected(lines, blank, "blank"))


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
