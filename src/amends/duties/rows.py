"""An answer as rows of the tables ``duty_groups`` and ``duties``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from amends.duties.answer import (
    JUDGEMENT,
    Answer,
    BureauAnswer,
    GroupAnswer,
    RegulatorAnswer,
)
from amends.duties.clocks import Due
from amends.duties.facts import Facts, Verdict
from amends.kernel import clock, ids
from amends.taxonomy import offices

_RANK = ("memory_unverified", "unmarked", "one_source", "two_or_more_sources")

_TOLD = ("relief shown", "personal_information", "individual_notice", "regulator_notice", "log-in")
"""Remarks of a law file that belong to the reasoning of a group; the rest stand in ``explain``."""

Row = dict[str, object]


@dataclass(frozen=True)
class GroupKey:
    """A distinct combination on which the law's answer depends; the key columns of duty_groups."""

    group_id: str
    residence: str
    elements: list[str]
    possible: list[str]
    secured: list[str]
    status: str
    owner: str
    accessed: bool
    acquired: bool
    n_persons: int


@dataclass(frozen=True)
class Policy:
    """What the case decided about open questions.

    Attributes:
        tell_in_doubt: Whether judgement means telling until somebody decides.
        hold_unknown_residence: Whether people of unknown residence wait.
        target_from: Day the case's own target runs from.
        target_days: Own target in days where the law gives no number.
        decided: Choice by group id or jurisdiction: tell, required, not_required or hold.
    """

    tell_in_doubt: bool
    hold_unknown_residence: bool
    target_from: date | None
    target_days: int
    decided: Mapping[str, str]


@dataclass(frozen=True)
class Determination:
    """Rows of ``duty_groups`` and of ``duties``."""

    groups: list[Row]
    duties: list[Row]


def determination(
    answer: Answer, facts: Facts, groups: Iterable[GroupKey], policy: Policy, sure: str
) -> Determination:
    """Return the rows for an answer.

    Args:
        answer: What the law asks.
        facts: The facts it was asked with.
        groups: The groups, by the id under which they were asked.
        policy: What the case decided.
        sure: Ending of the id under which a group was asked without its possible elements.
    """
    given = {g.group: g for g in answer.groups}
    made, duties = [], []
    for key in groups:
        found, without = given[key.group_id], given.get(key.group_id + sure)
        verdict = found.notify
        if without is not None and without.notify is False and verdict is True:
            verdict = None
        row = _group_row(key, found, verdict, policy)
        made.append(row)
        if verdict is not False:
            duties += list(_person_duties(key, found, row))
    duties += [_authority_row(r) for r in (*answer.regulators, *answer.partners)]
    duties += [row for b in answer.bureaus for row in _bureau_rows(b)]
    duties += list(_customer_rows(answer))
    duties.sort(key=lambda r: str(r["duty_id"]))
    return Determination(sorted(made, key=lambda r: str(r["group_id"])), duties)


def _word(verdict: Verdict) -> str:
    return {True: "required", False: "not_required", None: JUDGEMENT}[verdict]


def _tell(key: GroupKey, verdict: Verdict, found: GroupAnswer, policy: Policy) -> bool:
    """Say whether the people of a group are told: a decision first, then law, then policy."""
    choice = policy.decided.get(key.group_id) or policy.decided.get(key.residence)
    if choice and verdict is not True:
        return choice in ("tell", "required")
    if not key.residence and policy.hold_unknown_residence:
        return False
    if verdict is None:
        return policy.tell_in_doubt
    return verdict


def _group_row(key: GroupKey, found: GroupAnswer, verdict: Verdict, policy: Policy) -> Row:
    tell = _tell(key, verdict, found, policy)
    due_on = found.due.on if found.due else None
    target = due_on
    if due_on is None and policy.target_from and tell:
        target = policy.target_from + timedelta(days=policy.target_days)
    marks = [r.confidence for r in found.reasons]
    why = [f"{r.rule}: {r.reasoning}" for r in found.reasons]
    if verdict is None and found.notify is True:
        why.insert(0, "only malformed values of a decisive element were found: a person must judge")
    if choice := policy.decided.get(key.group_id) or policy.decided.get(key.residence):
        why.insert(0, f"decided: {choice}")
    return {
        **key.__dict__,
        "residence": key.residence or None,
        "notify": _word(verdict),
        "tell": tell,
        "due_on": due_on,
        "standard": found.due.standard if found.due else None,
        "target_on": target,
        "id_protection_months": found.id_protection_months or 0,
        "content": list(found.content),
        "forbidden": list(found.forbidden),
        "format": list(found.format),
        "methods": list(found.methods),
        "jurisdictions": list(found.jurisdictions),
        "why": "\n".join((*why, *(r for r in found.remarks if r.startswith(_TOLD)))),
        "sources": list(dict.fromkeys(r.source for r in found.reasons)),
        "confidence": weakest(marks),
    }


