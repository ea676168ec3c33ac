"""The company's own lists of machines and stores, out of exhibits of role roster and inventory, however written.

A list is known by its header. The latest list wins, by its day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import pyarrow as pa

from amends.controls.measures.base import ListedStore, Place
from amends.kernel.case import Case
from amends.kernel.contents import TablePart
from amends.tables.custody import EXHIBITS

MAX_BYTES = 16 << 20
"""A larger file is a list of people or a log, not of machines."""
ENDINGS = (".csv", ".tsv", ".psv", ".txt", ".xlsx", ".xls", ".parquet", ".json", ".jsonl", ".ods")

HOST = frozenset(
    [
        "host",
        "hostname",
        "name",
        "device",
        "server",
        "system",
        "node",
        "machine",
        "computer",
        "asset",
        "assetname",
        "fqdn",
    ]
)
ROLE = frozenset(["role", "type", "function", "purpose"])
ZONE = frozenset(
    ["zone", "environment", "env", "segment", "network", "networkzone", "stage", "tier"]
)
IP = frozenset(
    ["ip", "ips", "ipaddress", "address", "addresses", "insideip", "internalip", "privateip"]
)
OUTSIDE = frozenset(
    [
        "outsideip",
        "externalip",
        "publicip",
        "publicips",
        "wanip",
        "natip",
        "publicaddress",
        "internetip",
    ]
)
STORE = frozenset(
    ["store", "storename", "database", "databasename", "db", "datastore", "repository"]
)
ELEMENTS = frozenset(
    [
        "elements",
        "element",
        "dataelements",
        "contents",
        "holds",
        "datatypes",
        "personaldata",
        "elementcodes",
    ]
)
STORE_HOST = frozenset(["host", "hostname", "server", "servername", "node", "machine", "asset"])


@dataclass
class Lists:
    """Machines and stores by lower-case name, and the company's outside addresses."""

    hosts: dict[str, Place] = field(default_factory=dict)
    stores: dict[str, ListedStore] = field(default_factory=dict)
    outside: frozenset[str] = frozenset()


def read_lists(case: Case) -> Lists:
    """Return the lists of a case."""
    found = Lists()
    for path in _files(case):
        for part in case.contents.parts(path):
            if isinstance(part, TablePart):
                take(found, part)
    return found


def _files(case: Case) -> Iterator[Path]:
    if not case.has(EXHIBITS):
        return
    rows = case.engine.arrow(
        f"""SELECT path, place FROM {case.read(EXHIBITS)}
            WHERE role IN ('roster', 'inventory') AND size_bytes <= ?
            ORDER BY COALESCE(as_of_on, CAST(received_at AS DATE)), exhibit_id""",
        [MAX_BYTES],
    ).to_pylist()
    for row in rows:
        if row["path"].lower().endswith(ENDINGS):
            path = Path(row["place"])
            yield path if path.is_absolute() else case.folder / path


def take(into: Lists, part: TablePart) -> None:
    """Take in a table when its header is one of ours; leave it otherwise."""
    header, batches = _headed(part)
    columns = {_key(name): place for place, name in reversed(header)}
    store = _first(columns, STORE)
    host = _first(columns, STORE_HOST)
    elements = _first(columns, ELEMENTS)
    if store and (host or elements):
        for row in _rows(batches, (store, host, elements)):
            _take_store(into, *row)
        return
    name = _first(columns, HOST)
    role, zone = _first(columns, ROLE), _first(columns, ZONE)
    addressed = _first(columns, IP) or _first(columns, OUTSIDE) or zone
    if name and (role or zone) and addressed:
        for row in _rows(batches, (name, zone, role, _first(columns, OUTSIDE))):
            _take_host(into, *row)


def _headed(part: TablePart) -> tuple[list[tuple[str, str]], Iterator[pa.RecordBatch]]:
    """Return (column, its name in the list) and the rows; a short list may have its header among its rows."""
    if part.has_header:
        return [(c, c) for c in part.columns], part.batches
    first = next(iter(part.batches), None)
    if first is None or not first.num_rows:
        return [], iter(())
    header = [(c, str(first.column(c)[0].as_py() or "")) for c in part.columns]
    return header, chain([first.slice(1)], part.batches)


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _first(columns: Mapping[str, str], wanted: frozenset[str]) -> str:
    return next((columns[c] for c in columns if c in wanted), "")


def _rows(batches: Iterator[pa.RecordBatch], names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the wanted columns row by row: a list of machines, not of people."""
    for batch in batches:
        held = [
            batch.column(n).to_pylist() if n else pa.nulls(batch.num_rows, pa.string()).to_pylist()
            for n in names
        ]
        for row in zip(*held, strict=True):
            yield tuple((cell or "").strip() for cell in row)


def _take_host(into: Lists, name: str, zone: str, role: str, outside: str) -> None:
    if not name:
        return
    old = into.hosts.get(name.lower(), Place(name))
    into.hosts[name.lower()] = Place(old.name, zone or old.zone, role or old.role)
    into.outside |= frozenset(a for a in re.split(r"[\s,;|]+", outside) if a)


def _take_store(into: Lists, name: str, host: str, elements: str) -> None:
    if not name:
        return
    old = into.stores.get(name.lower(), ListedStore(name))
    codes = frozenset(e.lower() for e in re.split(r"[\s,;|/]+", elements) if e)
    into.stores[name.lower()] = ListedStore(old.name, host or old.host, old.elements | codes)
