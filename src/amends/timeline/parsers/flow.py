# ruff: noqa: E501  (patterns and tables of names read best on one line)
"""Flows: nfdump's CSV and long text, SiLK's rwcut, VPC flow logs, and any CSV whose header names addresses and bytes.

``bytes_in`` is what went from source to destination, ``bytes_out`` what came back; a log of one direction has no second.

Source: nfdump(1), "csv" and "extended" output; SiLK rwcut(1), field names; Amazon VPC User Guide, "Flow log records"; read 2026.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.lines import Lines, blocks
from amends.timeline.parsers import cells, moments
from amends.timeline.parsers.base import NO_TIME, Origin, Parsed, Times
from amends.timeline.parsers.by_lines import blank_lines
from amends.timeline.parsers.records import Records, csv_columns, of_lines

# What the columns of flow logs are called, in lower case without spaces, hyphens and underscores.
_FIELDS = {
    "time": ("ts", "tstart", "firstseen", "datefirstseen", "first", "start", "stime", "starttime", "timestamp", "time", "datetime",
             "flowstartmilliseconds", "flowstartseconds", "flowstart", "begin", "date", "@timestamp", "iana:flowstartmilliseconds"),
    "src_ip": ("sa", "srcaddr", "srcip", "sip", "src", "source", "sourceip", "sourceaddress", "sourceipv4address", "ipv4srcaddr",
               "srcipaddr", "ipsrc", "srchost", "sourceipv6address", "clientip", "idorigh"),
    "dst_ip": ("da", "dstaddr", "dstip", "dip", "dst", "destination", "destip", "destinationip", "destinationaddress",
               "destinationipv4address", "ipv4dstaddr", "dstipaddr", "ipdst", "dsthost", "destinationipv6address", "serverip",
               "destaddr", "idresph"),
    "src_port": ("sp", "srcport", "sport", "sourceport", "sourcetransportport", "l4srcport", "idorigp"),
    "dst_port": ("dp", "dstport", "dport", "destport", "destinationport", "destinationtransportport", "l4dstport", "idrespp"),
    "proto": ("pr", "pro", "proto", "protocol", "prot", "protocolidentifier", "ipproto", "ipprotocol"),
    "bytes_in": ("ibyt", "bytes", "byt", "octetdeltacount", "inbytes", "bytesin", "bytessent", "srcbytes", "octets", "bytecount",
                 "totalbytes", "dbytes", "doctets", "orgbytes", "bytestoserver", "flowbytes", "origbytes", "sentbytes"),
    "bytes_out": ("obyt", "outbytes", "bytesout", "bytesreceived", "dstbytes", "reverseoctetdeltacount", "bytestoclient",
                  "respbytes", "rcvdbytes"),
    "action": ("action", "fwevent", "fwd", "disposition", "firewallevent"),
    "host": ("host", "hostname", "exporter", "device", "sensor", "ra", "router", "exporterip", "interfaceid"),
    "status": ("logstatus",),
}  # fmt: skip
_BY_NAME = {name: field for field, names in _FIELDS.items() for name in names}
_NUMBERS = {"1": "icmp", "2": "igmp", "6": "tcp", "17": "udp", "41": "ipv6", "47": "gre", "50": "esp", "51": "ah", "58": "ipv6-icmp",
            "89": "ospf", "132": "sctp"}  # fmt: skip
_DENIED = frozenset(
    ("reject", "deny", "denied", "drop", "dropped", "block", "blocked", "3", "discard")
)
_ALLOWED = frozenset(("accept", "allow", "allowed", "permit", "permitted", "pass"))
_VPC_2 = [
    "version", "account-id", "interface-id", "srcaddr", "dstaddr", "srcport", "dstport", "protocol", "packets", "bytes", "start",
    "end", "action", "log-status",
]  # fmt: skip
_VPC_LINE = re.compile(rb"^2 \d{12} eni-[0-9a-f]+ (?:[0-9a-fA-F.:]+|-) ")


def plain(name: str) -> str:
    """Return the name of a column in the form ``_FIELDS`` has it."""
    return re.sub(r"[\s_\-.]+", "", name.strip().strip('"').strip("#").lower())


def meaning(names: list[str]) -> dict[str, int]:
    """Return which column fills which field; the first that fits."""
    found: dict[str, int] = {}
    for i, name in enumerate(names):
        field = _BY_NAME.get(plain(name))
        if field and field not in found:
            found[field] = i
    return found


@dataclass(frozen=True)
class Layout:
    """How the rows of a table of flows are written.

    Attributes:
        names: Its columns; never two alike.
        delimiter: What stands between them.
        dialect: Word for ``source``.
        padded: Whether spaces stand around values.
    """

    names: tuple[str, ...]
    delimiter: str
    dialect: str
    padded: bool = False


def layout_of(line: str) -> Layout | None:
    """Return the layout that a header line gives; ``None`` when it is no header of flows."""
    for delimiter in (",", "|", "\t", ";", " "):
        cells_found = [c.strip().strip('"') for c in line.strip().strip(delimiter).split(delimiter)]
        if len(cells_found) < 5:
            continue
        found = meaning(cells_found)
        if {"src_ip", "dst_ip"} <= found.keys() and found.keys() & {
            "bytes_in",
            "bytes_out",
            "proto",
            "dst_port",
        }:
            return Layout(
                _distinct(cells_found, delimiter, line),
                delimiter,
                _dialect(cells_found, delimiter),
                delimiter == "|",
            )
    return None


def _distinct(names: list[str], delimiter: str, line: str) -> tuple[str, ...]:
    """Return names never two alike; rwcut closes each line with its delimiter, which is an empty column."""
    tail = [""] if delimiter == "|" and line.rstrip().endswith("|") else []
    seen: dict[str, int] = {}
    out = []
    for name in (*names, *tail):
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return tuple(out)


def _dialect(names: list[str], delimiter: str) -> str:
    low = {n.lower() for n in names}
    if {"ts", "sa", "da"} <= low:
        return "flow/nfdump"
    if {"sip", "dip"} <= {plain(n) for n in names} and delimiter == "|":
        return "flow/silk"
    if {"srcaddr", "dstaddr", "interface-id"} & low and delimiter == " ":
        return "flow/vpc"
    return "flow/csv"


@dataclass
class FlowTable:
    """The parser of flows in columns with a header, and of VPC flow logs of version 2 without one."""

    name: str = "flow"

    def detect(self, head: bytes, origin: Origin) -> bool:
        """Answer whether one of the first lines is a header of flows."""
        return _begin(head.splitlines()[:20]) is not None

    def read(self, stream: BinaryIO, origin: Origin) -> Iterator[Parsed]:
        """Yield the log in blocks; a header is a line that is no event, and so a reject."""
        layout: Layout | None = None
        for lines in blocks(stream):
            if layout is None:
                layout = _begin([line.encode() for line in lines.text.slice(0, 20).to_pylist()])
            layout = layout or Layout(tuple(_VPC_2), " ", "flow/vpc")
            yield _block(lines, layout)


def _begin(head: list[bytes]) -> Layout | None:
    for raw in head:
        if _VPC_LINE.match(raw):
            return Layout(tuple(_VPC_2), " ", "flow/vpc")
        line = raw.decode("utf-8", "replace").lstrip("\ufeff")
        found = layout_of(line)
        if found:
            return found
    return None


def _block(lines: Lines, layout: Layout) -> Parsed:
    records = of_lines(lines)
    blank = blank_lines(lines)
    found, good = csv_columns(records.only(~blank), layout.names, layout.delimiter)
    mask = np.zeros(len(records), dtype=bool)
    mask[np.flatnonzero(~blank)[good]] = True
    if layout.padded:
        found = {name: pc.utf8_trim_whitespace(texts) for name, texts in found.items()}
    columns, times, fits = _events(found, layout)
    rows = np.flatnonzero(mask)
    mask[rows[~fits]] = False
    kept = records.only(mask)
    if not fits.all():
        keep = pa.array(fits)
        columns = {name: column.filter(keep) for name, column in columns.items()}
        times = Times(
            times.wall[fits],
            times.utc[fits],
            times.yearless[fits],
            times.raw.filter(keep),
            times.resolution_ms,
        )
    rejects = [
        *records.rejects(blank, "empty line"),
        *records.rejects(~mask & ~blank, "heading, summary or no flow"),
    ]
    return Parsed(len(records), times, columns | kept.places(), kept.text, sorted(rejects))


def _events(
    found: Mapping[str, pa.StringArray], layout: Layout
) -> tuple[dict[str, pa.Array], Times, np.ndarray]:
    """Return columns, times, and which rows are flows: those whose addresses are addresses."""
    arrays = list(found.values())
    n = len(arrays[0]) if arrays else 0
    none = pa.nulls(n, pa.string())
    part = {field: arrays[i] for field, i in meaning(list(layout.names)).items()}
    src, dst = cells.address(part.get("src_ip", none)), cells.address(part.get("dst_ip", none))
    wall, utc = _time(part.get("time", none))
    verdict = cells.by_distinct(pc.utf8_lower(part.get("action", none)), _verdict)
    columns = {
        "kind": cells.constant("connection", n),
        "action": pc.coalesce(verdict, cells.constant("flow", n)),
        "outcome": cells.by_distinct(
            pc.coalesce(verdict, cells.constant("flow", n)),
            lambda v: {"allow": "success", "deny": "failure"}.get(v, ""),
        ),
        "src_ip": src,
        "dst_ip": dst,
        "src_port": cells.port(part.get("src_port", none)),
        "dst_port": _port(part.get("dst_port", none)),
        "proto": cells.by_distinct(
            pc.utf8_trim_whitespace(part.get("proto", none)),
            lambda p: _NUMBERS.get(p, p.lower()) or None,
        ),
        "bytes_in": cells.size(part.get("bytes_in", none)),
        "bytes_out": cells.size(part.get("bytes_out", none)),
        "source": cells.constant(layout.dialect, n),
        "extra": _extra(found, layout, n),
    }
    if layout.dialect != "flow/vpc":
        columns["host"] = cells.known(part.get("host", none))
    is_address = pc.or_(pc.is_valid(src), pc.is_valid(dst)).to_numpy(zero_copy_only=False)
    if (
        "status" in part
    ):  # VPC: a span without traffic has hyphens for addresses; it is a line, and no flow
        is_address = is_address & ~pc.is_in(
            part["status"], pa.array(["NODATA", "SKIPDATA"])
        ).to_numpy(zero_copy_only=False)
    fine = bool(n) and bool(
        pc.all(pc.match_substring_regex(part.get("time", none), r"[.,]\d|^\d{13}")).as_py()
    )
    return (
        columns,
        moments.times(wall, utc, part.get("time", none), 1 if fine else 1000),
        is_address,
    )


def _port(texts: pa.StringArray) -> pa.Int64Array:
    """Return ports; nfdump writes type and code of ICMP as ``8.0``, which is none."""
    return cells.port(texts)


def _time(texts: pa.StringArray) -> tuple[np.ndarray, np.ndarray]:
    wall, utc = moments.iso(texts)
    late = wall == NO_TIME
    if late.any():
        seconds = moments.epoch(texts)
        wall, utc = np.where(late, seconds, wall), utc | (late & (seconds != NO_TIME))
    return wall, utc


def _verdict(word: str) -> str | None:
    if word in _DENIED:
        return "deny"
    return "allow" if word in _ALLOWED else None


# Kept for rules: what the columns of events do not hold.
_KEPT = ("flg", "flags", "tcpflags", "ipkt", "opkt", "packets", "pkts", "td", "te", "dur", "duration", "end", "etime", "interfaceid",
         "accountid", "inif", "outif", "flowdirection", "pktsrcaddr", "pktdstaddr")  # fmt: skip


def _extra(found: Mapping[str, pa.StringArray], layout: Layout, n: int) -> pa.MapArray:
    kept = {name: texts for name, texts in found.items() if plain(name) in _KEPT}
    return cells.named(kept, n)


# nfdump's text: "2024-05-06 07:08:09.123  0.512 TCP  10.0.0.5:51514 -> 203.0.113.9:443 .AP.SF 0 12 5.2 M 1"
_NFDUMP = (
    r"^(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?)\s+(?:(?P<event>[A-Z]+)\s+(?:(?P<xevent>[A-Z]+)\s+)?)??(?P<duration>[\d.:]+)?\s*"
    r"(?P<proto>[A-Za-z0-9-]+)\s+(?P<src>[0-9A-Fa-f.:]+?)[:.](?P<sport>\d+)\s+(?P<arrow><?->)\s+(?P<dst>[0-9A-Fa-f.:]+?)[:.](?P<dport>[\d.]+)"
    r"\s+(?P<rest>.*)$"
)
_NFDUMP_HEAD = re.compile(r"^Date first seen\s.*Src IP Addr:Port\s+Dst IP Addr:Port", re.MULTILINE)
_SIZE = r"(?:\d+(?:\.\d+)?(?:\s[KMGT])?)"


@dataclass
class FlowText:
    """The parser of nfdump's line, long, extended and bidirectional text."""

    name: str = "nfdump_text"

    def detect(self, head: bytes, origin: Origin) -> bool:
        """Answer whether nfdump's heading stands in the first lines."""
        return bool(_NFDUMP_HEAD.search(head[:8192].decode("utf-8", "replace")))

    def read(self, stream: BinaryIO, origin: Origin) -> Iterator[Parsed]:
        """Yield the log in blocks; heading and summary are lines that are no events."""
        names: list[str] = []
        for lines in blocks(stream):
            names = names or _heading(lines)
            yield _text_block(of_lines(lines), names)


