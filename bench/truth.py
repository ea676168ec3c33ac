"""Scores a run of a demo case against the truth that the generator wrote beside it.

Records of tables are joined by exhibit, table and row; elements and duties are compared for persons whose records
are all of one true person, and counted for all.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
from common import amends, measured, pair_scores

# A row of a table stands in the truth by its row; the table's name is the last word of its path.
_JOIN = """
    SELECT t.true_id, m.person_id, m.record_id
    FROM read_parquet('{truth}/records.parquet') AS t
    JOIN read_parquet('{folder}/memberships.parquet') AS m
      ON regexp_extract(m.exhibit_path, '([^/]*)$', 1) = t.exhibit AND m.locator = t."row"
     AND (t.inner_path = '' OR regexp_extract(m.inner_path, '([^./]*)$', 1) = t.inner_path)
    WHERE t.relation = 'self' AND t."row" IS NOT NULL AND t.exhibit NOT LIKE '%.xlsx' AND m.role = 'stolen'
"""


def exported(case: Path, folder: Path) -> Path:
    """Export what is compared, and return the folder."""
    for name in ("memberships", "person-elements", "persons"):
        measured(amends("export", case, name, "--to", folder / f"{name}.parquet"))
    return folder


def person_scores(truth: Path, folder: Path) -> dict[str, float]:
    """Return pairwise precision, recall and F1 over rows of tables, and how many rows were compared."""
    with duckdb.connect() as con:
        rows = con.execute(_JOIN.format(truth=truth, folder=folder)).fetchnumpy()
        known = con.execute(
            f"""SELECT count(*) FROM read_parquet('{truth}/records.parquet')
                WHERE relation = 'self' AND "row" IS NOT NULL AND exhibit NOT LIKE '%.xlsx'"""
        ).fetchone()
    made = pair_scores(rows["true_id"], rows["person_id"])
    return {**made, "rows_compared": len(rows["true_id"]), "rows_known": known[0] if known else 0}


def element_scores(truth: Path, folder: Path) -> list[dict[str, object]]:
    """Return for each element how many true persons had it, how many were found with it, and both.

    A true person stands for the found person that holds most of its rows.
    """
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE joined AS {_JOIN.format(truth=truth, folder=folder)}")
        con.execute(
            """CREATE TABLE best AS SELECT true_id, arg_max(person_id, n) AS person_id FROM
               (SELECT true_id, person_id, count(*) AS n FROM joined GROUP BY ALL) GROUP BY true_id"""
        )
        cursor = con.execute(
            f"""
            WITH told AS (
                SELECT DISTINCT b.true_id, e.element FROM best AS b
                JOIN read_parquet('{folder}/person-elements.parquet') AS e USING (person_id)
            ), held AS (
                SELECT DISTINCT true_id, element, via FROM read_parquet('{truth}/elements.parquet')
                JOIN best USING (true_id)
            )
            SELECT coalesce(h.element, t.element) AS element,
                   count(h.true_id) AS n_true, count(t.true_id) AS n_found,
                   count(*) FILTER (WHERE h.true_id IS NOT NULL AND t.true_id IS NOT NULL) AS n_both
            FROM held AS h FULL JOIN told AS t USING (true_id, element)
            GROUP BY 1 ORDER BY 1
            """
        )
        names = [d[0] for d in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    for row in rows:
        row["missed_share"] = round(1 - row["n_both"] / max(row["n_true"], 1), 5)
        row["wrong_share"] = round(1 - row["n_both"] / max(row["n_found"], 1), 5)
    return rows


def residence_scores(truth: Path, folder: Path) -> dict[str, float]:
    """Return the share of true persons whose residence and status were found right."""
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE joined AS {_JOIN.format(truth=truth, folder=folder)}")
        rows = con.execute(
            f"""
            SELECT p.state, f.residence, p.status, f.status AS found_status FROM
              (SELECT true_id, arg_max(person_id, n) AS person_id FROM
                 (SELECT true_id, person_id, count(*) AS n FROM joined GROUP BY ALL) GROUP BY true_id) AS b
            JOIN read_parquet('{truth}/people.parquet') AS p USING (true_id)
            JOIN read_parquet('{folder}/persons.parquet') AS f USING (person_id)
            """
        ).fetchnumpy()
    state = np.asarray([f"US-{s}" if s else None for s in rows["state"].tolist()], dtype=object)
    found = np.asarray(rows["residence"].tolist(), dtype=object)
    known = np.asarray([s is not None for s in state])
    return {
        "residence_right": round(float((state == found)[known].mean()), 5),
        "residence_unknown": round(float(np.asarray([f is None for f in found])[known].mean()), 5),
        "status_right": round(float((rows["status"] == rows["found_status"]).mean()), 5),
        "minors_missed": int(
            ((rows["status"] == "minor") & (rows["found_status"] != "minor")).sum()
        ),
        "deceased_missed": int(
            ((rows["status"] == "deceased") & (rows["found_status"] != "deceased")).sum()
        ),
        "deceased_wrongly": int(
            ((rows["status"] != "deceased") & (rows["found_status"] == "deceased")).sum()
        ),
    }
