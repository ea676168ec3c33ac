"""Conflicts that somebody has settled: what is answered is not asked again, and holds no notice back.

- A decision to merge or to keep apart answers every conflict whose records it names.
- A decision that an SSN is not that of a record answers a conflict about this SSN once nobody disputes it any more.
- A conflict that was looked at and may stand (``conflict … settled``) stays in the table, but no longer holds a notice.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from amends.kernel.case import Case
from amends.kernel.register import Decision
from amends.tables.persons import CONFLICTS

KINDS = ("merge", "keep_apart", "not_theirs", "conflict")
"""Kinds of decisions that settle conflicts."""


def unanswered(case: Case, found: pa.Table) -> pa.Table:
    """Return the conflicts that still want an answer.

    Args:
        case: The case, for its decisions.
        found: Conflicts as they are found in the records.
    """
    made = [d for kind in KINDS for d in case.decisions(kind)]
    if not made or not found.num_rows:
        return found
    names = (
        case.engine.register("conflicts_found", found),
        case.engine.register("conflicts_records", _record_sets(made)),
        case.engine.register("conflicts_denied", _denied(made)),
        case.engine.register("conflicts_settled", _settled(made)),
    )
    kept = case.engine.arrow(_sql(*names)).select(CONFLICTS.names).cast(CONFLICTS.schema)
    for name in names:
        case.engine.drop(name.strip('"'))
    return kept


def _sql(found: str, sets: str, denied: str, settled: str) -> str:
    """Return SQL of the conflicts left; one is answered by the records it is about, never by its id alone."""
    return f"""
        WITH answered AS (
            SELECT DISTINCT c.conflict_id FROM {found} AS c
            JOIN (SELECT unnest(records) AS record, records FROM {sets}) AS s
              ON s.record = c.records[1] AND list_has_all(s.records, c.records)
        ), disputed AS (
            SELECT conflict_id, any_value(kind) AS kind, count(*) AS n, count(d.record) AS n_denied
            FROM (SELECT conflict_id, kind, unnest(records) AS record FROM {found} WHERE kind LIKE '%ssn%') AS c
            LEFT JOIN (SELECT DISTINCT record FROM {denied}) AS d USING (record) GROUP BY conflict_id
        )
        SELECT c.conflict_id, c.kind, c.persons, c.records, c.why, c.suggestion,
               c.blocks_notice AND c.conflict_id NOT IN (SELECT conflict_id FROM {settled}) AS blocks_notice
        FROM {found} AS c
        WHERE c.conflict_id NOT IN (SELECT conflict_id FROM answered)
          AND c.conflict_id NOT IN (
              SELECT conflict_id FROM disputed
              WHERE n_denied > 0 AND n - n_denied <= CASE WHEN kind = 'ssn_of_another' THEN 0 ELSE 1 END
          )
    """


def _record_sets(made: Sequence[Decision]) -> pa.Table:
    sets = [
        [str(r) for r in records]
        for d in made
        if isinstance(records := d.subject.get("records"), list)
    ]
    return pa.table({"records": pa.array(sets, pa.list_(pa.string()))})


def _denied(made: Sequence[Decision]) -> pa.Table:
    records = [
        str(d.subject.get("record_id"))
        for d in made
        if d.kind == "not_theirs" and d.subject.get("element") in ("ssn", "itin")
    ]
    return pa.table({"record": pa.array(records, pa.string())})


def _settled(made: Sequence[Decision]) -> pa.Table:
    ids = [str(d.subject.get("conflict_id")) for d in made if d.kind == "conflict"]
    return pa.table({"conflict_id": pa.array(ids, pa.string())})