def _heading(lines: Lines) -> list[str]:
    """Return the names of the columns behind the addresses, as the heading has them."""
    for line in lines.text.slice(0, 50).to_pylist():
        if _NFDUMP_HEAD.match(line):
            tail = line.split("Dst IP Addr:Port", 1)[1]
            return re.findall(
                r"Out Pkt|In Pkt|Out Byte|In Byte|Flags|Tos|Packets|Bytes|pps|bps|Bpp|Flows", tail
            )
    return ["Packets", "Bytes", "Flows"]


def _text_block(records: Records, names: list[str]) -> Parsed:
    found = pc.extract_regex(records.text, _NFDUMP)
    good = found.is_valid().to_numpy(zero_copy_only=False)
    kept, found = records.only(good), found.filter(pa.array(good))
    n = len(kept)
    groups = "".join(
        rf"(?P<c{i}>{_SIZE if name not in ('Flags', 'Tos') else '[^ ]+'})\s*"
        for i, name in enumerate(names)
    )
    tail = pc.extract_regex(pc.struct_field(found, "rest"), rf"^{groups}")
    none = pa.nulls(n, pa.string())
    named = {name: pc.struct_field(tail, f"c{i}") for i, name in enumerate(names)}
    stamp = pc.struct_field(found, "time")
    wall, utc = moments.iso(stamp)
    columns = {
        "kind": cells.constant("connection", n),
        "action": cells.constant("flow", n),
        "outcome": cells.constant("", n) if n else none,
        "src_ip": cells.address(pc.struct_field(found, "src")),
        "dst_ip": cells.address(pc.struct_field(found, "dst")),
        "src_port": cells.port(pc.struct_field(found, "sport")),
        "dst_port": cells.port(pc.struct_field(found, "dport")),
        "proto": pc.utf8_lower(pc.struct_field(found, "proto")),
        # Of a pair of flows nfdump names Out first as what the source sent, In as what came back.
        "bytes_in": cells.size(named.get("Out Byte", named.get("Bytes", none))),
        "bytes_out": cells.size(named.get("In Byte", none)),
        "source": cells.constant("flow/nfdump", n),
        "extra": cells.named(
            {"flags": named.get("Flags", none), "packets": named.get("Packets", none)}, n
        ),
    }
    return Parsed(
        len(records),
        moments.times(wall, utc, stamp, 1),
        columns | kept.places(),
        kept.text,
        records.rejects(~good, "not a flow"),
    )
