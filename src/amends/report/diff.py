"""The difference between two runs: who is newly owed a notice, owed more, owed no longer.

Persons are compared by id, which is stable between runs; a person that was merged into another in
between is followed through ``person_changes``.
"""

from __future__ import annotations

from pathlib import Path

from amends.kernel.case import Case
from amends.kernel.errors import UsageError
from amends.kernel.schema import Table
from amends.tables.duties import DUTY_GROUPS, PERSON_GROUPS
from amends.tables.persons import MEMBERSHIPS, PERSON_ELEMENTS

CHANGES = ("newly_owed", "owed_more", "owed_less", "no_longer_owed")


def runs(case: Case) -> list[str]:
    """Return the ids of the runs that are kept, oldest first."""
    return sorted(p.name for p in (case.folder / "runs").glob("R*") if p.is_dir())


def diff_sql(case: Case, old: str, new: str) -> str:
    """Return SQL of the persons whose notice changed between two runs.

    One row is one person: ``person_id`` (of the new run, or of the old for who is no longer owed),
    ``change``, ``elements_before``, ``elements_now``, ``due_on``.

    Raises:
        UsageError: One of the runs is not kept.
    """
    before, now = _owed(case, old), _owed(case, new)
    same = _same_person(case, old, new)
    return f"""
        WITH before AS (
            SELECT coalesce(s.new_id, b.person_id) AS person_id,
                   list_sort(list_distinct(flatten(list(b.elements)))) AS elements
            FROM ({before}) AS b LEFT JOIN ({same}) AS s ON s.old_id = b.person_id
            GROUP BY ALL
        ), now AS ({now})
        SELECT coalesce(n.person_id, b.person_id) AS person_id,
               CASE WHEN b.person_id IS NULL THEN 'newly_owed'
                    WHEN n.person_id IS NULL THEN 'no_longer_owed'
                    WHEN NOT list_has_all(b.elements, n.elements) THEN 'owed_more'
                    ELSE 'owed_less' END AS change,
               coalesce(b.elements, []) AS elements_before, coalesce(n.elements, []) AS elements_now, n.due_on
        FROM before AS b FULL OUTER JOIN now AS n USING (person_id)
        WHERE b.person_id IS NULL OR n.person_id IS NULL OR b.elements <> n.elements
        ORDER BY change, person_id
    """


def counts(case: Case, old: str, new: str) -> dict[str, int]:
    """Return the number of persons for each kind of change."""
    made = dict.fromkeys(CHANGES, 0)
    rows = case.engine.arrow(
        f"SELECT change, count(*) AS n FROM ({diff_sql(case, old, new)}) GROUP BY change"
    )
    made.update({r["change"]: r["n"] for r in rows.to_pylist()})
    return made


def _owed(case: Case, run: str) -> str:
    groups, members = kept_view(case, run, DUTY_GROUPS), kept_view(case, run, PERSON_GROUPS)
    exposed = kept_view(case, run, PERSON_ELEMENTS)
    return f"""
        SELECT m.person_id, list_sort(list(e.element)) AS elements, any_value(g.due_on) AS due_on
        FROM {members} AS m JOIN {groups} AS g USING (group_id) JOIN {exposed} AS e USING (person_id)
        WHERE g.tell GROUP BY m.person_id
    """


def _same_person(case: Case, old: str, new: str) -> str:
    """Return SQL of old person → new person, by the records they share; the smallest id where it was split."""
    return f"""
        SELECT o.person_id AS old_id, min(n.person_id) AS new_id
        FROM {kept_view(case, old, MEMBERSHIPS)} AS o JOIN {kept_view(case, new, MEMBERSHIPS)} AS n USING (record_id)
        WHERE o.person_id <> n.person_id
          AND o.person_id NOT IN (SELECT person_id FROM {kept_view(case, new, MEMBERSHIPS)})
        GROUP BY o.person_id
    """


def kept_view(case: Case, run: str, table: Table) -> str:
    """Make a table of a run that is kept readable and return its name, quoted.

    Raises:
        UsageError: The run is not kept.
    """
    files: list[Path] = sorted((case.folder / "runs" / run / table.name).glob("*.parquet"))
    if not files:
        raise UsageError(
            f"The run {run} is not kept",
            remedy="runs kept: " + (" ".join(runs(case)) or "none yet"),
        )
    return case.engine.view(f"{run}_{table.name}", files)
