"""What the ids behind a gap stand for: hop, fact, closure, column, exhibit, finding of a scanner, in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from amends.kernel.case import Case
from amends.kernel.schema import Table
from amends.tables import ALL
from amends.tables.controls import SCANNER_FINDINGS
from amends.tables.custody import EXCEPTIONS, EXHIBITS, ITEMS
from amends.tables.duties import DUTIES
from amends.tables.elements import COLUMNS, FINDINGS
from amends.tables.paths import ATTACK_PATHS, CLOSURES, FACTS, PATH_FIXES
from amends.tables.timeline import DETECTIONS, GAPS, HOPS, LOG_FILES

Row = dict[str, Any]  # a row of evidence in words

KINDS: tuple[tuple[Table, str, str, str, str], ...] = (
    (
        HOPS, "t.hop_id", "step of the intruder",
        "concat_ws(' ', replace(coalesce(t.phase, ''), '_', ' ') || ':', t.source, '→', t.destination)",
        "t.why",
    ),
    (
        FACTS, "t.fact_id", "fact of the network",
        "concat_ws(' → ', replace(t.kind, '_', ' ') || ' ' || t.source, nullif(t.target, ''))",
        "concat_ws('; ', nullif(t.evidence, ''), t.state || coalesce(': ' || nullif(t.state_evidence, ''), ''))",
    ),
    (
        PATH_FIXES, "t.fix_id", "fix, reckoned",
        "concat_ws(' ', replace(t.\"group\", '_', ' ') || coalesce(': ' || nullif(t.subject, ''), ''))",
        "CASE t.moment WHEN 'now' THEN 'as things stand' ELSE concat('by evidence of ', t.as_of) END"
        " || concat(': ', t.n_facts, ' known; without all of them ', t.persons_removed, ' people are out of reach')",
    ),
    (CLOSURES, "t.closure_id", "fix", "t.remedy", "t.state"),
    (ATTACK_PATHS, "t.path_id", "way to a store", "'to ' || t.store", "t.why"),
    (
        EXHIBITS, "t.exhibit_id", "exhibit", "t.path",
        "concat_ws(', ', t.role, 'received ' || strftime(t.received_at, '%Y-%m-%d'))",
    ),
    (ITEMS, "t.item_id", "item of an exhibit", "concat_ws(' : ', t.exhibit_id, nullif(t.inner_path, ''))", "t.kind"),
    (
        COLUMNS, "t.item_id || '.' || t.\"column\"", "column",
        "concat_ws(' ', 'holds', replace(t.element, '_', ' '))", "t.item_id",
    ),
    (FINDINGS, "t.finding_id", "element in a document", "replace(t.element, '_', ' ')", "t.item_id"),
    (
        EXCEPTIONS, "t.exception_id", "could not be read", "concat_ws(': ', t.reason, nullif(t.inner_path, ''))",
        "t.remedy",
    ),
    (DUTIES, "t.duty_id", "duty", "concat_ws(' ', t.jurisdiction, t.recipient, t.\"to\")", "t.answer"),
    (DETECTIONS, "t.detection_id", "rule that fired", "t.title", "concat_ws(', ', t.level, t.n_events || ' events')"),
    (GAPS, "t.gap_id", "gap in a log", "concat_ws(' ', t.host, t.\"log\", replace(t.reason, '_', ' '))", "t.effect"),
    (LOG_FILES, "t.log_id", "log", "t.path", "concat_ws(', ', t.host, t.parser)"),
    (
        SCANNER_FINDINGS, "t.scan_id", "finding of a scanner", "concat_ws(': ', t.tool, t.title)",
        "concat_ws(', ', t.place, t.severity, t.status)",
    ),
)  # fmt: skip
"""Table, SQL of its id, what it is called, and SQL of its words and of where they stand."""

_FINGERPRINT = re.compile(r"([0-9a-f]{12})[0-9a-f]{12,}")
_TABLES = {table.name: table.one_row_is for table in ALL}


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
                SELECT n.id, min({says}) AS says, min({place}) AS place
                FROM {named} AS n JOIN {case.read(table)} AS t ON {key} = n.id
                GROUP BY n.id
                """
            ).to_pylist()
            for row in rows:
                made.setdefault(row["id"], _row(row["id"], kind, row["says"], row["place"]))
    finally:
        case.engine.drop("review_evidence_ids")
    return made


def _row(one: str, kind: str, says: str | None, place: str | None) -> Row:
    """Return evidence in words; the long fingerprints of credentials are cut."""
    cut = [_FINGERPRINT.sub(r"\1…", text or "") for text in (says, place)]
    return {"id": one, "kind": kind, "says": cut[0], "place": cut[1]}


def shown(evidence: Iterable[str], known: Mapping[str, Row]) -> list[Row]:
    """Return the evidence of one gap in its order: in words where a table knows it, else as it is."""
    return [known.get(one) or _unknown(one) for one in evidence]


def _unknown(one: str) -> Row:
    if one in _TABLES:
        return {"id": one, "kind": "table", "says": f"all rows; one is {_TABLES[one]}", "place": ""}
    return {"id": one, "kind": "evidence", "says": one, "place": ""}
