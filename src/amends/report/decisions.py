"""What waits for a person, one line each with the command that settles it; and what can be decided at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from amends.kernel.case import Case
from amends.kernel.errors import UsageError
from amends.notices import OVERRULED
from amends.report.funnel import DOUBTFUL, decided
from amends.tables.custody import EXCEPTIONS
from amends.tables.duties import DUTY_GROUPS
from amends.tables.elements import COLUMNS, LINKS
from amends.tables.notices import NOTICES
from amends.tables.persons import CONFLICTS
from amends.taxonomy.elements import elements


@dataclass(frozen=True)
class Kind:
    """A kind of decision.

    Attributes:
        name: As the command line takes it.
        subject: Names of the words that say what it is about; a name ending in … takes the rest.
        choices: What may be chosen; empty for free text.
        means: What it does.
        is_day: Whether the choice is a day.
    """

    name: str
    subject: tuple[str, ...]
    choices: tuple[str, ...]
    means: str
    is_day: bool = False


KINDS: Mapping[str, Kind] = {
    k.name: k
    for k in (
        Kind("merge", ("records…",), ("merge",), "These records are one person."),
        Kind("keep_apart", ("records…",), ("keep_apart",), "These records are different people."),
        Kind(
            "not_theirs",
            ("record_id", "element"),
            ("not_theirs",),
            "This element of this record is not the person's.",
        ),
        Kind(
            "theirs",
            ("record_id", "element"),
            ("theirs",),
            "This record holds this element too, though it was not found.",
        ),
        Kind("column", ("item_id", "column"), ("none", *elements()), "What a column holds."),
        Kind("link", ("link_id",), ("use", "ignore"), "Whether a key between tables is used."),
        Kind(
            "residence", ("person_id",), (), "Where a person lives: a jurisdiction such as US-CA."
        ),
        Kind(
            "status",
            ("person_id",),
            ("adult", "minor", "deceased", "business"),
            "What a person is.",
        ),
        Kind(
            "conflict",
            ("conflict_id",),
            ("settled",),
            "A conflict was looked at and may stand as it is.",
        ),
        Kind(
            "judgement",
            ("group_id",),
            ("tell", "hold"),
            "Whether a duty group that needs judgement is told.",
        ),
        Kind(
            "quarantine", ("person_id",), (), "release, or the reason for which a notice is held."
        ),
        Kind("exception", ("exception_id",), (), "What was done about something unreadable."),
        Kind(
            "attacker",
            ("what",),
            ("attacker",),
            "This address, account, event (V…) or step (H…) is the intruder's.",
        ),
        Kind(
            "not_attacker",
            ("what",),
            ("not_attacker",),
            "This address, account, event (V…) or step (H…) is not the intruder's.",
        ),
        Kind(
            "accept_gap",
            ("gap_id",),
            (),
            "A gap of the review is accepted until a day, such as 2026-12-31; after it, it is not met again.",
            is_day=True,
        ),
        Kind(
            "proof",
            ("rule_id", "exhibit_id"),
            ("met", "not_met"),
            "This exhibit proves whether a safeguard stands that no evidence of the breach can show.",
        ),
        Kind(
            "delivery",
            ("notice_id",),
            ("arrived", "resend"),
            "What became of a notice whose delivery is unknown.",
        ),
    )
}


def settle(case: Case, kind: str, words: tuple[str, ...], choice: str, note: str) -> str:
    """Record a decision and return its id.

    Args:
        case: The case.
        kind: One of ``KINDS``.
        words: What it is about, in the order of the kind's subject.
        choice: What is chosen; may be left empty where there is only one choice.
        note: Why.

    Raises:
        UsageError: Unknown kind, wrong number of words, a choice that is not offered.
    """
    known = KINDS.get(kind.replace("-", "_"))
    if known is None:
        raise UsageError(
            f"There is no decision of the kind {kind!r}", remedy="kinds are: " + " ".join(KINDS)
        )
    chosen = choice or (known.choices[0] if len(known.choices) == 1 else "")
    if not chosen or (known.choices and chosen not in (*known.choices, "undo")):
        offered = ", ".join(known.choices[:12]) or "a word of your own"
        raise UsageError(
            f"A decision of the kind {kind} needs a choice", remedy=f"give --choose with: {offered}"
        )
    if known.is_day and chosen != "undo":
        _require_day(known, chosen)
    return case.decide(known.name, _subject(known, words), chosen, note).decision_id


def _require_day(kind: Kind, chosen: str) -> None:
    try:
        date.fromisoformat(chosen)
    except ValueError as error:
        raise UsageError(
            f"A decision of the kind {kind.name} is chosen by a day",
            remedy="give --choose with a day such as 2026-12-31",
        ) from error


def _subject(kind: Kind, words: tuple[str, ...]) -> dict[str, object]:
    if kind.subject[0].endswith("…"):
        if len(words) < 2:
            raise UsageError(f"A decision of the kind {kind.name} needs at least two records")
        return {"records": sorted(_number(w) for w in words)}
    if len(words) != len(kind.subject):
        raise UsageError(
            f"A decision of the kind {kind.name} is about: " + " ".join(kind.subject).upper()
        )
    return {
        name: _number(word) if name == "record_id" else word
        for name, word in zip(kind.subject, words, strict=True)
    }


def _number(word: str) -> int:
    try:
        return int(word)
    except ValueError as error:
        raise UsageError(
            f"{word[:30]!r} is not a record id", remedy="record ids are whole numbers"
        ) from error


def open_questions(case: Case, limit: int) -> list[dict[str, object]]:
    """Return what waits: kind, subject, why it waits, what Amends does meanwhile, the command that settles it."""
    made: list[dict[str, object]] = []
    known = {
        "conflicts": decided(case, "conflict", "conflict_id"),
        "judgements": decided(case, "judgement", "group_id"),
        "overruled": "[" + ", ".join(f"'{reason}'" for reason in OVERRULED) + "]",
    }
    for table, sql in _QUESTIONS:
        if case.has(table):
            asked = sql.format(t=case.read(table), limit=int(limit), **known)
            made.extend(case.engine.arrow(asked).to_pylist())
    return made


_QUESTIONS = (
    (
        CONFLICTS,
        """SELECT 'conflict' AS kind, conflict_id AS subject, why, suggestion AS meanwhile,
                  'keep_apart ' || array_to_string(records[1:2], ' ')
                  || '   (or merge; or: conflict ' || conflict_id || ')' AS settle
           FROM {t} WHERE conflict_id NOT IN (SELECT conflict_id FROM {conflicts})
           ORDER BY blocks_notice DESC, kind, conflict_id LIMIT {limit}""",
    ),
    (
        COLUMNS,
        f"""SELECT 'column' AS kind, item_id || ' ' || "column" AS subject,
                  'taken for ' || element || ' with confidence ' || round(confidence, 2) AS why,
                  'used as ' || element AS meanwhile,
                  'column ' || item_id || ' "' || replace("column", '"', '\\"') || '" --choose ELEMENT' AS settle
           FROM {{t}} WHERE element IS NOT NULL AND decided_by = 'rule' AND confidence < {DOUBTFUL}
           ORDER BY n_values DESC LIMIT {{limit}}""",
    ),
    (
        LINKS,
        f"""SELECT 'link' AS kind, link_id AS subject,
                  'only ' || round(100 * containment) || ' of 100 keys are found in the other table' AS why,
                  'used' AS meanwhile, 'link ' || link_id || ' --choose ignore' AS settle
           FROM {{t}} WHERE in_use AND decided_by = 'rule' AND containment < {DOUBTFUL}
           ORDER BY n_linked DESC LIMIT {{limit}}""",
    ),
    (
        DUTY_GROUPS,
        """SELECT 'judgement' AS kind, group_id AS subject, why,
                  CASE WHEN tell THEN 'they are told' ELSE 'they wait' END AS meanwhile,
                  'judgement ' || group_id || ' --choose tell' AS settle
           FROM {t} WHERE notify = 'needs_judgement' AND group_id NOT IN (SELECT group_id FROM {judgements})
           ORDER BY n_persons DESC LIMIT {limit}""",
    ),
    (
        NOTICES,
        """SELECT 'quarantine' AS kind, person_id AS subject, array_to_string(quarantine, ' ') AS why,
                  'held' AS meanwhile,
                  CASE WHEN len(list_filter(quarantine, r -> list_contains({overruled}, r))) = len(quarantine)
                       THEN 'quarantine ' || person_id || ' --choose release'
                       ELSE 'mend the cause, then run again' END AS settle
           FROM {t} WHERE len(quarantine) > 0 ORDER BY why, person_id LIMIT {limit}""",
    ),
    (
        EXCEPTIONS,
        """SELECT 'exception' AS kind, exception_id AS subject, reason || ' ' || inner_path AS why,
                  remedy AS meanwhile, 'exception ' || exception_id || ' --choose WORD' AS settle
           FROM {t} WHERE disposition = 'open' ORDER BY whole DESC, exception_id LIMIT {limit}""",
    ),
)
