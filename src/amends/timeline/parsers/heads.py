# ruff: noqa: E501  (expressions and tables read best on one line)
"""The head of a syslog line: priority, time, host, program, number of the program; what is left is the message.

Written by RFC 3164 and 5424, by relays that put a second head before the first, and by devices that leave half of it
out. Patterns are tried in order, each on the lines that the ones before could not read. Where a relay wrote a time of
its own before the device's, the relay's counts: one clock then dates all its lines.

Source: RFC 3164, RFC 5424; rsyslog's templates; Cisco ``logging origin-id``, ``service sequence-numbers``,
``service timestamps``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.columns import Ints, blank_to_null, numbers
from amends.timeline.parsers.base import Times
from amends.timeline.parsers.dialects.base import Group, fields, joined, parts_of
from amends.timeline.parsers.dialects.pairs import pairs_of
from amends.timeline.parsers.usual_heads import coded_messages, usual_heads
from amends.timeline.stamps import join_times, read_stamps

_PRI = r"(?:<\d{1,3}>)?"
_BSD = r"[A-Za-z]{3} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?"
_BSD_YEAR = r"[A-Za-z]{3} [ \d]\d \d{4} \d\d:\d\d:\d\d(?:\.\d+)?(?: [A-Z]{3,5})?"
_YEAR_FIRST = r"\d{4} [A-Za-z]{3} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [A-Z]{3,5})?"
_ISO = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?: ?Z| ?[+\-]\d\d:?\d\d)?"
_DEVICE = rf"{_BSD}(?: [A-Z]{{3,5}})?|{_BSD_YEAR}|{_YEAR_FIRST}|{_ISO}"
_HOST = r"(?P<host>[^\s:%]+(?::+[^\s:%]+)*)"
_TAG = r"(?P<process>[^\s:\[\(\d%=][^\s:\[\(=]*)(?:\([^)\s]*\))?(?:\[(?P<pid>\d+)\])?:(?: (?P<rest>.*))?$"
_PATTERNS = (
    rf"^{_PRI}(?P<stamp>date=\d{{4}}-\d\d-\d\d time=\d\d:\d\d:\d\d)[ ,](?P<rest>.*)$",
    rf"^{_PRI}(?P<stamp>{_BSD}) +{_HOST} {_TAG}",
    rf"^{_PRI}(?P<stamp>{_BSD_YEAR}) +{_HOST} {_TAG}",
    rf"^{_PRI}(?P<stamp>{_ISO}) +{_HOST} {_TAG}",
    rf"^{_PRI}1 (?P<stamp>\d{{4}}-\S+|-) (?P<host>\S+) (?P<process>\S+) (?P<pid>\S+) (?P<code>\S+) (?P<structured>.*)$",
    rf"^{_PRI}(?P<stamp>{_BSD}) +{_HOST}(?: (?P<rest>.*))?$",
    rf"^{_PRI}(?P<stamp>{_ISO}) {_HOST}(?: (?P<rest>.*))?$",
    rf"^{_PRI}(?P<stamp>{_BSD_YEAR}) {_HOST}(?: (?P<rest>.*))?$",
    rf"^{_PRI}(?:\d+: )?[*.]?(?P<stamp>{_DEVICE})[: \t] *(?P<rest>.*)$",
)  # fmt: skip
_LEVEL = r"^(?:emerg|alert|crit|err|error|warning|warn|notice|info|debug) (?P<process>[A-Za-z][\w.\-]*)\[(?P<pid>\d+)\]: (?P<message>.*)$"
_STRUCTURED = r"^(?P<data>-|(?:\[(?:[^\]\\\"]|\\.|\"(?:[^\"\\]|\\.)*\")*\])+)(?: (?:\x{FEFF})?(?P<message>.*))?$"
_REPEATED = r"^message repeated (?P<times>\d+) times: \[ ?(?P<message>.*)\]$"


_BEFORE_CODE = rf"^{_PRI}(?:\d+: )?(?:(?P<host>[^\s:%*.][^\s:%]*): )?(?:\d+: )?[*.]?(?P<stamp>{_DEVICE})?(?: (?P<after>[^\s:%]+))?[: ]*$"
"""What a device writes before its code where no relay wrote a head: number, origin-id, time, sometimes the host."""


@dataclass(frozen=True)
class Heads:
    """Heads of a block of lines.

    Attributes:
        times: Time of each line.
        columns: host, process, pid, message, code, extra; one entry a line.
    """

    times: Times
    columns: dict[str, pa.Array]


def read_heads(texts: pa.Array) -> Heads:
    """Return the heads of lines; a line without any keeps its whole text as message."""
    n = len(texts)
    usual = usual_heads(texts)
    groups = [Group(usual.rows, usual.columns, {})]
    times = [(usual.rows, read_stamps(usual.stamp))]
    free = np.ones(n, np.bool_)
    free[usual.rows] = False
    if len(usual.bare_rows):
        free[usual.bare_rows] = False
        times.append((usual.bare_rows, read_stamps(usual.bare_stamp)))
        named = {"host": usual.bare_columns["host"], "rest": usual.bare_columns["message"]}
        groups += _unstructured(usual.bare_rows, named)
    left = np.flatnonzero(free)
    if len(left):
        left = _of_devices(texts, left, groups, times)
    for pattern in _PATTERNS:
        if not len(left):
            break
        left = _by_pattern(texts, left, pattern, groups, times)
    if len(left):
        groups.append(Group(left, {"message": texts.take(pa.array(left))}, {}))
    for group in groups:
        _bare_programs(group.columns)
        _repeats(group)
    return Heads(join_times(n, times), joined(n, groups))


def _by_pattern(
    texts: pa.Array,
    left: Ints,
    pattern: str,
    groups: list[Group],
    times: list[tuple[Ints, Times]],
) -> Ints:
    """Read the lines that a pattern fits; return those that it does not."""
    chosen = texts if len(left) == len(texts) else texts.take(pa.array(left))
    named: dict[str, pa.Array] = {}
    fits = np.zeros(0, np.bool_)
    for turn, part in enumerate(parts_of(pattern)):
        found = pc.extract_regex(chosen, part)
        if turn == 0:
            fits = np.asarray(found.is_valid().to_numpy(zero_copy_only=False), np.bool_)
            if not fits.any():
                return left
            if not fits.all():
                found, chosen = found.filter(pa.array(fits)), chosen.filter(pa.array(fits))
        named |= {field.name: found.field(i) for i, field in enumerate(found.type)}
    rows = left[fits]
    stamp = named.pop("stamp")
    if pc.any(pc.starts_with(stamp, "date=")).as_py():
        zone = pc.extract_regex(named["rest"], r"\btz=\"?(?P<tz>[+\-]\d{4})")
        bare = pc.replace_substring_regex(stamp, r"^date=(\S+) time=", r"\1 ")
        zone = pc.fill_null(pc.struct_field(zone, "tz"), "")
        stamp = pc.binary_join_element_wise(bare, zone, "")
    times.append((rows, read_stamps(stamp)))
    if "structured" in named:
        groups.append(Group(rows, _structured(named), {}))
    else:
        groups += _unstructured(rows, named)
    return left[~fits]


def _unstructured(rows: Ints, named: dict[str, pa.Array]) -> list[Group]:
    """Return groups of lines whose message may hold a second head, or a device's code."""
    message = pc.fill_null(named.pop("rest"), "")
    if "pid" in named:
        named["pid"] = numbers(named["pid"])
    if "process" in named:
        return [Group(rows, {**named, "message": message}, {})]
    at, _, code, body = coded_messages(message)
    free = np.ones(len(rows), np.bool_)
    free[at] = False
    groups: list[Group] = []
    if len(at):
        groups.append(Group(rows[at], {**_taken(named, at), "code": code, "message": body}, {}))
    rest = np.flatnonzero(free)
    if not len(rest):
        return groups
    message = message.take(pa.array(rest))
    named = _taken(named, rest)
    second = usual_heads(message)
    if len(second.rows):
        groups.append(Group(rows[rest[second.rows]], second.columns, {}))
    plain = np.ones(len(rest), np.bool_)
    plain[second.rows] = False
    left = np.flatnonzero(plain)
    left = _levelled(rows, rest, left, message, named, groups)
    groups.append(Group(rows[rest[left]], _taken({**named, "message": message}, left), {}))
    return groups


