"""Which stores, tables and elements there are to be taken, and how many rows each holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from amends.kernel.engine.base import Engine
from amends.timeline.known import Known
from amends.timeline.taken_sources import Places, Sources

_FILE_ENDINGS = re.compile(
    r"\.(mbox|pst|eml|pdf|docx?|avro|orc|xml|dat|csv|tsv|txt|sql|dump|parquet|jsonl?|xlsx?|psv|gz|bz2|xz|zst|zip|bak|mdb|db)$"
)
# What stands between words in statements and paths; names are compared as whole words.
NOT_A_WORD = r"[^\p{L}\p{N}_]+"
_NOT_A_WORD = re.compile(r"\W+")
# Words of names of stores that tell nothing apart.
_COMMON = frozenset(
    [
        "archive",
        "backup",
        "data",
        "database",
        "db",
        "dir",
        "disk",
        "drive",
        "export",
        "file",
        "files",
        "folder",
        "fs",
        "lake",
        "main",
        "nas",
        "prod",
        "server",
        "share",
        "shares",
        "smb",
        "storage",
        "store",
        "the",
        "volume",
    ]
)


@dataclass(frozen=True)
class Holding:
    """A table, file or share of a store.

    Attributes:
        number: Its number, from 0; the key of everything computed here.
        store: Store, as the company names it.
        table: Table, file or share; "" for the whole.
        key: What a statement or path that reads it names: its last part, lower case.
        host: Host it lies on, lower case.
        elements: Element codes.
        rows: How many it holds; ``None`` when nobody says.
        unit: rows, files, persons …
        avg_bytes: Bytes of one; ``None`` when nobody says.
        said_by: ``list`` (the company's list of stores) or ``exhibits``.
    """

    number: int
    store: str
    table: str
    key: str
    host: str
    elements: tuple[str, ...]
    rows: int | None
    unit: str
    avg_bytes: float | None
    said_by: str


def last_part(table: str) -> str:
    """Return what identifies a table in a statement or a file in a path: its last part, lower case."""
    plain = table.strip().strip("/\\").lower().replace("\\", "/")
    plain = plain.rsplit("/", 1)[-1].replace('"', "").replace("`", "").replace("[", "")
    plain = plain.replace("]", "")
    return plain if _FILE_ENDINGS.search(plain) else plain.rsplit(".", 1)[-1]


def holdings(engine: Engine, sources: Sources, known: Known, places: Places) -> tuple[Holding, ...]:
    """Return every table of every store: by the company's list, and by exhibits for stores it does not list."""
    made: list[Holding] = []
    for row in known.stores:
        made.append(
            Holding(
                len(made),
                row.store,
                row.table,
                last_part(row.table),
                places.of(row.host or row.store),
                tuple(sorted(set(row.elements))),
                row.rows,
                row.unit or "rows",
                row.avg_bytes,
                "list",
            )
        )
    listed = {h.store.lower() for h in made}
    from_exhibits = {(r["store"], r["table"]): r for r in _exhibited(engine, sources)}
    for (store, table), found in sorted(from_exhibits.items()):
        if store.lower() in listed:
            continue
        made.append(
            Holding(
                len(made),
                store,
                table,
                last_part(table),
                places.of(store),
                tuple(sorted(found["elements"])),
                int(found["rows"]) if found["rows"] else None,
                "rows",
                None,
                "exhibits",
            )
        )
    return tuple(made)


def _exhibited(engine: Engine, sources: Sources) -> list[dict[str, Any]]:
    if not (sources.exhibits and sources.items and sources.columns):
        return []
    return list(
        engine.arrow(
            f"""
            SELECT e.store,
                   CASE WHEN i.inner_path = '' THEN regexp_extract(e.path, '[^/\\\\]*$')
                       ELSE i.inner_path END AS "table",
                   max(i.n_rows) AS rows, list(DISTINCT c.element) AS elements
            FROM {sources.exhibits} AS e
            JOIN {sources.items} AS i ON i.exhibit_id = e.exhibit_id
            JOIN {sources.columns} AS c ON c.item_id = i.item_id
            WHERE e.store <> '' AND coalesce(e.role, 'stolen') = 'stolen' AND i.kind = 'table'
              AND c.element IS NOT NULL AND c.n_valid + c.n_malformed > 0
            GROUP BY ALL
            """
        ).to_pylist()
    )


def register(engine: Engine, listed: tuple[Holding, ...], places: Places) -> str:
    """Make the holdings and the names they go by readable in SQL and return the name of the first."""
    names = {(h.number, words_of(n)) for h in listed for n in _names(h, places) if n}
    engine.register(
        "taken_names",
        pa.table(
            {
                "number": pa.array([n for n, _ in sorted(names)], pa.int64()),
                "name": pa.array([w for _, w in sorted(names)], pa.string()),
            }
        ),
    )
    return engine.register(
        "taken_holdings",
        pa.table(
            {
                "number": pa.array([h.number for h in listed], pa.int64()),
                "store": pa.array([h.store.lower() for h in listed], pa.string()),
                "key": pa.array([h.key for h in listed], pa.string()),
                "words": pa.array([words_of(h.key) for h in listed], pa.string()),
                "tokens": pa.array([_tokens(h) for h in listed], pa.list_(pa.string())),
                "is_file": pa.array([_is_file(h) for h in listed], pa.bool_()),
                "host": pa.array([h.host for h in listed], pa.string()),
                "rows": pa.array([h.rows for h in listed], pa.int64()),
                "unit": pa.array([h.unit for h in listed], pa.string()),
                "avg_bytes": pa.array([h.avg_bytes for h in listed], pa.float64()),
            }
        ),
    )


def _names(holding: Holding, places: Places) -> list[str]:
    """Return what a command line calls the host of a holding: its name, its addresses, the store."""
    return [
        holding.host,
        holding.store,
        *(ip for ip, h in places.by_ip.items() if h == holding.host),
    ]


def words_of(text: str) -> str:
    """Return the words of a name with a space around each, as statements are compared."""
    plain = _NOT_A_WORD.sub(" ", text.lower()).strip()
    return f" {plain} " if plain else ""


def _tokens(holding: Holding) -> list[str]:
    """Return the words that tell a share or folder from its neighbours."""
    return sorted(set(words_of(holding.key).split()) - _COMMON)


def _is_file(holding: Holding) -> bool:
    return bool(_FILE_ENDINGS.search(holding.key)) or holding.unit == "files"