def weakest(marks: Iterable[str]) -> str:
    """Return the weakest of confidence marks; unmarked when there is none."""
    return min(marks, key=_RANK.index, default="unmarked")


def _person_duties(key: GroupKey, found: GroupAnswer, row: Row) -> Iterable[Row]:
    """Yield the notice a group is owed by its own law, and by each sector rule."""
    due = found.due or Due(None, None, "", None, "", "")
    named = [o.overlay for o in found.overlays]
    states = [j for j in found.jurisdictions if j not in named]
    if states or not named:
        jurisdiction = key.residence or (states[0] if len(states) == 1 else "UNKNOWN")
        yield _row(
            jurisdiction, "person", "", str(row["notify"]), due, key.n_persons,
            why=str(row["why"]).split("\n", 1)[0], source="; ".join(_texts(row["sources"])[:1]),
            confidence=str(row["confidence"]), group_id=key.group_id,
        )  # fmt: skip
    for o in found.overlays:
        if o.notify is not False:
            yield _row(
                o.overlay, "person", "", _word(o.notify), o.due, key.n_persons,
                why=o.why, source=o.source, confidence=o.confidence,
                group_id=key.group_id, stage=f"text {o.version}" if o.version else "",
            )  # fmt: skip


def _texts(value: object) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else []


def _authority_row(answer: RegulatorAnswer) -> Row:
    return _row(
        answer.jurisdiction, answer.kind, answer.to, _word(answer.required), answer.due,
        answer.count, why=answer.why, source=answer.source, confidence=answer.confidence,
        stage=answer.stage, more=answer.remarks,
    )  # fmt: skip


def _bureau_rows(answer: BureauAnswer) -> Iterable[Row]:
    """Yield one notice for each nationwide credit bureau."""
    for agency in offices.offices()["consumer_reporting_agencies"]:
        yield _row(
            answer.jurisdiction, "bureau", agency["id"], _word(answer.required), answer.due,
            answer.count, why=answer.why, source=answer.source, confidence=answer.confidence,
        )  # fmt: skip


def _customer_rows(answer: Answer) -> Iterable[Row]:
    """Yield what the carrier rule says of customers, text by text; a text not in force is no duty."""
    agency = next((r for r in answer.regulators if r.jurisdiction == "US-FED-FCC"), None)
    if agency is None:
        return
    asked = any(o.overlay == "US-FED-FCC" for g in answer.groups for o in g.overlays)
    for name, value in answer.customers.items():
        if name.endswith("_by") and isinstance(value, str):
            due = Due(date.fromisoformat(value), None, "reasonable_determination", None, "", "")
            stage, word = f"{name[8:-3]} text, not in force", "not_required"
        elif name.startswith("version_") and "_earliest" not in name and not asked:
            due = Due(None, None, "agency_notice", None, str(value), str(value))
            stage, word = f"{name[8:]} text", JUDGEMENT
        else:
            continue
        yield _row(
            agency.jurisdiction, "person", "CUSTOMERS", word, due, agency.count,
            why=f"carrier rule on customer notice, {stage}", source=agency.source,
            confidence=agency.confidence, stage=stage,
        )  # fmt: skip


def _row(
    jurisdiction: str,
    recipient: str,
    to: str,
    answer: str,
    due: Due,
    n_persons: int,
    *,
    why: str,
    source: str,
    confidence: str,
    group_id: str | None = None,
    stage: str = "",
    more: Iterable[str] = (),
) -> Row:
    key = [jurisdiction, recipient, to, group_id, stage]
    at = due.at.astimezone(UTC) if due.at else None
    if at is None and due.on is not None:
        at = datetime.combine(due.on, time(23, 59, 59), UTC)
    warnings = [*due.remarks, *more]
    if due.on is not None and due.on < clock.now().date():
        warnings.append(f"the last day, {due.on}, has passed")
    return {
        "duty_id": "U" + ids.digest_value(key)[:12],
        "jurisdiction": jurisdiction,
        "recipient": recipient,
        "to": to,
        "group_id": group_id,
        "n_persons": n_persons,
        "answer": answer,
        "due_at": at,
        "due_on": due.on,
        "standard": due.standard or due.rule or None,
        "from_event": due.start or None,
        "stage": stage,
        "order": due.order,
        "why": why,
        "source": source,
        "confidence": confidence,
        "warnings": list(dict.fromkeys(warnings)),
    }