def _levelled(
    rows: Ints, rest: Ints, left: Ints, message: pa.Array, named: dict[str, pa.Array], groups: list[Group]
) -> Ints:  # fmt: skip
    """Read messages that begin with the word of their severity, as F5 writes them; return those that do not."""
    if not len(left):
        return left
    part = message.take(pa.array(left))
    begins = pc.match_substring_regex(part, _LEVEL).to_numpy(zero_copy_only=False)
    if not begins.any():
        return left
    mine = left[begins]
    found = pc.extract_regex(message.take(pa.array(mine)), _LEVEL)
    columns = _taken(named, mine)
    columns |= {
        "process": found.field(0),
        "pid": numbers(found.field(1)),
        "message": found.field(2),
    }
    groups.append(Group(rows[rest[mine]], columns, {}))
    return np.asarray(left[~begins], np.int64)


def _of_devices(
    texts: pa.Array, left: Ints, groups: list[Group], times: list[tuple[Ints, Times]]
) -> Ints:
    """Read the lines that devices wrote without a relay: what they know of their head stands before the code."""
    at, before, code, body = coded_messages(texts.take(pa.array(left)))
    if not len(at):
        return left
    parts: dict[str, pa.Array] = {}
    fits = np.zeros(0, np.bool_)
    for part in parts_of(_BEFORE_CODE):
        found = pc.extract_regex(before, part)
        fits = found.is_valid().to_numpy(zero_copy_only=False)
        parts |= {field.name: found.field(i) for i, field in enumerate(found.type)}
    mine = np.flatnonzero(fits)
    rows = left[at[mine]]
    read = _taken({**parts, "code": code, "message": body}, mine)
    times.append((rows, read_stamps(blank_to_null(read.pop("stamp")))))
    read["host"] = pc.coalesce(blank_to_null(read["host"]), blank_to_null(read.pop("after")))
    groups.append(Group(rows, read, {}))
    free = np.ones(len(left), np.bool_)
    free[at[mine]] = False
    return left[free]


