"""What each card shows: read from the tables of the last run, masked."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from amends.console.base import Missing
from amends.console.review.base import SEEN, Card, Choice
from amends.kernel.case import Case
from amends.kernel.schema import Table
from amends.notices import OVERRULED
from amends.report.comparison import compare_records
from amends.report.explain import mask
from amends.report.preview import finding_preview
from amends.report.queues import QUEUES, rows_sql
from amends.tables.custody import EXCEPTIONS, EXHIBITS, ITEMS
from amends.tables.duties import DUTIES, DUTY_GROUPS
from amends.tables.elements import COLUMNS, FINDINGS, LINKS, RECORDS, UNATTRIBUTED
from amends.tables.notices import NOTICES
from amends.tables.persons import CONFLICTS, PERSON_ELEMENTS, PERSONS
from amends.taxonomy.elements import elements

Row = dict[str, object]

SSN_MATTERS = (
    "ssn_shared",
    "ssn_of_relative",
    "ssn_of_another",
    "ssn_differs",
    "ssn_and_birth_differ",
)


def card_of(case: Case, queue: str, card: str, *, reveal: bool = False) -> Card:
    """Return one card.

    Raises:
        Missing: There is no such card in the last run.
    """
    return _CARDS[queue](case, card, reveal)


def one(case: Case, table: Table, where: str, *values: object) -> Row:
    """Return the row of a table that a condition names.

    Raises:
        Missing: There is none.
    """
    found = rows(case, f"SELECT * FROM {case.read(table)} WHERE {where}", *values)
    if not found:
        raise Missing(
            "This card is not there any more",
            remedy="a run has settled it, or the evidence was read anew: go back to the queue",
        )
    return found[0]


def rows(case: Case, sql: str, *values: object) -> list[Row]:
    """Return the rows of a query."""
    return [dict(r) for r in case.engine.arrow(sql, list(values)).to_pylist()]


def path_of(case: Case, item_id: object) -> str:
    """Return where an item lies, exhibit first."""
    found = rows(
        case,
        f"""SELECT e.path, i.inner_path FROM {case.read(ITEMS)} AS i JOIN {case.read(EXHIBITS)} AS e USING (exhibit_id)
        WHERE i.item_id = ?""",
        item_id,
    )
    return " › ".join(str(p) for p in found[0].values() if p) if found else str(item_id)


def in_letters(element: object) -> str:
    """Return what letters call an element."""
    known = elements().get(str(element))
    return known.names["en", "singular"] if known else str(element).replace("_", " ")


def _column(case: Case, card: str, reveal: bool) -> Card:
    item_id, _, column = card.partition(" ")
    row = one(case, COLUMNS, 'item_id = ? AND "column" = ?', item_id, column)
    beside = rows(
        case,
        f'SELECT "column", element, part, confidence FROM {case.read(COLUMNS)} WHERE item_id = ? ORDER BY position',
        item_id,
    )
    element = row["element"]
    n = int(str(row["n_values"] or 0))
    name = in_letters(element) if element else ""
    other = Choice(
        "other",
        "Another element",
        "2",
        "The values are read as the element chosen.",
        asks="element",
    )
    none = Choice(
        "none", "Nothing personal", "0", f"{n:,} values are no longer read as personal.", "bad"
    )
    keep = Choice("keep", f"It is: {name}", "1", f"{n:,} values stay {name}.", "main")
    nothing = Choice("none", "Nothing personal", "1", "Nothing changes.", "main")
    choices = (keep, none, other) if element else (nothing, other)
    return Card(
        "columns", card, f"Column “{column}”", ", ".join(_texts(row["evidence"])),
        f"used as {in_letters(element)}" if element else "not used",
        "review/column.html",
        {**row, "path": path_of(case, item_id), "beside": beside, "name": name},
        choices, can_reveal=True,
    )  # fmt: skip


def _tie(case: Case, card: str, reveal: bool) -> Card:
    row = one(case, CONFLICTS, "conflict_id = ?", card)
    records = [int(r) for r in _texts(row["records"])]
    found = compare_records(case, records, reveal=reveal)
    persons = [s.person_id for s in found.sides]
    together = len(set(persons)) == 1
    choices = [
        Choice("merge", "Merge: one person", "m",
               "They stay one person." if together else "They become one person, who gets one notice.",
               "main"),
        Choice("keep_apart", "Keep apart", "s",
               "They become different people, each with their own notice." if together
               else "They stay different people."),
        Choice("settled", "May stand as it is", "1", "Nothing changes; a notice it held may go."),
    ]  # fmt: skip
    if row["kind"] in SSN_MATTERS:
        choices += [
            Choice(f"not_theirs {side.record_id}", f"The SSN is not that of record {number}", str(number + 1),
                   "This person is not told of this SSN.")
            for number, side in enumerate(found.sides[:8], 1) if "ssn" in side.elements
        ]  # fmt: skip
    return Card(
        "ties", card, str(row["kind"]).replace("_", " ").capitalize(), str(row["why"]), str(row["suggestion"]),
        "review/tie.html", {**row, "comparison": found}, tuple(choices), can_reveal=True,
    )  # fmt: skip


def _finding(case: Case, card: str, reveal: bool) -> Card:
    row = one(case, FINDINGS, "finding_id = ?", card)
    name = in_letters(row["element"])
    tied = row["record_id"] is not None
    return Card(
        "findings", card, f"{name.capitalize()} in a document", ", ".join(_texts(row["evidence"])),
        "counted as exposed of the person it is tied to" if tied else "tied to nobody",
        "review/finding.html",
        {**row, "path": path_of(case, row["item_id"]), "name": name,
         "preview": finding_preview(case, card, reveal=True) if reveal else None},
        (
            Choice("right", f"Right: {name}", "1", "Nothing changes; the finding is confirmed.", "main"),
            Choice("wrong", "Wrong", "2",
                   "The person is no longer told of it, once every finding of it in the record is called wrong."
                   if tied else "Nothing changes: it is tied to nobody.", "bad"),
            Choice("other", "Another element", "3",
                   "The one it is instead is added to the record: its person is told of it.", asks="element"),
        ),
        can_reveal=True,
    )  # fmt: skip


def _exception(case: Case, card: str, reveal: bool) -> Card:
    row = one(case, EXCEPTIONS, "exception_id = ?", card)
    where = path_of(case, row["item_id"]) if row["item_id"] else str(row["inner_path"])
    out = "It counts as settled, with this word in the report."
    return Card(
        "exceptions", card, str(row["reason"]).replace("_", " ").capitalize(),
        "the whole item is lost" if row["whole"] else "a part of the item is lost", "open, and listed in the report",
        "review/facts.html",
        {"rows": {"where": where, "place": row["place"], "exhibit": row["exhibit_id"], "remedy": row["remedy"],
                  "disposition": row["disposition"]}},
        (
            Choice("asked_custodian", "Custodian is asked", "1", out),
            Choice("replaced", "Replaced by another exhibit", "2", out),
            Choice("not_needed", "Holds nothing personal", "3", out),
            Choice("cannot_be_read", "Cannot be read at all", "4", out, "bad"),
            Choice("word", "Another word", "5", out, asks="word"),
        ),
        remedy=str(row["remedy"] or ""),
    )  # fmt: skip


def _link(case: Case, card: str, reveal: bool) -> Card:
    row = one(case, LINKS, "link_id = ?", card)
    n = int(str(row["n_linked"] or 0))
    return Card(
        "links", card, f"{row['from_column']} → {row['to_column']}",
        f"only {100 * float(str(row['containment'])):.0f} of 100 keys are found in the other table",
        "used" if row["in_use"] else "not used", "review/facts.html",
        {"rows": {
            "from": path_of(case, row["from_item_id"]), "from column": row["from_column"],
            "to": path_of(case, row["to_item_id"]), "to column": row["to_column"],
            "grounds": row["grounds"], "keys found": _per_cent(row["containment"]),
            "keys that occur once": _per_cent(row["uniqueness"]), "rows tied by it": row["n_linked"]}},
        (
            Choice("use", "Use it", "1", f"{n:,} rows stay tied to their people.", "main"),
            Choice("ignore", "Ignore it", "2", f"{n:,} rows lose their people, unless another key ties them.", "bad"),
        ),
    )  # fmt: skip


def _judgement(case: Case, card: str, reveal: bool) -> Card:
    row = one(case, DUTY_GROUPS, "group_id = ?", card)
    n = int(str(row["n_persons"] or 0))
    due = rows(case, f"SELECT * FROM {case.read(DUTIES)} WHERE group_id = ? ORDER BY due_on", card)
    people = f"{n:,} people" if n != 1 else "1 person"
    return Card(
        "judgements", card, f"{row['residence'] or 'Unknown residence'}: {people}", str(row["why"] or ""),
        "they are told" if row["tell"] else "they wait", "review/judgement.html", {**row, "duties": due},
        (
            Choice("tell", "Tell them", "1", f"{people} get a notice.", "main"),
            Choice("hold", "Do not tell", "2", f"{people} get no notice.", "bad"),
        ),
    )  # fmt: skip


_REASON_WORDS = ("litigation_hold", "sealed_address", "law_enforcement", "wrong_person")


def _held_notice(case: Case, card: str, reveal: bool) -> Card:
    row = one(case, NOTICES, "person_id = ? AND len(quarantine) > 0", card)
    reasons = _texts(row["quarantine"])
    person = one(case, PERSONS, "person_id = ?", card)
    hold = [
        Choice(word, word.replace("_", " ").capitalize(), str(n), "The notice is held for this reason.")
        for n, word in enumerate(_REASON_WORDS, 2)
    ]  # fmt: skip
    free = all(r in OVERRULED for r in reasons)
    ours = [
        r
        for r in reasons
        if r not in OVERRULED and r.replace("_", "").isalpha() and r not in _MENDED
    ]
    if free or ours:
        hold.insert(
            0, Choice("release", "Release it", "1", "The notice goes into the next seal.", "main")
        )
    names = ("name", "street", "city", "state", "zip", "email", "residence", "status")
    shown = {
        k: v if reveal else mask(k, v) for k, v in person.items() if k in names and v is not None
    }
    return Card(
        "held", card, "Held notice", "; ".join(r.replace("_", " ") for r in reasons), "held",
        "review/facts.html",
        {"rows": {"person": card, **shown, "channel": row["channel"], "language": row["language"],
                  "due on": row["due_on"], "elements": row["elements"]}, "person_id": card},
        (*hold, Choice("word", "Hold, for another reason", "6", "The notice is held for this reason.", asks="word")),
        remedy="" if free or ours else "; ".join(_MENDED.get(r.split(":")[0], _MEND) for r in reasons),
        can_reveal=True,
    )  # fmt: skip


_MEND = "mend the cause, then run again"
_MENDED: Mapping[str, str] = {
    "no_address": "add a roster that knows the address, then run again",
    "no_name": "add a roster that knows the name, then run again",
    "overflow": "name or address do not fit the envelope: mend them in a roster, then run again",
    "unprintable": "name or address hold signs that cannot be printed: mend them in a roster, then run again",
    "letter_refused": "complete the facts of the case in case.toml, then run again",
}


def _delivery(case: Case, card: str, reveal: bool) -> Card:
    row = one(case, NOTICES, "notice_id = ?", card)
    lost = rows_sql(case, QUEUES["deliveries"])
    listed = rows(case, f"SELECT label, why FROM ({lost}) AS lost WHERE card = ?", card)
    state = str(listed[0]["label"]) if listed else "accepted"
    facts = {
        "notice": card, "person": row["person_id"], "channel": row["channel"], "state": state,
        "detail": listed[0]["why"] if listed else "", "seal": row["sealed_in"], "due on": row["due_on"],
    }  # fmt: skip
    choices: tuple[Choice, ...] = (SEEN,)
    remedy = "add a roster with a newer address; the person was told once and is not told again by itself"
    if state == "unknown":
        remedy = ""
        choices = (
            Choice("arrived", "It arrived", "1", "It counts as delivered; it is not sent again.", "main"),
            Choice("resend", "Send it again", "2", "The next sending sends it once more.", "bad"),
        )  # fmt: skip
    return Card(
        "deliveries", card, f"Notice {state}", f"the {row['channel']} channel says: {state}",
        "not sent again", "review/facts.html", {"rows": facts, "person_id": row["person_id"]}, choices, remedy,
    )  # fmt: skip


def _without_person(case: Case, card: str, reveal: bool) -> Card:
    item_id, _, reason = card.partition(" ")
    found = rows(
        case,
        f"SELECT * FROM {case.read(UNATTRIBUTED)} WHERE item_id = ? AND reason = ?", item_id, reason,
    )  # fmt: skip
    if not found:
        raise Missing("This card is not there any more", remedy="go back to the queue")
    held = sorted({e for r in found for e in _texts(r["elements"])})
    remedy = str(found[0]["remedy"] or "")
    return Card(
        "unattributed", card, reason.replace("_", " ").capitalize(), "no person could be made out",
        "counted, and in no notice", "review/facts.html",
        {"rows": {"where": path_of(case, item_id), "records": sum(int(str(r["n_records"])) for r in found),
                  "elements": held, "remedy": remedy}},
        (), remedy,
    )  # fmt: skip


def person_card(case: Case, person_id: str, *, reveal: bool = False) -> Mapping[str, object]:
    """Return what a reviewer of a sample sees of a person: itself, its records, what was exposed and where first."""
    person = one(case, PERSONS, "person_id = ?", person_id)
    exposed = rows(
        case,
        f"""SELECT p.element, p.possible, p.secured, p.n_records, r.item_id, p.first_record_id
        FROM {case.read(PERSON_ELEMENTS)} AS p LEFT JOIN {case.read(RECORDS)} AS r ON r.record_id = p.first_record_id
        WHERE p.person_id = ? ORDER BY p.element""",
        person_id,
    )
    for row in exposed:
        row["source"] = path_of(case, row.pop("item_id"))
    return {
        "person": {k: v if reveal else mask(k, v) for k, v in person.items() if v not in (None, [], "")},
        "elements": exposed,
    }  # fmt: skip


def _texts(value: object) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else []


def _per_cent(value: object) -> str:
    return f"{100 * float(str(value or 0)):.0f} of 100"


_CARDS: Mapping[str, Callable[[Case, str, bool], Card]] = {
    "columns": _column,
    "ties": _tie,
    "findings": _finding,
    "exceptions": _exception,
    "links": _link,
    "judgements": _judgement,
    "held": _held_notice,
    "deliveries": _delivery,
    "unattributed": _without_person,
}
