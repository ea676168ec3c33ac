"""The answer of an evaluation, as frozen values and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from amends.duties.clocks import Due
from amends.duties.covered import Reason
from amends.duties.facts import Verdict
from amends.duties.rules import Relief

JUDGEMENT = "needs_judgement"


@dataclass(frozen=True)
class SubstituteAnswer:
    """Whether notice by publication is open for a jurisdiction, on what grounds, and its parts."""

    by_count: bool
    by_cost: bool
    by_contact: bool
    components: tuple[str, ...]
    components_rule: str
    persons_over: int | None
    cost_over_usd: int | None
    shown_to: str
    note: str

    @property
    def allowed(self) -> bool:
        """Say whether any ground holds."""
        return self.by_count or self.by_cost or self.by_contact


@dataclass(frozen=True)
class Document:
    """Something to be written down and kept, or shown on request."""

    jurisdiction: str
    what: str
    retain_years: int
    source: str


@dataclass(frozen=True)
class OverlayNotice:
    """What a sector or foreign rule asks for a group, beside the state's law."""

    overlay: str
    notify: Verdict
    due: Due
    content: tuple[str, ...]
    format: tuple[str, ...]
    why: str
    source: str
    confidence: str
    version: str = ""


@dataclass(frozen=True)
class GroupAnswer:
    """What is owed to the people of a group.

    Attributes:
        group: Its name.
        residence: Jurisdiction; empty when unknown.
        count: People in it.
        notify: Yes, no, or None for judgement.
        tell: Whether they are told unless somebody decides otherwise.
        due: The deadline; null when no notice is owed.
        id_protection_months: Months owed; null for none.
        content: Content codes the notice must carry.
        forbidden: Content codes it must not carry.
        format: Format codes.
        methods: Ways that count as notice.
        method_note: What to mind about the way; empty for nothing.
        substitute: Notice by publication.
        documents: What must be written down.
        reliefs: Regimes the law accepts and the entity names; shown, not applied.
        jurisdictions: Laws that reach the group.
        overlays: What sector rules add.
        reasons: The reasoning.
        remarks: Conflicts, stand-ins, warnings.
    """

    group: str
    residence: str
    count: int
    notify: Verdict
    tell: bool
    due: Due | None
    id_protection_months: int | None
    content: tuple[str, ...]
    forbidden: tuple[str, ...]
    format: tuple[str, ...]
    methods: tuple[str, ...]
    method_note: str
    substitute: SubstituteAnswer | None
    documents: tuple[Document, ...]
    reliefs: tuple[Relief, ...]
    jurisdictions: tuple[str, ...]
    overlays: tuple[OverlayNotice, ...]
    reasons: tuple[Reason, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class RegulatorAnswer:
    """A notice owed to an authority, the media, or the owner of the data."""

    jurisdiction: str
    to: str
    kind: str
    required: Verdict
    due: Due
    stage: str
    count: int
    threshold: str
    submit: tuple[str, ...]
    why: str
    source: str
    confidence: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class BureauAnswer:
    """A notice owed to the nationwide credit bureaus; ``tell`` is the default under judgement."""

    jurisdiction: str
    required: Verdict
    tell: bool
    due: Due
    hours: int
    count: int
    threshold: str
    why: str
    source: str
    confidence: str


@dataclass(frozen=True)
class Answer:
    """Everything owed in a case.

    Attributes:
        groups: One answer a group, in the order of the facts.
        regulators: Notices to authorities, earliest first.
        partners: Notices to the media and to owners of the data.
        bureaus: Notices to credit bureaus.
        counts: People to be told by jurisdiction.
        law_on: Day whose law was applied.
        customers: Carrier rule on customer notice, both texts; empty for others.
        not_in_force: Rules shown but not applied.
        remarks: What a person must know about the answer as a whole.
    """

    groups: tuple[GroupAnswer, ...]
    regulators: tuple[RegulatorAnswer, ...]
    partners: tuple[RegulatorAnswer, ...]
    bureaus: tuple[BureauAnswer, ...]
    counts: Mapping[str, int]
    law_on: date
    customers: Mapping[str, object] = field(default_factory=dict)
    not_in_force: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def as_json(answer: Answer) -> dict[str, object]:
    """Return an answer as a JSON value with the keys of the worked cases, and ``explain``."""
    reached = {r.jurisdiction for r in answer.regulators}
    told = [b.jurisdiction for b in answer.bureaus if b.tell]
    found: dict[str, object] = {
        "groups": {g.group: _group(g) for g in answer.groups},
        "regulators": [_regulator(r) for r in answer.regulators],
        "no_regulators": [j for j in answer.counts if j not in reached],
        "cra": told,
        "cra_due": {b.jurisdiction: _due_text(b.due) for b in answer.bureaus if b.tell},
        "cra_hours": {b.jurisdiction: b.hours for b in answer.bureaus if b.hours and b.tell},
        "cra_needs_judgement": [b.jurisdiction for b in answer.bureaus if b.required is None],
        "no_cra": [j for j in answer.counts if j not in told],
        "substitute_allowed": _substitutes(answer, allowed=True),
        "substitute_not_by_count": _substitutes(answer, allowed=False),
        "media": [_regulator(r) for r in answer.partners if r.kind == "media"],
        "owners": [_regulator(r) for r in answer.partners if r.kind == "partner"],
        "counts": dict(answer.counts),
        "law_as_of": answer.law_on.isoformat(),
    }
    if answer.customers:
        found["fcc_customers"] = dict(answer.customers)
    found["warnings"] = list(answer.remarks)
    found["explain"] = {
        "groups": {g.group: _explain_group(g) for g in answer.groups},
        "regulators": [_explain(r) for r in (*answer.regulators, *answer.partners)],
        "cra": [_explain_bureau(b) for b in answer.bureaus],
        "not_in_force": list(answer.not_in_force),
    }
    return found


def verdict_json(verdict: Verdict) -> bool | str:
    """Return yes and no as JSON booleans and judgement as its word."""
    return JUDGEMENT if verdict is None else verdict


def day(on: date | None) -> str | None:
    """Return a day as ISO text."""
    return on.isoformat() if on else None


def _due_text(due: Due) -> str | None:
    """Return the last instant where the clock has one, else the last day."""
    return due.at.isoformat() if due.at else day(due.on)


def _group(answer: GroupAnswer) -> dict[str, object]:
    found: dict[str, object] = {
        "notify": verdict_json(answer.notify),
        "by": day(answer.due.on) if answer.due else None,
        "standard": answer.due.standard if answer.due else None,
        "rule": answer.due.rule if answer.due else None,
        "id_protection_months": answer.id_protection_months,
        "content": list(answer.content),
        "content_forbidden": list(answer.forbidden),
        "format": list(answer.format),
        "methods": list(answer.methods),
        "method_note": answer.method_note or None,
        "substitute": _substitute(answer.substitute),
        "jurisdictions": list(answer.jurisdictions),
        "documents": [
            {"what": d.what, "retain_years": d.retain_years or None, "source": d.source}
            for d in answer.documents
        ],
        "deemed_compliance": [
            {
                "regime": r.regime,
                "effect": r.effect,
                "condition": r.condition or None,
                "still_required": list(r.still_required),
                "confidence": r.confidence,
                "applied": False,
            }
            for r in answer.reliefs
        ],
        "overlays": {
            o.overlay + (f"/{o.version}" if o.version else ""): {
                "notify": verdict_json(o.notify),
                "by": day(o.due.on),
                "rule": o.due.rule,
                "content": list(o.content),
                "why": o.why,
            }
            for o in answer.overlays
        },
    }
    if answer.notify is None:
        found["default"] = answer.tell
    if answer.due and answer.due.start:
        found["from"] = answer.due.start
    return found


def _substitute(answer: SubstituteAnswer | None) -> dict[str, object] | None:
    if answer is None:
        return None
    grounds = [
        name
        for name, holds in (
            ("persons", answer.by_count),
            ("cost", answer.by_cost),
            ("contact", answer.by_contact),
        )
        if holds
    ]
    return {
        "allowed": answer.allowed,
        "grounds": grounds,
        "components": list(answer.components),
        "components_rule": answer.components_rule,
        "persons_over": answer.persons_over,
        "cost_over_usd": answer.cost_over_usd,
        "shown_to": answer.shown_to or None,
        "note": answer.note or None,
    }


def _substitutes(answer: Answer, *, allowed: bool) -> list[str]:
    found: dict[str, bool] = {}
    for group in answer.groups:
        if group.substitute is not None:
            holds = group.substitute.allowed if allowed else not group.substitute.by_count
            found[group.residence] = found.get(group.residence, False) or holds
    return [j for j, holds in found.items() if holds]


def _regulator(answer: RegulatorAnswer) -> dict[str, object]:
    found: dict[str, object] = {
        "jurisdiction": answer.jurisdiction,
        "to": answer.to,
        "due": _due_text(answer.due),
        "from": answer.due.start or None,
        "rule": answer.due.rule,
        "standard": answer.due.standard or None,
        "order": answer.due.order or None,
        "stage": answer.stage or None,
        "required": verdict_json(answer.required),
        "submit": list(answer.submit),
        "count": answer.count,
    }
    return found


def _explain_group(answer: GroupAnswer) -> list[dict[str, object]]:
    steps: list[dict[str, object]] = [
        {
            "rule": r.rule,
            "source": r.source,
            "reasoning": r.reasoning,
            "confidence": r.confidence,
        }
        for r in answer.reasons
    ]
    steps += [{"rule": "remark", "reasoning": remark} for remark in answer.remarks]
    return steps


def _explain(answer: RegulatorAnswer) -> dict[str, object]:
    return {
        "rule": f"{answer.jurisdiction} {answer.to} {answer.stage}".strip(),
        "source": answer.source,
        "reasoning": answer.why,
        "confidence": answer.confidence,
        "remarks": list(dict.fromkeys((*answer.due.remarks, *answer.remarks))),
    }


def _explain_bureau(answer: BureauAnswer) -> dict[str, object]:
    return {
        "rule": f"{answer.jurisdiction} credit bureaus",
        "source": answer.source,
        "reasoning": answer.why,
        "confidence": answer.confidence,
        "remarks": list(answer.due.remarks),
    }