def _structured(named: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """Return the columns of RFC 5424: nil values null, structured data as ``extra``."""
    whole = named.pop("structured")
    found = pc.extract_regex(whole, _STRUCTURED)
    read = found.is_valid()
    message = pc.if_else(read, pc.struct_field(found, "message"), whole)
    data = pc.fill_null(pc.struct_field(found, "data"), "-")
    columns = {
        name: pc.if_else(pc.equal(named[name], "-"), pa.scalar(None, pa.string()), named[name])
        for name in ("host", "process", "code")
    }
    columns["pid"] = numbers(named["pid"])
    # Junos says all in its structured data, and its dialect reads it there
    junos = pc.match_substring(data, "[junos@")
    # Check Point writes its fields as structured data, with colons
    junos = pc.or_(junos, pc.match_substring_regex(data, r"^\[\w+:\""))
    columns["message"] = pc.if_else(junos, whole, message)
    if pc.any(pc.not_equal(data, "-")).as_py():
        inner = pc.replace_substring_regex(data, r"\"\]\[\S+ ", '" ')
        columns["extra"] = pairs_of(pc.replace_substring_regex(inner, r"\]$", "")).all()
    return columns


def _taken(named: dict[str, pa.Array], rows: Ints) -> dict[str, pa.Array]:
    index = pa.array(rows)
    return {name: column.take(index) for name, column in named.items()}


def _bare_programs(columns: dict[str, pa.Array]) -> None:
    """Drop what stands in brackets behind a program: ``sshd(pam_unix)``."""
    if "process" not in columns:
        return
    coded = columns["process"].dictionary_encode()
    if pc.any(pc.match_substring(coded.dictionary, "(")).as_py():
        bare = pc.replace_substring_regex(coded.dictionary, r"^([^(]+)\([^)]*\)$", r"\1")
        columns["process"] = bare.take(coded.indices)


def _repeats(group: Group) -> None:
    """Read ``message repeated 5 times: [ … ]`` as its message, with the number in ``extra``."""
    message = group.columns.get("message")
    if message is None:
        return
    begins = pc.starts_with(message, "message repeated ")
    if not pc.any(begins).as_py():
        return
    found = pc.extract_regex(message, _REPEATED)
    inner = pc.struct_field(found, "message")
    group.columns["message"] = pc.coalesce(pc.ascii_trim_whitespace(inner), message)
    times = fields(len(message), {"repeated": pc.struct_field(found, "times")})
    there = pc.is_valid(inner)
    extra = group.columns.get("extra")
    group.columns["extra"] = times if extra is None else pc.if_else(there, times, extra)
