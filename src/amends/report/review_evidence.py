"""What the ids behind a gap stand for: hop, fact, closure, column, exhibit, finding of a scanner, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from amends.kernel.case import Case
from amends.kernel.engine.base import quote
from amends.kernel.schema import Table
from amends.tables.controls import SCANNER_FINDINGS
from amends.tables.custody import EXHIBITS, ITEMS
from amends.tables.paths import ATTACK_PATHS, CLOSURES, FACTS
from amends.tables.timeline import DETECTIONS, GAPS, HOPS, LOG_FILES

Row = dict[str, Any]  # a row of evidence in words

KINDS: tuple[tuple[Table, str, str, str, str], ...] = (
    (
        HOPS, "hop_id", "step of the intruder",
        "concat_ws(' ', replace(coalesce(phase, ''), '_', ' ') || ':', coalesce(source, ''), '→', destination)",
        "coalesce(why, '')",
    ),
    (
        FACTS, "fact_id", "fact of the network",
        "concat_ws(' ', replace(kind, '_', ' '), source, CASE WHEN target = '' THEN NULL ELSE '→ ' || target END)",
        "concat_ws('; ', nullif(evidence, ''), state || coalesce(': ' || nullif(state_evidence, ''), ''))",
    ),
    (CLOSURES, "closure_id", "fix", "remedy", "state"),
    (ATTACK_PATHS, "path_id", "way to a store", "'to ' || store", "why"),
    (
        EXHIBITS, "exhibit_id", "exhibit", "path",
        "concat_ws(', ', role, 'received ' || strftime(received_at, '%Y-%m-%d'))",
    ),
    (ITEMS, "item_id", "item of an exhibit", "concat_ws(' : ', exhibit_id, nullif(inner_path, ''))", "kind"),
    (DETECTIONS, "detection_id", "rule that fired", "title", "concat_ws(', ', level, n_events || ' events')"),
    (GAPS, "gap_id", "gap in a log", "concat_ws(' ', host, \"log\", reason)", "coalesce(effect, '')"),
    (LOG_FILES, "log_id", "log", "path", "concat_ws(', ', host, parser)"),
    (
        SCANNER_FINDINGS, "scan_id", "finding of a scanner", "concat_ws(': ', tool, title)",
        "concat_ws(', ', place, severity, status)",
    ),
)  # fmt: skip
"""Table, its id, what it is called, and SQL of its words and of where they stand."""


def evidence_of(case: Case, wanted: Iterable[str]) -> Mapping[str, Row]:
    """Return each id that a table knows with its kind, words and place; one query a table.

    Ids that no table knows are left out: they are shown as they are.
    """
    ids = sorted({i for i in wanted if i})
    made: dict[str, Row] = {}
    if not ids:
        return made
    named = case.engine.register(
        "review_evidence_ids", pa.table({"id": pa.array(ids, pa.string())})
    )
    try:
        for table, key, kind, says, place in KINDS:
            if not case.has(table):
                continue
            rows = case.engine.arrow(
                f"""
                SELECT n.id, min({says}) AS says, min({place}) AS place, count(*) AS n
                FROM {named} AS n JOIN {case.read(table)} AS t ON CAST(t.{quote(key)} AS VARCHAR) = n.id
                GROUP BY n.id
                """
            ).to_pylist()
            for row in rows:
                made.setdefault(
                    row["id"],
                    {
                        "id": row["id"],
                        "kind": kind,
                        "says": row["says"] or "",
                        "place": row["place"] or "",
                    },
                )
    finally:
        case.engine.drop("review_evidence_ids")
    return made


def shown(evidence: Iterable[str], known: Mapping[str, Row]) -> list[Row]:
    """Return the evidence of one gap in its order: in words where a table knows it, else as it is."""
    return [
        known.get(one) or {"id": one, "kind": _kind_of(one), "says": one, "place": ""}
        for one in evidence
    ]


def _kind_of(one: str) -> str:
    if "." in one or ":" in one or "#" in one:
        return "column or place"
    return "table" if one.islower() else "evidence"
