# ruff: noqa: E501  (expressions and tables read best on one line)
"""What the company told: ``hosts.csv``, ``stores.csv`` and known facts, as strangers write them.

A list is known by its header, not by its name; any separator, case, order and further columns are allowed. A text that
is no table is taken as known facts.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping

import pyarrow as pa

from amends.timeline.facts import known_facts
from amends.timeline.known import Host, Known, KnownFact, StoreTable
from amends.timeline.zones import is_zone

MAX_TABLE_BYTES = 16 << 20
MAX_TEXT_BYTES = 1 << 20
"""Beyond that a roster is a list of people, not of hosts; a text is not a note of known facts."""

_HOST_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "host": ("host", "hostname", "hostnames", "name", "device", "devicename", "server", "servername", "system", "node", "machine", "computer", "computername", "asset", "assetname", "fqdn"),
    "ips": ("ip", "ips", "ipaddress", "ipaddresses", "address", "addresses", "insideip", "internalip", "privateip", "inside", "lanip", "ipv4", "managementip", "mgmtip", "internaladdress", "primaryip"),
    "outside_ips": ("outsideip", "outsideips", "externalip", "publicip", "publicips", "outside", "wanip", "natip", "publicaddress", "externaladdress", "outsideaddress", "internetip"),
    "time_zone": ("timezone", "tz", "zone", "clock", "logtimezone", "timezoneoflogs", "utcoffset", "logzone"),
    "role": ("role", "type", "function", "kind", "purpose", "description", "service", "os", "platform"),
}  # fmt: skip
_STORE_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "store": ("store", "storename", "database", "databasename", "db", "datastore", "system", "repository", "source", "dbname"),
    "table": ("table", "tablename", "object", "share", "path", "file", "collection", "entity", "folder", "bucket", "relation"),
    "host": ("host", "hostname", "server", "servername", "node", "machine", "device"),
    "elements": ("elements", "element", "dataelements", "dataelement", "contents", "holds", "datatypes", "fields", "data", "personaldata", "elementcodes", "columns"),
    "rows": ("rows", "rowcount", "nrows", "records", "recordcount", "count", "number", "size", "numrows", "items", "quantity", "nrecords"),
    "unit": ("unit", "units", "counted", "of"),
    "avg_bytes": ("avgbytes", "averagebytes", "bytesperrow", "avgrowbytes", "avgrowsize", "rowbytes", "meanbytes", "avgsize", "rowsize", "averagerowsize", "bytes"),
}  # fmt: skip


class HostNames:
    """The company's name of a host by whatever a log calls it: short name, full name, address, any case."""

    def __init__(self, hosts: tuple[Host, ...]) -> None:
        """Take the hosts of the company; a name that two hosts could claim is nobody's."""
        self.hosts = hosts
        self._by: dict[str, str | None] = {}
        self._zones = {host.host: host.time_zone for host in hosts}
        for host in hosts:
            for key in {host.host.strip().lower(), *host.ips, *host.outside_ips}:
                self._claim(key.lower(), host.host)
        full = set(self._by)
        for host in hosts:
            short = host.host.strip().lower().split(".")[0]
            if not short.isdigit() and short not in full:
                self._claim(short, host.host)

    def _claim(self, key: str, name: str) -> None:
        if key:
            self._by[key] = name if self._by.get(key, name) == name else None

    def name(self, text: str) -> str | None:
        """Return the company's name for what a log calls a host; ``None`` when it has none."""
        low = text.strip().strip(".").lower()
        found = self._by.get(low)
        if found is None and "." in low and not low.replace(".", "").isdigit():
            found = self._by.get(low.split(".")[0])
        return found

    def zone(self, name: str) -> str:
        """Return the time zone that the company gave for a host of its own name; "" for none."""
        return self._zones.get(name, "")

    def known_as(self, texts: pa.Array) -> pa.Array:
        """Return a column of hosts by the company's names; what it does not know stays as it is."""
        return pa.array(
            [None if t is None else (self.name(t) or t) for t in texts.to_pylist()], pa.string()
        )


def read_known(files: Iterable[tuple[str, bytes]]) -> Known:
    """Return what rosters tell: hosts, stores and known facts; other rosters are passed over.

    Args:
        files: Name and bytes of each file of role ``roster``.
    """
    hosts: list[Host] = []
    stores: list[StoreTable] = []
    texts: list[str] = []
    for name, body in files:
        rows = _rows(body[:MAX_TABLE_BYTES])
        columns = rows[0] if rows else []
        if _is_hosts(columns):
            hosts += _placed_hosts(_hosts(rows))
        elif _is_stores(columns):
            stores += _stores(rows)
        elif len(body) <= MAX_TEXT_BYTES and _is_prose(name, body):
            texts.append(_decoded(body))
    named = tuple(h.host for h in hosts)
    facts: list[KnownFact] = []
    for text in texts:
        facts += known_facts(text, named)
    return Known(tuple(hosts), _placed(stores, HostNames(tuple(hosts))), tuple(facts))


def _decoded(body: bytes) -> str:
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16", "replace")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("latin-1")


