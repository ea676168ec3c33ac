"""The head of a syslog line: priority, time, host, program, number of the program; what is left is the message.

Written by RFC 3164 and 5424, by relays that put a second head before the first, and by devices that leave half of it
out. Patterns are tried in order, each on the lines that the ones before could not read.

Source: RFC 3164, RFC 5424; rsyslog's templates; Cisco ``logging origin-id``, ``service sequence-numbers``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.columns import Ints, numbers
from amends.timeline.parsers.base import Times
from amends.timeline.parsers.dialects.base import Group, joined
from amends.timeline.stamps import join_times, read_stamps

_PRI = r"(?:<(?P<pri>\d{1,3})>)?"
_BSD = r"[A-Za-z]{3} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?"
_BSD_YEAR = r"[A-Za-z]{3} [ \d]\d \d{4} \d\d:\d\d:\d\d(?:\.\d+)?(?: [A-Z]{3,5})?"
_ISO = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+\-]\d\d:?\d\d)?"
_HOST = r"(?P<host>[^\s:%]+(?::+[^\s:%]+)*)"
_TAG = r"(?P<process>[^\s:\[\(\d%=][^\s:\[\(]*)(?:\((?P<sub>[^)\s]*)\))?(?:\[(?P<pid>\d+)\])?:(?: (?P<message>.*))?$"

PATTERNS = (
    rf"^{_PRI}(?P<stamp>{_BSD}) {_HOST} {_TAG}",
    rf"^{_PRI}(?P<stamp>{_ISO}) {_HOST} {_TAG}",
    r"^(?:<(?P<pri>\d{1,3})>)?1 (?P<stamp>\d{4}-\S+|-) (?P<host>\S+) (?P<process>\S+) (?P<pid>\S+) (?P<msgid>\S+) (?P<rest>.*)$",
    rf"^{_PRI}(?P<stamp>{_BSD}) {_HOST} (?P<rest>.*)$",
    rf"^{_PRI}(?P<stamp>{_ISO}) {_HOST} (?P<rest>.*)$",
    rf"^{_PRI}(?P<stamp>{_BSD_YEAR}) {_HOST} (?P<rest>.*)$",
)


@dataclass(frozen=True)
class Heads:
    """Heads of a block of lines.

    Attributes:
        times: Time of each line.
        columns: host, process, pid, message, code (msgid), extra parts; one entry a line.
    """

    times: Times
    columns: dict[str, pa.Array]


def read_heads(texts: pa.Array) -> Heads:
    """Return the heads of lines; a line without any keeps its whole text as message."""
    n = len(texts)
    left: Ints = np.arange(n)
    groups: list[Group] = []
    times: list[tuple[Ints, Times]] = []
    for pattern in PATTERNS:
        if not len(left):
            break
        chosen = texts if len(left) == n else texts.take(pa.array(left))
        found = pc.extract_regex(chosen, pattern)
        fits = np.asarray(found.is_valid().to_numpy(zero_copy_only=False), np.bool_)
        if not fits.any():
            continue
        rows = left[fits]
        if not fits.all():
            found = found.filter(pa.array(fits))
        left = left[~fits]
        named = {part.name: found.field(i) for i, part in enumerate(found.type)}
        times.append((rows, read_stamps(named.pop("stamp"))))
        if "pid" in named:
            named["pid"] = numbers(named["pid"])
        if "rest" in named:
            named["message"] = named.pop("rest")
        groups.append(Group(rows, named, {}))
    if len(left):
        groups.append(Group(left, {"message": texts.take(pa.array(left))}, {}))
    return Heads(join_times(n, times), joined(n, groups))
