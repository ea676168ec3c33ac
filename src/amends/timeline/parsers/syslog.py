"""Syslog: every line becomes an event; dialects read what they know, the rest keeps host, program and message.

Source: RFC 3164, RFC 5424.
"""

from __future__ import annotations

import re

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
from amends.timeline.parsers.dialects.base import Dialect, Group, Messages, joined
from amends.timeline.parsers.dialects.registry import BY_PROGRAM
from amends.timeline.parsers.heads import read_heads

_HEAD = re.compile(
    rb"^(?:<\d{1,3}>)?(?:1 \d{4}-\d\d-\d\dT\S+ \S+ \S+ |[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d|"
    rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S* [\w.\-:]+ [\w.\-/]+(?:\[\d+\])?:|(?:\d+: )?[*.]?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|"
    rb"(?:\S+ )?%[A-Z0-9_]+-[0-7]-[A-Z0-9_]+: |date=\d{4}-\d\d-\d\d time=)"
)


class Syslog(LineParser):
    """Lines of syslog, in files and in memory buffers of devices."""

    name = "syslog"

    def detect(self, head: bytes, origin: Origin) -> bool:
        """Answer whether most of the first lines begin as syslog does."""
        lines = [line for line in head[:65536].split(b"\n")[:200] if line.strip()]
        hits = sum(1 for line in lines if _HEAD.match(line.lstrip(b"\0\xef\xbb\xbf")))
        return bool(lines) and hits * 2 > len(lines)

    def begin(self, origin: Origin) -> ParseBlock:
        """Return the parser of this file's blocks."""
        return _parse


def _parse(lines: Lines) -> Parsed:
    blank = blank_lines(lines)
    keep = ~blank
    text = lines.text.filter(pa.array(keep)) if blank.any() else lines.text
    columns = read_messages(text)
    times = columns.pop("times")
    return Parsed(
        len(lines),
        times,
        {**places(lines, keep), **columns},
        text,
        rejected(lines, blank, "blank"),
    )


def read_messages(text: pa.Array) -> dict[str, object]:
    """Return ``times`` and the columns of events of lines of syslog."""
    heads = read_heads(text)
    n = len(text)
    head = {
        name: heads.columns.get(name, pa.nulls(n, pa.string()))
        for name in ("message", "process", "host")
    }
    messages = Messages(pc.fill_null(head["message"], ""), head["process"], head["host"])
    groups = [Group(np.arange(n), {}, {"source": "syslog"})]
    for dialect, rows in _shared_out(messages):
        part = messages if len(rows) == n else messages.take(rows)
        for group in dialect.read(part):
            group.constants = {**group.constants, "source": f"syslog/{dialect.name}"}
            groups.append(group.moved(rows))
    read = joined(n, groups)
    for name, word in (("kind", "other"), ("action", "other"), ("outcome", "")):
        read[name] = (
            pc.fill_null(read[name], word) if name in read else pa.repeat(pa.scalar(word), n)
        )
    for name in ("host", "process", "pid", "message"):
        if name in heads.columns:
            read.setdefault(name, heads.columns[name])
    return {"times": heads.times, **read}


def _shared_out(messages: Messages) -> list[tuple[Dialect, Ints]]:
    """Return the rows of each dialect, by the program that wrote them."""
    coded = messages.process.dictionary_encode()
    programs = [(p or "").lower() for p in coded.dictionary.to_pylist()]
    codes = pc.fill_null(coded.indices, len(programs)).to_numpy(zero_copy_only=False)
    out: list[tuple[Dialect, Ints]] = []
    for dialect in BY_PROGRAM:
        mine = np.array([p in dialect.programs for p in programs] + [False], np.bool_)
        rows = np.flatnonzero(mine[codes])
        if len(rows):
            out.append((dialect, rows))
    return out