def _rows(body: bytes) -> list[list[str]]:
    """Return the rows of a table; one row at most when the header is not one of ours."""
    text = _decoded(body).replace("\0", "")
    lines = [
        line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    if not lines:
        return []
    separator = max(",;\t|", key=lines[0].count)
    if not lines[0].count(separator):
        return []
    reader = csv.reader(io.StringIO("\n".join(lines)), delimiter=separator, skipinitialspace=True)
    rows: list[list[str]] = []
    try:
        for row in reader:
            rows.append([cell.strip() for cell in row])
            if len(rows) == 1 and not (_is_hosts(rows[0]) or _is_stores(rows[0])):
                break
    except csv.Error:
        return rows
    return rows


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _places(header: list[str], columns: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """Return which column of the header is which; the first synonym of a list wins over later ones."""
    keys = [_key(cell) for cell in header]
    out: dict[str, int] = {}
    for name, synonyms in columns.items():
        for synonym in synonyms:
            if synonym in keys and keys.index(synonym) not in out.values():
                out[name] = keys.index(synonym)
                break
    return out


def _is_hosts(header: list[str]) -> bool:
    found = _places(header, _HOST_COLUMNS)
    return (
        "host" in found
        and bool({"ips", "outside_ips", "time_zone"} & set(found))
        and not _is_stores(header)
    )


def _is_stores(header: list[str]) -> bool:
    found = _places(header, _STORE_COLUMNS)
    return (
        "store" in found
        and len({"elements", "rows", "avg_bytes"} & set(found)) >= 1
        and ("table" in found or "elements" in found)
    )


def _cell(row: list[str], places: Mapping[str, int], name: str) -> str:
    at = places.get(name)
    return row[at].strip() if at is not None and at < len(row) else ""


def _many(text: str) -> tuple[str, ...]:
    return tuple(p for p in re.split(r"[\s,;|/]+", text) if p)


def _addresses(text: str) -> tuple[str, ...]:
    parts = [p.split("/")[0].strip("[]()") for p in re.split(r"[\s,;|]+", text)]
    return tuple(p for p in parts if re.fullmatch(r"[\d.]{7,15}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]+", p))


def _hosts(rows: list[list[str]]) -> list[Host]:
    places = _places(rows[0], _HOST_COLUMNS)
    out: dict[str, Host] = {}
    for row in rows[1:]:
        name = _cell(row, places, "host")
        if not name:
            continue
        before = out.get(name.lower())
        out[name.lower()] = Host(
            before.host if before else name,
            (before.ips if before else ()) + _addresses(_cell(row, places, "ips")),
            (before.outside_ips if before else ()) + _addresses(_cell(row, places, "outside_ips")),
            _cell(row, places, "time_zone") or (before.time_zone if before else ""),
            _cell(row, places, "role").lower() or (before.role if before else ""),
        )
    return list(out.values())


def _placed_hosts(found: list[Host]) -> list[Host]:
    """Return hosts if any has an address or a zone: a list of people has names and addresses of another kind."""
    good = any(h.ips or h.outside_ips or is_zone(h.time_zone) for h in found)
    return found if good else []


def _number(text: str) -> float | None:
    match = re.fullmatch(
        r"[~≈]?\s*(\d[\d,_ ]*(?:\.\d+)?)\s*(k|m|mio|million|thousand|b|bytes|rows|files|kb|kib)?",
        text.strip().lower(),
    )
    if match is None:
        return None
    scale = {
        "k": 1e3,
        "thousand": 1e3,
        "m": 1e6,
        "mio": 1e6,
        "million": 1e6,
        "kb": 1e3,
        "kib": 1024,
    }
    return float(re.sub(r"[,_ ]", "", match[1])) * scale.get(match[2] or "", 1)


def _stores(rows: list[list[str]]) -> list[StoreTable]:
    places = _places(rows[0], _STORE_COLUMNS)
    out = []
    for row in rows[1:]:
        store = _cell(row, places, "store")
        if not store:
            continue
        n_rows = _number(_cell(row, places, "rows"))
        out.append(
            StoreTable(
                store,
                _cell(row, places, "table"),
                _cell(row, places, "host"),
                tuple(e.lower() for e in _many(_cell(row, places, "elements"))),
                None if n_rows is None else int(n_rows),
                _cell(row, places, "unit").lower() or "rows",
                _number(_cell(row, places, "avg_bytes")),
            )
        )
    return out


def _placed(stores: list[StoreTable], names: HostNames) -> tuple[StoreTable, ...]:
    """Return the stores with the company's name of their hosts; a store called like a host lies on it."""
    out = []
    for s in stores:
        host = names.name(s.host) or s.host if s.host else names.name(s.store) or ""
        out.append(StoreTable(s.store, s.table, host, s.elements, s.rows, s.unit, s.avg_bytes))
    return tuple(out)


def _is_prose(name: str, body: bytes) -> bool:
    """Answer whether a file is a text of sentences and not a table of people."""
    if b"\0" in body[:4096] and not body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    text = _decoded(body[:65536])
    if name.lower().endswith((".csv", ".tsv", ".json", ".jsonl", ".xml", ".sql", ".html")):
        return False
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 3:
        return bool(lines)
    for separator in "\t;|,":
        counts = [line.count(separator) for line in lines[:50]]
        if counts[0] >= 2 and len(set(counts)) == 1:
            return False
    return True
