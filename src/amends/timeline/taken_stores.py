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
    r"\.(csv|tsv|txt|sql|dump|parquet|jsonl?|xlsx?|psv|gz|bz2|xz|zst|zip|bak|mdb|db)$"
)
# What stands between words in statements and paths; names of tables are compared as whole words.
NOT_A_WORD = r"[^\p{L}\p{N}_$]+"
_WORDS = re.compile(r"[^\w$]+")


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


def register(engine: Engine, listed: tuple[Holding, ...]) -> str:
    """Make the holdings readable in SQL and return the name."""
    return engine.register(
        "taken_holdings",
        pa.table(
            {
                "number": pa.array([h.number for h in listed], pa.int64()),
                "store": pa.array([h.store.lower() for h in listed], pa.string()),
                "key": pa.array([h.key for h in listed], pa.string()),
                "words": pa.array(
                    [f" {_WORDS.sub(' ', h.key).strip()} " for h in listed], pa.string()
                ),
                "host": pa.array([h.host for h in listed], pa.string()),
                "rows": pa.array([h.rows for h in listed], pa.int64()),
                "unit": pa.array([h.unit for h in listed], pa.string()),
                "avg_bytes": pa.array([h.avg_bytes for h in listed], pa.float64()),
            }
        ),
    )
