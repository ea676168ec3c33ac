# ruff: noqa: E501  (patterns and tables of names read best on one line)
"""Web access logs: common, combined, with the virtual host in front, Squid's; and the error logs of Apache and nginx.

Lines of the usual shape are cut at their brackets and quotes, found for the whole block at once; only those with an escaped
quote are read by an expression.

Source: Apache HTTP Server, mod_log_config (formats common, combined, vhost_combined); nginx, ngx_http_log_module (combined);
Squid, "Log Files" (native access.log); read 2026.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.tables.timeline import EVENTS
from amends.timeline.columns import Bools, Ints, gather, slices
from amends.timeline.lines import Lines
from amends.timeline.parsers import cells, moments
from amends.timeline.parsers.base import Origin, Parsed, Times
from amends.timeline.parsers.by_lines import LineParser, ParseBlock
from amends.timeline.parsers.iis import of_status
from amends.timeline.parsers.records import of_lines, shortened

_TYPES = {c.name: c.arrow for c in EVENTS.columns}
_ACCESS = re.compile(
    rb'^\S+ (?:\S+ ){1,3}\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?:\.\d+)? [+-]\d{4}\] "[^\n]*" (?:\d{3}|-) (?:\d+|-)',
    re.MULTILINE,
)
_SQUID = re.compile(
    rb"^\s?\d{9,10}\.\d{3}\s+\d+ \S+ [A-Z_]+(?:/\d{3}|:\S+) \d+ [A-Z]+ ", re.MULTILINE
)
_ERROR = re.compile(
    rb"^(?:\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)? \d{4}\] \[(?:\w+:)?(?:emerg|alert|crit|error|warn|notice|info|debug|trace\d)\]"
    rb"|\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[(?:emerg|alert|crit|error|warn|notice|info|debug)\] \d+#\d+: )", re.MULTILINE
)  # fmt: skip
_LINE = (
    r'^(?P<front>[^\[]*)\[(?P<time>[^\]]+)\] "(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d{3}|-) (?P<bytes>\d+|-)'
    r'(?: "(?P<referer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)")?(?P<rest>.*)$'
)
_PARTS = (
    "address", "user", "vhost", "time", "request", "method", "url", "query", "status", "bytes", "referer", "agent",
)  # fmt: skip


@dataclass
class WebAccess(LineParser):
    """The parser of access logs."""

    name: str = "web_access"

    def detect(self, head: bytes, origin: Origin) -> bool:
        """Answer whether one of the first lines is an access line."""
        return bool(_ACCESS.search(head[:65536]))

    def begin(self, origin: Origin) -> ParseBlock:
        """Return what parses a block."""
        return _access


def _access(lines: Lines) -> Parsed:
    records = of_lines(lines)
    part, good = _cut(lines)
    odd = np.flatnonzero(~good)
    if len(odd):
        more, fits = _by_expression(lines, odd)
        part, good = _merged(part, good, more, odd[fits])
    kept = records.only(good)
    columns, times = _columns(part, len(kept))
    return Parsed(
        len(records),
        times,
        columns | kept.places(),
        kept.text,
        records.rejects(~good, "not an access line"),
    )


def _merged(
    part: dict[str, pa.StringArray], good: Bools, more: dict[str, pa.StringArray], rows: Ints
) -> tuple[dict[str, pa.StringArray], Bools]:
    every = good.copy()
    every[rows] = True
    place = np.cumsum(every) - 1
    first = np.flatnonzero(good)
    texts = {name: pa.string() for name in _PARTS}
    n = int(every.sum())
    whole = gather(n, [(place[first], part), (place[rows], more)], texts)
    return {name: whole.get(name, pa.nulls(n, pa.string())) for name in _PARTS}, every


def _by_expression(lines: Lines, rows: Ints) -> tuple[dict[str, pa.StringArray], Bools]:
    texts = slices(lines.buffer, lines.starts[rows], lines.ends[rows] - lines.starts[rows])
    found = pc.extract_regex(texts, _LINE)
    fits: Bools = found.is_valid().to_numpy(zero_copy_only=False)
    found = found.filter(pa.array(fits))
    part = {
        name: pc.struct_field(found, name)
        for name in ("time", "request", "status", "bytes", "referer", "agent")
    }
    part["address"], part["user"], part["vhost"] = _front(pc.struct_field(found, "front"))
    asked = pc.extract_regex(
        part["request"], r"^(?P<method>[A-Za-z_-]{1,20}) (?P<url>\S*)(?: HTTP/[\d.]+)?$"
    )
    part["method"] = pc.struct_field(asked, "method")
    part["url"] = pc.coalesce(pc.struct_field(asked, "url"), part["request"])
    part["query"] = pc.struct_field(pc.extract_regex(part["url"], r"\?(?P<q>.*)$"), "q")
    return part, fits


def _cut(lines: Lines) -> tuple[dict[str, pa.StringArray], Bools]:
    """Return the parts of lines of the usual shape.

    That is: address, identity and account; a pair of brackets; a request of three words in quotes; status and size; then nothing,
    or two more pairs of quotes. Nothing is escaped.
    """
    buffer, starts, ends = lines.buffer, lines.starts, lines.ends
    opening, closing, quotes = (np.flatnonzero(buffer == mark) for mark in (91, 93, 34))
    if not (len(opening) and len(closing) and len(quotes)):
        return {name: pa.array([], pa.string()) for name in _PARTS}, np.zeros(
            len(starts), dtype=bool
        )
    first = np.searchsorted(quotes, starts)
    count = np.searchsorted(quotes, ends) - first
    left = _at(opening, np.searchsorted(opening, starts))
    right = _at(closing, np.searchsorted(closing, left))
    q = [_at(quotes, first + k) for k in range(6)]
    end = np.minimum(ends, len(buffer))
    good = ((count == 2) | (count >= 6)) & (left < q[0]) & (right + 2 == q[0]) & (q[1] + 6 < end)
    safe = np.where(good, q[1], 0)
    good &= (buffer[safe + 1] == 32) & (buffer[np.minimum(safe + 5, len(buffer) - 1)] == 32)
    spaces, marks = np.flatnonzero(buffer == 32), np.flatnonzero(buffer == 63)
    space = np.searchsorted(spaces, starts)
    good &= np.searchsorted(spaces, left) - space == 3
    word = np.searchsorted(spaces, q[0])
    good &= np.searchsorted(spaces, q[1]) - word == 2
    size_end = np.minimum(_at(spaces, np.searchsorted(spaces, q[1] + 6)), ends)
    if (buffer == 92).any():
        slashes = np.flatnonzero(buffer == 92)
        good &= np.searchsorted(slashes, ends) == np.searchsorted(slashes, starts)
    quoted = good & (count >= 6)
    good &= ~quoted | ((q[2] == size_end + 1) & (q[4] == q[3] + 2))
    rows = np.flatnonzero(good)
    none = count[rows] < 6

    def text(begin: Ints, stop: Ints, *, optional: bool = False) -> pa.StringArray:
        b, s = begin[rows], stop[rows]
        if optional:
            b, s = np.where(none, 0, b), np.where(none, 0, s)
        return slices(buffer, b, np.maximum(s - b, 0))

    method_end, url_end = _at(spaces, word), _at(spaces, word + 1)
    mark = np.minimum(
        _at(marks, np.searchsorted(marks, method_end)) if len(marks) else url_end, url_end
    )
    return {
        "address": text(starts, _at(spaces, space)),
        "user": text(_at(spaces, space + 1) + 1, left - 1),
        "vhost": pa.nulls(len(rows), pa.string()),
        "method": text(q[0] + 1, method_end),
        "url": text(method_end + 1, url_end),
        "query": text(mark + 1, url_end),
        "time": text(left + 1, right),
        "request": text(q[0] + 1, q[1]),
        "status": text(q[1] + 2, q[1] + 5),
        "bytes": text(q[1] + 6, size_end),
        "referer": text(q[2] + 1, q[3], optional=True),
        "agent": text(q[4] + 1, q[5], optional=True),
    }, good


def _at(places: Ints, index: Ints) -> Ints:
    """Return places by index; far beyond every line where there is none."""
    inside = index < len(places)
    found: Ints = np.where(inside, places[np.minimum(index, len(places) - 1)], np.int64(1) << 40)
    return found


def _columns(part: dict[str, pa.StringArray], n: int) -> tuple[dict[str, pa.Array], Times]:
    """Return the columns of events.

    What a column says stands in no field of its own: rules that ask for ``c-uri``, ``sc-status``, ``cs-user-agent`` or ``c-ip``
    are answered from ``url``, ``status``, ``user_agent`` and ``src_ip``. A client that is told by name stays as ``c-ip``.
    """
    url = shortened(part["url"])
    status = cells.whole(part["status"])
    wall, utc = moments.web(part["time"])
    agent = shortened(cells.known(part["agent"]))
    client = cells.address(part["address"])
    columns = {
        "kind": cells.constant("web", n),
        "action": cells.constant("request", n),
        "outcome": of_status(status),
        "account": cells.account(part["user"]),
        "src_ip": client,
        "url": url,
        "status": status,
        "bytes_out": cells.whole(part["bytes"]),
        "user_agent": agent,
        "source": cells.constant("web/access", n),
        "message": shortened(part["request"]),
        "extra": cells.named({
            "cs-method": part["method"], "cs-referer": cells.known(part["referer"]), "cs-host": part["vhost"],
            "cs-uri-query": part["query"], "c-ip": _unlike(part["address"], client),
        }, n),
    }  # fmt: skip
    return columns, moments.times(wall, utc, part["time"])


def _unlike(texts: pa.StringArray, column: pa.StringArray) -> pa.StringArray:
    """Return the texts of which a column holds nothing."""
    if not column.null_count:
        return pa.nulls(len(texts), pa.string())
    return pc.if_else(column.is_valid(), pa.scalar(None, pa.string()), texts)


def _front(front: pa.StringArray) -> tuple[pa.StringArray, pa.StringArray, pa.StringArray]:
    """Return address, user and virtual host of what stands before the time; each distinct one is read once."""
    coded = front.dictionary_encode()
    texts = coded.dictionary
    found = pc.extract_regex(
        texts,
        r"^(?:(?P<vhost>\S+) )?(?P<ip>[0-9A-Fa-f.:]+|[\w.-]+) (?P<ident>\S+) (?P<user>.*?) ?$",
    )
    address, user, vhost = (pc.struct_field(found, name) for name in ("ip", "user", "vhost"))
    # "10.0.0.5 - ann lee": the expression reads the address as a virtual host; an address in front says otherwise.
    first = pc.struct_field(
        pc.extract_regex(texts, r"^(?P<ip>[0-9.]+|[0-9A-Fa-f:]*:[0-9A-Fa-f:]+) "), "ip"
    )
    plain = pc.and_(
        pc.is_valid(cells.address(first)),
        pc.fill_null(pc.greater(pc.binary_length(vhost), 0), False),
    )
    rest = pc.struct_field(pc.extract_regex(texts, r"^\S+ \S+ (?P<user>.*?) ?$"), "user")
    address, user = pc.if_else(plain, first, address), pc.if_else(plain, rest, user)
    vhost = pc.if_else(pc.or_(plain, pc.equal(vhost, "")), None, vhost)
    return tuple(part.take(coded.indices) for part in (address, user, vhost))


@dataclass
class Squid(LineParser):
    """The parser of Squid's native access log."""

    name: str = "squid"

    def detect(self, head: bytes, origin: Origin) -> bool:
        """Answer whether one of the first lines is one of Squid's."""
        return bool(_SQUID.search(head[:65536]))

    def begin(self, origin: Origin) -> ParseBlock:
        """Return what parses a block."""
        return _squid


