"""The funnel from items found to notices delivered, the clocks, and what waits for a decision.

The funnel sums: items found = items read + exceptions, owed = planned + held, and each later
number is a part of the one before it. ``check`` says so in words when it does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypedDict

import pyarrow as pa

from amends import notices
from amends.kernel import clock
from amends.kernel.case import Case
from amends.kernel.schema import Table
from amends.tables.custody import EXCEPTIONS, EXHIBITS, ITEMS
from amends.tables.duties import DUTIES, DUTY_GROUPS, PERSON_GROUPS
from amends.tables.elements import COLUMNS, LINKS, RECORDS, UNATTRIBUTED
from amends.tables.notices import NOTICES
from amends.tables.persons import CONFLICTS, PERSONS

DOUBTFUL = 0.7
"""Below this confidence a column waits for somebody to look at it (review platforms' usual line)."""


class Standing(TypedDict):
    """How a case stands, as ``amends status --json`` prints it."""

    case: str
    run: str
    funnel: dict[str, int]
    clocks: list[dict[str, object]]
    waiting: dict[str, int]
    ledger_head: str


@dataclass(frozen=True)
class Clock:
    """A deadline that runs.

    Attributes:
        jurisdiction: Whose law.
        recipient: person, regulator, bureau …
        to: Who in particular.
        due_on: ISO day; None when the law gives no number.
        days_left: Days from today; None without a day.
        n_persons: Persons it counts.
        why: The rule in words.
        answer: required or needs_judgement.
    """

    jurisdiction: str
    recipient: str
    to: str
    due_on: str | None
    days_left: int | None
    n_persons: int
    why: str
    answer: str

    @property
    def who(self) -> str:
        """Return in words who is told: a code of the law vocabulary is spelt out."""
        if self.recipient == "person":
            return "people"
        code = self.to or self.recipient
        words = code.replace("_", " ")
        return words.lower() if "_" in code else words


def funnel(case: Case) -> dict[str, int]:
    """Return the counts of DESIGN section 9, zero for what was not reached yet."""
    found = dict.fromkeys(
        (
            "exhibits",
            "items_found",
            "items_read",
            "exceptions",
            "records",
            "persons",
            "owed",
            "planned",
            "held",
            "sealed",
            "accepted",
            "delivered",
            "returned",
            "unknown",
        ),
        0,
    )
    for name, table, where in (
        ("exhibits", EXHIBITS, "TRUE"),
        ("items_found", ITEMS, "TRUE"),
        ("items_read", ITEMS, "status = 'read'"),
        ("exceptions", ITEMS, "status <> 'read'"),
        ("records", RECORDS, "role = 'stolen'"),
        ("persons", PERSONS, "TRUE"),
    ):
        found[name] = _count(case, table, where)
    if case.has(NOTICES):
        found.update(_owed(case))
    found.update(notices.delivery_counts(case))
    return found


def _owed(case: Case) -> dict[str, int]:
    """Return persons owed a notice, those with one that may go, and those whose notice is held.

    Persons, not pieces: a person told twice, because the scope grew, counts once; one who was told under an id that
    has become part of another counts as planned.
    """
    row = case.engine.arrow(
        f"""
        SELECT count(*) AS owed,
               count(*) FILTER (WHERE n.free OR (n.free IS NULL AND t.person_id IS NOT NULL)) AS planned,
               count(*) FILTER (WHERE NOT n.free) AS held
        FROM {case.read(PERSON_GROUPS)} AS m
        JOIN {case.read(DUTY_GROUPS)} AS g ON g.group_id = m.group_id AND g.tell
        LEFT JOIN (SELECT person_id, bool_or(len(quarantine) = 0) AS free
                   FROM {case.read(NOTICES)} GROUP BY person_id) AS n USING (person_id)
        LEFT JOIN {notices.told(case)} AS t USING (person_id)
        """
    ).to_pylist()[0]
    return {name: int(count) for name, count in row.items()}


def check(counts: Mapping[str, int]) -> list[str]:
    """Return a sentence for every sum of the funnel that does not hold."""
    wrong = []
    if counts["items_found"] != counts["items_read"] + counts["exceptions"]:
        wrong.append("items found are not items read and exceptions")
    if counts["owed"] != counts["planned"] + counts["held"]:
        wrong.append("persons owed a notice are not those planned and those held")
    if counts["owed"] > counts["persons"]:
        wrong.append("more persons are owed a notice than there are persons")
    return wrong


def clocks(case: Case, limit: int | None = None) -> list[Clock]:
    """Return running deadlines, the nearest first, those without a day last."""
    if not case.has(DUTIES):
        return []
    rows = case.engine.arrow(
        f"""
        SELECT jurisdiction, recipient, "to", CAST(min(due_on) AS VARCHAR) AS due_on,
               sum(n_persons) AS n_persons, min(why) AS why, answer
        FROM {case.read(DUTIES)}
        WHERE answer <> 'not_required'
        GROUP BY jurisdiction, recipient, "to", answer, due_on
        ORDER BY due_on NULLS LAST, jurisdiction, recipient, "to", answer
        """
    ).to_pylist()
    today = clock.now().date()
    made = [
        Clock(
            r["jurisdiction"], r["recipient"], r["to"] or "", r["due_on"], _days(r["due_on"], today),
            int(r["n_persons"] or 0), r["why"] or "", r["answer"],
        )
        for r in rows
    ]  # fmt: skip
    return made[:limit] if limit else made


def waiting(case: Case) -> dict[str, int]:
    """Return what waits for a person to decide, by kind; kinds with nothing waiting are zero."""
    return {
        "exceptions": _count(case, EXCEPTIONS, "disposition = 'open'"),
        "doubtful_columns": _count(
            case,
            COLUMNS,
            f"element IS NOT NULL AND decided_by = 'rule' AND confidence < {DOUBTFUL}",
        ),
        "doubtful_links": _count(
            case, LINKS, f"in_use AND decided_by = 'rule' AND containment < {DOUBTFUL}"
        ),
        "unattributed": _one(
            case, f"SELECT coalesce(sum(n_records), 0) FROM {case.read(UNATTRIBUTED)}"
        )
        if case.has(UNATTRIBUTED)
        else 0,
        "conflicts": _undecided(case, CONFLICTS, "conflict_id", "TRUE", "conflict"),
        "judgements": _undecided(
            case, DUTY_GROUPS, "group_id", "notify = 'needs_judgement'", "judgement"
        ),
        "held_notices": _count(case, NOTICES, "len(quarantine) > 0"),
        "unknown_deliveries": notices.delivery_counts(case)["unknown"],
    }


def status(case: Case) -> Standing:
    """Return the status of a case as ``amends status --json`` prints it."""
    return {
        "case": case.name,
        "run": case.run_id(),
        "funnel": funnel(case),
        "clocks": [{**c.__dict__, "who": c.who} for c in clocks(case)],
        "waiting": waiting(case),
        "ledger_head": case.ledger.head()[1],
    }


def decided(case: Case, kind: str, key: str) -> str:
    """Make the subjects of decisions in force readable as a one-column relation and return its name."""
    subjects = [str(d.subject[key]) for d in case.decisions(kind) if key in d.subject]
    return case.engine.register(f"decided_{kind}", pa.table({key: pa.array(subjects, pa.string())}))


def _undecided(case: Case, table: Table, key: str, where: str, kind: str) -> int:
    if not case.has(table):
        return 0
    settled = decided(case, kind, key)
    return _count(case, table, f"{where} AND {key} NOT IN (SELECT {key} FROM {settled})")


def _count(case: Case, table: Table, where: str) -> int:
    if not case.has(table):
        return 0
    return _one(case, f"SELECT count(*) FROM {case.read(table)} WHERE {where}")


def _one(case: Case, sql: str) -> int:
    return int(next(_values(case, sql)))


def _values(case: Case, sql: str) -> Iterator[int]:
    yield from case.engine.arrow(sql).column(0).to_pylist()


def _days(day: str | None, today: date) -> int | None:
    return (date.fromisoformat(day) - today).days if day else None
