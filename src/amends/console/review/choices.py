"""What a choice on a card decides: the decisions it makes, in the words of ``report.decisions``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from amends.console.review.cards import one
from amends.kernel.case import Case
from amends.kernel.errors import UsageError
from amends.report.acts import UNDO, Wish, acts, in_force
from amends.report.decisions import KINDS
from amends.tables.elements import COLUMNS, FINDINGS
from amends.tables.persons import CONFLICTS

LONGEST_WORD = 80


def wishes_of(case: Case, queue: str, card: str, choice: str, extra: str) -> list[Wish]:
    """Return the decisions a choice makes; none for what only says that somebody looked.

    Args:
        case: The case.
        queue: The queue.
        card: The card.
        choice: What was pressed.
        extra: The element or word that goes with it.

    Raises:
        UsageError: The choice is not offered there, or its word is missing.
        Missing: There is no such card.
    """
    if choice in ("unsure", "seen", "right"):
        return []
    return _WISHES[queue](case, card, choice, extra.strip())


def _column(case: Case, card: str, choice: str, extra: str) -> list[Wish]:
    item_id, _, column = card.partition(" ")
    element = extra if choice == "other" else choice
    if choice == "keep":
        element = str(
            one(case, COLUMNS, 'item_id = ? AND "column" = ?', item_id, column)["element"]
        )
    if element not in KINDS["column"].choices:
        raise UsageError("Name the element this column holds", remedy="choose it from the list")
    return [Wish("column", (item_id, column), element)]


def _tie(case: Case, card: str, choice: str, extra: str) -> list[Wish]:
    row = one(case, CONFLICTS, "conflict_id = ?", card)
    records = tuple(str(r) for r in row["records"]) if isinstance(row["records"], list) else ()
    if choice == "settled":
        return [Wish("conflict", (card,), "settled")]
    kind, _, record = choice.partition(" ")
    if kind == "not_theirs" and record in records:
        return [Wish("not_theirs", (record, "ssn"), "not_theirs")]
    if choice in ("merge", "keep_apart") and len(records) > 1:
        return [*_overruled(case, choice, records), Wish(choice, records, choice)]
    raise UsageError("That choice is not offered here", remedy="choose one of the buttons")


def _overruled(case: Case, choice: str, records: Sequence[str]) -> list[Wish]:
    """Take the contrary decision on the very same records back, so that not both are in force."""
    contrary = Wish("keep_apart" if choice == "merge" else "merge", tuple(records), UNDO)
    return [contrary] if in_force(case, contrary) else []


def _finding(case: Case, card: str, choice: str, extra: str) -> list[Wish]:
    """Take the element off the record once no finding in it speaks for it any more."""
    row = one(case, FINDINGS, "finding_id = ?", card)
    if choice == "other" and extra not in KINDS["column"].choices:
        raise UsageError("Name the element it is instead", remedy="choose it from the list")
    if row["record_id"] is None:
        return []
    same = case.engine.arrow(
        f"SELECT finding_id FROM {case.read(FINDINGS)} WHERE record_id = ? AND element = ?",
        [row["record_id"], row["element"]],
    )["finding_id"].to_pylist()
    last = {a.card: a.choice for a in acts(case, "findings")}
    wrong = {f for f, said in last.items() if said == "wrong" or said.startswith("other")}
    record = str(row["record_id"])
    instead = [Wish("theirs", (record, extra), "theirs")] if choice == "other" else []
    if set(same) - wrong - {card}:
        return instead
    return [Wish("not_theirs", (record, str(row["element"])), "not_theirs"), *instead]


def _word(kind: str) -> Callable[[Case, str, str, str], list[Wish]]:
    def wish(case: Case, card: str, choice: str, extra: str) -> list[Wish]:
        said = extra if choice == "word" else choice
        word = "_".join(said.lower().split())[:LONGEST_WORD]
        if (
            not word.replace("_", "").isalnum()
            or word == UNDO
            or (choice == "word" and word == "release")
        ):
            raise UsageError(
                "Write the reason as a word or two", remedy="letters, digits and spaces"
            )
        return [Wish(kind, (card,), word)]

    return wish


def _offered(kind: str) -> Callable[[Case, str, str, str], list[Wish]]:
    def wish(case: Case, card: str, choice: str, extra: str) -> list[Wish]:
        return [Wish(kind, (card,), choice)]

    return wish


_WISHES: Mapping[str, Callable[[Case, str, str, str], list[Wish]]] = {
    "columns": _column,
    "ties": _tie,
    "findings": _finding,
    "exceptions": _word("exception"),
    "links": _offered("link"),
    "judgements": _offered("judgement"),
    "held": _word("quarantine"),
    "deliveries": _offered("delivery"),
}