def _squid(lines: Lines) -> Parsed:
    records = of_lines(lines)
    found = pc.extract_regex(
        records.text,
        r"^\s?(?P<time>\d{9,10}\.\d{3})\s+(?P<ms>\d+) (?P<ip>\S+) (?P<result>[A-Z_]+)[/:](?P<status>\d{3}) (?P<bytes>\d+)"
        r" (?P<method>[A-Z_-]+) (?P<url>\S+) (?P<user>\S+) (?P<how>[^/\s]+)/(?P<peer>\S+)(?: (?P<type>\S+))?.*$",
    )
    good = found.is_valid().to_numpy(zero_copy_only=False)
    kept, found = records.only(good), found.filter(pa.array(good))
    n = len(kept)
    part = {f.name: pc.struct_field(found, f.name) for f in found.type}
    status = cells.whole(part["status"])
    wall = moments.epoch(part["time"])
    port = pc.struct_field(pc.extract_regex(part["url"], r"^[^/]*:(?P<p>\d{1,5})$"), "p")
    columns = {
        "kind": cells.constant("web", n),
        "action": cells.constant("request", n),
        "outcome": of_status(status),
        "account": cells.account(part["user"]),
        "src_ip": cells.address(part["ip"]),
        "dst_ip": cells.address(part["peer"]),
        "dst_port": cells.port(port),
        "bytes_out": cells.whole(part["bytes"]),
        "url": shortened(part["url"]),
        "status": status,
        "process": cells.constant("squid", n),
        "source": cells.constant("proxy/squid", n),
        "message": shortened(pc.binary_join_element_wise(part["method"], part["url"], " ")),
        "extra": cells.named({
            "cs-method": part["method"], "c-uri": part["url"], "sc-status": part["status"], "c-ip": part["ip"],
            "cs-host": pc.struct_field(pc.extract_regex(part["url"], r"^(?:[a-z]+://)?(?P<h>[^/:]+)"), "h"),
            "squid_result": part["result"], "duration_ms": part["ms"],
        }, n),
    }  # fmt: skip
    timed = moments.times(wall, True, part["time"], 1)
    return Parsed(
        len(records),
        timed,
        columns | kept.places(),
        kept.text,
        records.rejects(~good, "not a line of Squid"),
    )


