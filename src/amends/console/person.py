"""One person: every statement with the row it comes from, masked; in full for a reason that goes to the ledger."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from amends import persons
from amends.console.base import Answer, Facts, Missing, Visit, action, page
from amends.console.claims import on_site
from amends.console.people import by_id, masked
from amends.kernel.case import Case
from amends.kernel.errors import UsageError
from amends.kernel.register import DECISIONS
from amends.notices import seals
from amends.notices.dispatch import open_outbox
from amends.notices.outbox_record import BATCHES, PIECES
from amends.tables.custody import EXHIBITS, ITEMS
from amends.tables.duties import DUTIES, DUTY_GROUPS, PERSON_GROUPS
from amends.tables.elements import PLACES, RECORDS
from amends.tables.notices import NOTICES
from amends.tables.persons import CONFLICTS, MEMBERSHIPS, PERSON_CHANGES, PERSON_ELEMENTS, PERSONS

Rows = list[dict[str, object]]

MOST_RECORDS = 200
"""Records of one person that a page shows; a person with more is a conflict, and the page says how many there are."""

SHORTEST_REASON = 8
"""Letters of a reason: enough to name a task or a ticket."""

_RECORD = (
    "record_id", "role", "owner", "population", "as_of_on", "kind", "name_first", "name_middle", "name_last",
    "name_suffix", "business", "birth_on", "phone", "email", "street", "city", "state", "zip", "ssn_last4",
    "licence_last4", "elements", "possible", "secured", "link_reason", "ambiguous",
)  # fmt: skip
"""Columns of a record that a page shows; tokens are none of them."""

_PLACE_SQL = f"e.path AS exhibit, i.exhibit_id, i.inner_path, r.locator % {PLACES} AS row, i.kind AS item_kind"


@page("/people/{person_id}", name="person", area="people", template="person.html", rows="elements")
def person(visit: Visit) -> Answer:
    """Show everything about a person, masked."""
    with visit.case() as case:
        asked = visit.path("person_id")
        facts = person_facts(case, asked, reveal=False)
        if facts is None:
            now = by_id(case, asked)
            if now and now != asked:
                visit.say(f"{asked} became part of {now}.")
                return f"/people/{now}"
            raise Missing("There is no such person in this case", remedy="search for them")
        claimed = on_site(visit.desk, case, asked) if visit.may("claims") else None
    return {**facts, "on_site": claimed, "revealed": False, "reason": ""}


@action("/people/{person_id}/reveal", name="reveal", area="unmask", template="person.html")
def reveal(visit: Visit) -> Facts:
    """Show a person in full, once, for a reason that stands in the ledger."""
    reason = visit.form("reason", limit=300)
    if len(reason) < SHORTEST_REASON:
        raise UsageError(
            "Say why in a few words",
            remedy="go back and name the task, such as: returned letter, new address",
        )
    person_id = visit.path("person_id")
    with visit.case() as case:
        facts = person_facts(case, person_id, reveal=True)
        found = _records(case, _members(case, person_id)) if facts else []
    if facts is None:
        raise Missing("There is no such person in this case", remedy="search for them")
    visit.note("reveal", person=person_id, reason=reason)
    plain = [{k: v for k, v in r.items() if v not in (None, [], "")} for r in found]
    return {**facts, "on_site": None, "records": plain, "revealed": True, "reason": reason}


@page(
    "/people/{person_id}/records",
    name="records",
    area="people",
    template="records.html",
    rows="records",
)
def records(visit: Visit) -> Facts:
    """Show the records of a person, each with its place in the evidence, masked."""
    person_id = visit.path("person_id")
    with visit.case() as case:
        members = _members(case, person_id)
        if not members:
            raise Missing("There is no such person in this case", remedy="search for them")
        found = [masked(r) for r in _records(case, members)]
    return {"person_id": person_id, "records": found, "n_records": len(members), "revealed": False}


@page("/people/{person_id}/ties", name="ties", area="people", template="ties.html", rows="ties")
def ties(visit: Visit) -> Facts:
    """Show why the records of a person are one person: each pair, what agrees, and how much it weighs."""
    with visit.case() as case:
        found = persons.explain_ties(case, visit.path("person_id"))
    return {"person_id": visit.path("person_id"), "ties": found}


def person_facts(case: Case, person_id: str, *, reveal: bool) -> dict[str, object] | None:
    """Return what the case holds on a person, or ``None`` when there is none.

    Args:
        case: The case, borrowed.
        person_id: ``P…``.
        reveal: Whether names and contacts are shown in full; the caller writes it to the ledger.
    """
    if not case.has(PERSONS):
        return None
    found = _rows(case, f"SELECT * FROM {case.read(PERSONS)} WHERE person_id = ?", person_id)
    if not found:
        return None
    members = _members(case, person_id)
    shown = (
        (lambda row: {k: v for k, v in row.items() if v not in (None, [], "")})
        if reveal
        else masked
    )
    planned = _rows(
        case, f"SELECT * FROM {case.read(NOTICES)} WHERE person_id = ? ORDER BY edition", person_id
    )
    return {
        "person": shown(found[0]),
        "elements": _elements(case, person_id),
        "n_records": len(members),
        "duty": _duty(case, person_id),
        "notices": [shown(n) for n in planned],
        "deliveries": deliveries(case, person_id),
        "conflicts": _rows(
            case, f"SELECT * FROM {case.read(CONFLICTS)} WHERE list_contains(persons, ?)", person_id
        ),
        "decisions": decisions_about(case, person_id, list(members)),
        "earlier_ids": earlier_ids(case, person_id),
    }


def _rows(case: Case, sql: str, *values: object) -> Rows:
    return [dict(r) for r in case.engine.arrow(sql, values).to_pylist()]


def _members(case: Case, person_id: str) -> dict[int, dict[str, object]]:
    """Return record id → what ties it to the person."""
    found = _rows(
        case,
        f"""SELECT record_id, reason, weight, rule FROM {case.read(MEMBERSHIPS)}
        WHERE person_id = ? ORDER BY record_id""",
        person_id,
    )
    return {int(str(m["record_id"])): m for m in found}


def _records(case: Case, members: dict[int, dict[str, object]]) -> Rows:
    """Return the first records of a person with their place in the evidence and what ties them."""
    some = list(members)[:MOST_RECORDS]
    if not some:
        return []
    columns = ", ".join(f"r.{c}" for c in _RECORD)
    found = _rows(
        case,
        f"""SELECT {_PLACE_SQL}, {columns}
        FROM {case.read(RECORDS)} AS r JOIN {case.read(ITEMS)} AS i USING (item_id)
        JOIN {case.read(EXHIBITS)} AS e ON e.exhibit_id = i.exhibit_id
        WHERE r.record_id IN ({", ".join(map(str, some))}) ORDER BY r.role DESC, r.record_id""",
    )
    ties = ("reason", "weight", "rule")
    return [{**r, **{k: members[int(str(r["record_id"]))][k] for k in ties}} for r in found]


def _elements(case: Case, person_id: str) -> Rows:
    """Return each exposed element with the first row it was found in."""
    found = _rows(
        case,
        f"SELECT * FROM {case.read(PERSON_ELEMENTS)} WHERE person_id = ? ORDER BY element",
        person_id,
    )
    wanted = sorted(
        {int(str(r["first_record_id"])) for r in found if r["first_record_id"] is not None}
    )
    places = {p.pop("record_id"): p for p in _places(case, wanted)}
    return [{**r, **places.get(r["first_record_id"], {})} for r in found]


def _places(case: Case, records: list[int]) -> Rows:
    """Return where in the evidence records stand."""
    if not records:
        return []
    return _rows(
        case,
        f"""SELECT r.record_id, {_PLACE_SQL}
        FROM {case.read(RECORDS)} AS r JOIN {case.read(ITEMS)} AS i USING (item_id)
        JOIN {case.read(EXHIBITS)} AS e ON e.exhibit_id = i.exhibit_id
        WHERE r.record_id IN ({", ".join(map(str, records))})""",
    )


def _duty(case: Case, person_id: str) -> dict[str, object] | None:
    """Return the duty group of a person, with what is owed for it and why."""
    found = _rows(
        case,
        f"""SELECT g.* FROM {case.read(PERSON_GROUPS)} AS m JOIN {case.read(DUTY_GROUPS)} AS g USING (group_id)
        WHERE m.person_id = ?""",
        person_id,
    )
    if not found:
        return None
    owed = _rows(
        case,
        f"""SELECT duty_id, jurisdiction, answer, due_on, standard, from_event, stage, why, source, confidence, warnings
        FROM {case.read(DUTIES)} WHERE group_id = ? ORDER BY due_on NULLS LAST, jurisdiction""",
        str(found[0]["group_id"]),
    )
    return {**{k: v for k, v in found[0].items() if v not in (None, [], "")}, "duties": owed}


def deliveries(case: Case, person_id: str) -> Rows:
    """Return what became of each sealed notice of a person: seal, channel, state, when."""
    rows = seals.all_rows(case)
    if rows is None:
        return []
    ids = [person_id, *earlier_ids(case, person_id)]
    marks = ", ".join("?" for _ in ids)
    sealed = _rows(
        case,
        f"""SELECT notice_id, person_id, sealed_in, edition, kind, channel, ordinal, variant, elements
        FROM {rows} WHERE person_id IN ({marks}) ORDER BY edition""",
        *ids,
    )
    open_outbox(case)  # makes its tables
    return [{**n, **_state_of(case, n)} for n in sealed]


def _state_of(case: Case, notice: Mapping[str, object]) -> dict[str, object]:
    """Return state and time of one sealed notice: its own row, else that of its batch, else sealed."""
    own = sa.select(PIECES.c.state, PIECES.c.detail, PIECES.c.at).where(
        PIECES.c.notice_id == notice["notice_id"]
    )
    place = int(str(notice["ordinal"]))
    batch = sa.select(BATCHES.c.state, BATCHES.c.at).where(
        BATCHES.c.seal_id == notice["sealed_in"],
        BATCHES.c.channel == notice["channel"],
        BATCHES.c.first <= place,
        BATCHES.c.first + BATCHES.c.n_notices > place,
        BATCHES.c.first >= 0,
    )
    with case.register.connect() as connection:
        found = connection.execute(own).mappings().first()
        if found is not None:
            return {"state": found["state"], "detail": found["detail"], "at": found["at"]}
        sent = connection.execute(batch).mappings().first()
    if sent is None:
        return {"state": "sealed", "detail": "not sent yet", "at": ""}
    return {
        "state": "accepted" if sent["state"] == "settled" else "on its way",
        "detail": "",
        "at": sent["at"],
    }


def earlier_ids(case: Case, person_id: str) -> list[str]:
    """Return the ids of earlier runs that became part of this person."""
    if not case.has(PERSON_CHANGES):
        return []
    found = case.engine.arrow(
        f"""WITH RECURSIVE path AS (
            SELECT CAST(? AS VARCHAR) AS id UNION
            SELECT c.old_person_id FROM path AS p JOIN {case.read(PERSON_CHANGES)} AS c
            ON c.new_person_id = p.id AND c.kind = 'merged'
        ) SELECT id FROM path WHERE id <> ? ORDER BY id LIMIT 50""",
        [person_id, person_id],
    )
    return [str(i) for i in found.column(0).to_pylist()]


def decisions_about(case: Case, person_id: str, records: list[int]) -> Rows:
    """Return every decision on a person or their records, the latest first, those taken back included."""
    about = [f'%"{person_id}"%', *(f"%{r}%" for r in records[:50])]
    query = (
        sa.select(DECISIONS)
        .where(sa.or_(*(DECISIONS.c.subject.like(text) for text in about)))
        .order_by(DECISIONS.c.seq.desc())
        .limit(100)
    )
    with case.register.connect() as connection:
        return [dict(r) for r in connection.execute(query).mappings()]