@dataclass
class WebError(LineParser):
    """The parser of the error logs of Apache and nginx."""

    name: str = "web_error"

    def detect(self, head: bytes, origin: Origin) -> bool:
        """Answer whether one of the first lines is one of an error log."""
        return bool(_ERROR.search(head[:65536]))

    def begin(self, origin: Origin) -> ParseBlock:
        """Return what parses a block."""
        return _error


def _error(lines: Lines) -> Parsed:
    records = of_lines(lines)
    apache = pc.extract_regex(
        records.text,
        r"^\[(?P<day>[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d) (?P<clock>\d\d:\d\d:\d\d(?:\.\d+)?) (?P<year>\d{4})\] \[(?P<level>[\w:]+)\] "
        r"(?:\[pid (?P<pid>\d+)[^\]]*\] )?(?:\[client (?P<client>[^\]]+)\] )?(?P<message>.*)$",
    )
    nginx = pc.extract_regex(
        records.text,
        r"^(?P<time>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[(?P<level>\w+)\] (?P<pid>\d+)#\d+: (?P<message>.*)$",
    )
    good = pc.or_(apache.is_valid(), nginx.is_valid()).to_numpy(zero_copy_only=False)
    kept = records.only(good)
    a, b = apache.filter(pa.array(good)), nginx.filter(pa.array(good))
    n = len(kept)
    stamp = pc.coalesce(_asctime(a), pc.struct_field(b, "time"))
    wall, utc = moments.iso(stamp)
    message = pc.coalesce(pc.struct_field(a, "message"), pc.struct_field(b, "message"))
    said = pc.extract_regex(
        message, r'client: (?P<client>[^,\s]+)(?:.*?request: "(?P<request>[^"]*))?'
    )
    client = pc.coalesce(_nonempty(a, "client"), _nonempty(said, "client"))
    ip = pc.struct_field(
        pc.extract_regex(client, r"^\[?(?P<ip>[0-9.]+|[0-9A-Fa-f:]*:[0-9A-Fa-f:]*?)\]?(?::\d+)?$"),
        "ip",
    )
    port = pc.struct_field(pc.extract_regex(client, r"^(?:[0-9.]+|\[.*\]):(?P<p>\d+)$"), "p")
    asked = pc.is_valid(client)
    level = pc.coalesce(pc.struct_field(a, "level"), pc.struct_field(b, "level"))
    code = pc.struct_field(pc.extract_regex(message, r"(?:^|: )(?P<v>AH\d{5}):"), "v")
    columns = {
        "kind": pc.if_else(asked, "web", "other"),
        "action": pc.if_else(asked, "request", "other"),
        "outcome": pc.if_else(
            pc.match_substring_regex(level, "(?:emerg|alert|crit|error)$"), "failure", ""
        ),
        "src_ip": cells.address(ip),
        "src_port": cells.port(port),
        "url": pc.struct_field(pc.extract_regex(said.field("request"), r"^\S+ (?P<u>\S+)"), "u"),
        "pid": cells.whole(pc.coalesce(_nonempty(a, "pid"), pc.struct_field(b, "pid"))),
        "source": pc.if_else(a.is_valid(), "web/apache_error", "web/nginx_error"),
        "code": code,
        "message": shortened(message),
        "extra": cells.named({"level": level, "c-ip": ip}, n),
    }
    timed = moments.times(wall, utc, pc.coalesce(_written(a), stamp))
    return Parsed(
        len(records),
        timed,
        columns | kept.places(),
        kept.text,
        records.rejects(~good, "not a line of an error log"),
    )


def _nonempty(found: pa.StructArray, name: str) -> pa.StringArray:
    text = pc.struct_field(found, name)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _written(a: pa.StructArray) -> pa.StringArray:
    return pc.binary_join_element_wise(
        *(pc.struct_field(a, name) for name in ("day", "clock", "year")), " "
    )


def _asctime(a: pa.StructArray) -> pa.StringArray:
    """Return ``2000-10-11 14:32:52.123`` of ``Wed Oct 11 14:32:52.123 2000``."""

    def month_of(day: str) -> str | None:
        number = _MONTHS.find(day[4:7])
        return (
            f"{number // 3 + 1:02d}-{day[8:].strip():0>2}"
            if number >= 0 and number % 3 == 0
            else None
        )

    month = cells.by_distinct(pc.struct_field(a, "day"), month_of)
    whole = pc.binary_join_element_wise(pc.struct_field(a, "year"), month, "-")
    return pc.binary_join_element_wise(whole, pc.struct_field(a, "clock"), " ")


_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
