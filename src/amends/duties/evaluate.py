"""From facts to everything owed: groups first, then what is counted over them.

A few thousand groups stand for any number of people; each is looked at once, and groups that differ
in nothing the law asks share one look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from amends.duties import notice, regulators
from amends.duties.answer import (
    Answer,
    BureauAnswer,
    GroupAnswer,
    OverlayNotice,
    RegulatorAnswer,
    as_json,
)
from amends.duties.clocks import Due
from amends.duties.covered import Finding, Reason, either, examine
from amends.duties.facts import Facts, Group
from amends.duties.facts_reader import read_facts
from amends.duties.lawbook import LawBook, shipped
from amends.duties.overlaid import Overlaid
from amends.duties.overlays import overlay_answers
from amends.duties.regulators import Tally
from amends.duties.rules import StateLaw
from amends.kernel import clock

Said = dict[tuple[str, bool, bool], tuple[str, ...]]
"""Remarks of law files by what they depend on."""


@dataclass(frozen=True)
class Looked:
    """A law's answer for a group, before anything is counted."""

    law: StateLaw
    finding: Finding
    due: Due


def evaluate(facts: Facts, book: LawBook | None = None) -> Answer:
    """Return everything owed in a case.

    Args:
        facts: The facts, read by ``read_facts``.
        book: The law files; the shipped ones when not given.
    """
    laws = book or shipped()
    on = facts.law_on or clock.now().date()
    overlaid = overlay_answers(laws, facts, on)
    looks = _looks(facts, laws, on)
    tallies = _tallies(facts, looks, overlaid)
    said: Said = {}
    groups = tuple(_group(g, looks[g.id], facts, on, tallies, overlaid, said) for g in facts.groups)
    found, bureaus = list(overlaid.regulators), []
    partners = list(overlaid.partners)
    for jurisdiction in sorted(tallies):
        law = laws.state(jurisdiction, on)
        if law is None:
            continue
        found += regulators.authorities(law, tallies[jurisdiction], facts)
        bureau = regulators.bureaus(law, tallies[jurisdiction], facts)
        bureaus += [bureau] if bureau else []
        owner = regulators.owners(law, tallies[jurisdiction], facts)
        partners += [owner] if owner else []
    return Answer(
        groups=groups,
        regulators=tuple(sorted(found, key=_first)),
        partners=tuple(sorted(partners, key=_first)),
        bureaus=tuple(bureaus),
        counts={j: t.notified for j, t in sorted(tallies.items())},
        law_on=on,
        customers=overlaid.customers,
        not_in_force=tuple(overlaid.not_in_force),
        remarks=(*_remarks(facts, laws, overlaid, bureaus), *_barred(groups, overlaid)),
    )


def answer_facts(raw: object, book: LawBook | None = None) -> dict[str, object]:
    """Return what is owed for facts given as JSON, with the keys of the worked cases.

    Raises:
        UsageError: The facts are not what they must be.
    """
    return as_json(evaluate(read_facts(raw), book))


def _first(answer: RegulatorAnswer) -> tuple[date, str, str, str]:
    return answer.due.on or date.max, answer.jurisdiction, answer.to, answer.stage


def _looks(facts: Facts, laws: LawBook, on: date) -> dict[str, tuple[Looked, ...]]:
    """Look at each distinct question once and hand the answer to every group that asks it."""
    dues: dict[str, Due] = {}
    seen: dict[object, tuple[Looked, ...]] = {}
    found: dict[str, tuple[Looked, ...]] = {}
    for group in facts.groups:
        question = replace(group, id="", count=0, insufficient_contact=None)
        if question not in seen:
            reached = [group.residence] if group.residence in laws.states else []
            if not reached and not _is_foreign(group.residence):
                reached = sorted(laws.states)
            seen[question] = tuple(
                _look(law, question, facts, laws, on, dues)
                for law in (laws.state(j, on) for j in reached)
                if law is not None
            )
        found[group.id] = seen[question]
    return found


def _look(
    law: StateLaw, group: Group, facts: Facts, laws: LawBook, on: date, dues: dict[str, Due]
) -> Looked:
    if law.id not in dues:
        dues[law.id] = notice.individual_due(law, facts)
    return Looked(law, examine(law, group, facts.entity, laws.vocabulary, on), dues[law.id])


def _is_foreign(residence: str) -> bool:
    return bool(residence) and not residence.startswith("US")


def _tallies(
    facts: Facts, looks: Mapping[str, tuple[Looked, ...]], overlaid: Overlaid
) -> dict[str, Tally]:
    """Count people by jurisdiction; those of unknown residence count nowhere."""
    found: dict[str, Tally] = {}
    for group in facts.groups:
        looked = looks[group.id]
        if len(looked) != 1 or looked[0].law.id != group.residence:
            continue
        look, so_far = looked[0], found.get(group.residence, Tally())
        told = look.finding.verdict is not False
        due = so_far.due or (look.due if told else None)
        found[group.residence] = Tally(
            so_far.notified + (group.count if told else 0),
            so_far.exposed + group.count,
            so_far.relied + (group.count if look.finding.harm_relied_on else 0),
            due,
        )
    return found


def _group(
    group: Group,
    looked: tuple[Looked, ...],
    facts: Facts,
    on: date,
    tallies: Mapping[str, Tally],
    overlaid: Overlaid,
    said: Said,
) -> GroupAnswer:
    own = tuple(overlaid.notices.get(group.id, ()))
    if len(looked) == 1:
        answer = _resident(group, looked[0], facts, on, tallies, said)
    else:
        answer = _unknown_residence(group, looked, facts, on)
    return _with_overlays(answer, own)


def _law_remarks(law: StateLaw, facts: Facts, finding: Finding, said: Said) -> tuple[str, ...]:
    """Return the remarks of a law file, put together once for all groups they are the same for."""
    key = (law.id, bool(finding.credential), finding.verdict is False)
    if key not in said:
        said[key] = notice.remarks(law, facts.entity, finding)
    return said[key]


def _resident(
    group: Group,
    look: Looked,
    facts: Facts,
    on: date,
    tallies: Mapping[str, Tally],
    said: Said,
) -> GroupAnswer:
    """Return what is owed to people whose jurisdiction is known."""
    law, finding = look.law, look.finding
    owed = finding.verdict is not False
    months = notice.id_protection_months(law, finding, facts, on) if owed else None
    due_step = Reason(
        f"{law.id}.individual_notice.deadline",
        look.due.rule + "".join(f"; {r}" for r in look.due.remarks),
        law.source("individual_deadline"),
        law.mark("individual_deadline").confidence,
    )
    return GroupAnswer(
        group=group.id,
        residence=group.residence,
        count=group.count,
        notify=finding.verdict,
        tell=owed,
        due=look.due if owed else None,
        id_protection_months=months,
        content=notice.content_codes(law, finding, facts.entity, group, months) if owed else (),
        forbidden=law.content.forbidden if owed else (),
        format=law.content.format if owed else (),
        methods=notice.methods(law) if owed else (),
        method_note=notice.method_note(law, finding) if owed else "",
        substitute=notice.substitute(law, facts, group, tallies[law.id].notified) if owed else None,
        documents=notice.documents(law, finding),
        reliefs=notice.reliefs(law, facts.entity) if owed else (),
        jurisdictions=(law.id,) if owed else (),
        overlays=(),
        reasons=(*finding.reasons, *((due_step,) if owed else ())),
        remarks=_law_remarks(law, facts, finding, said),
    )


def _unknown_residence(
    group: Group, looked: tuple[Looked, ...], facts: Facts, on: date
) -> GroupAnswer:
    """Return what is owed to people of unknown residence: the strictest of every jurisdiction."""
    reached = [look for look in looked if look.finding.verdict is not False]
    verdict = either(*(look.finding.verdict for look in looked)) if looked else None
    owed = bool(reached) or not looked
    dated = [look for look in reached if look.due.on]
    strictest = min(dated, key=lambda look: look.due.on or date.max, default=None)
    months = [notice.id_protection_months(x.law, x.finding, facts, on) or 0 for x in reached]
    content, formats = _union(reached, facts, group, on)
    due = strictest.due if strictest else (reached[0].due if reached else None)
    return GroupAnswer(
        group=group.id,
        residence=group.residence,
        count=group.count,
        notify=None if verdict is not False else False,
        tell=owed,
        due=due,
        id_protection_months=max(months, default=0) or None,
        content=content,
        forbidden=(),
        format=formats,
        methods=("written",) if owed else (),
        method_note="",
        substitute=None,
        documents=(),
        reliefs=(),
        jurisdictions=tuple(look.law.id for look in reached),
        overlays=(),
        reasons=(_unknown_reason(group, reached, strictest, looked),),
        remarks=(),
    )


def _unknown_reason(
    group: Group, reached: list[Looked], strictest: Looked | None, looked: tuple[Looked, ...]
) -> Reason:
    where = (
        f"the residence {group.residence} has no law file"
        if group.residence
        else ("the residence is unknown")
    )
    if not looked:
        said = f"{where}: a person must judge the law of that place; told unless decided otherwise"
    elif not reached:
        said = f"{where}: no jurisdiction in the law files counts these elements"
    else:
        said = f"{where}: {len(reached)} of {len(looked)} jurisdictions would ask for notice; the"
        said += " strictest is planned for"
        said += f" ({strictest.law.id}: {strictest.due.rule})" if strictest else ""
        said += _not_forbidden(reached)
    source = strictest.law.source("individual_deadline") if strictest else "policy of the case"
    return Reason("residence.unknown", said, source, "unmarked")


def _union(
    reached: list[Looked], facts: Facts, group: Group, on: date
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the content codes any of the laws requires, and their formats."""
    content: set[str] = set()
    formats: set[str] = set()
    for look in reached:
        months = notice.id_protection_months(look.law, look.finding, facts, on)
        content |= set(notice.content_codes(look.law, look.finding, facts.entity, group, months))
        formats |= set(look.law.content.format)
    return tuple(sorted(content)), tuple(sorted(formats))


def _not_forbidden(reached: list[Looked]) -> str:
    """Say which laws forbid content that is given all the same: most people live elsewhere."""
    barred = {j: f for look in reached if (f := look.law.content.forbidden) for j in [look.law.id]}
    if not barred:
        return ""
    named = "; ".join(f"{j} forbids {', '.join(f)}" for j, f in barred.items())
    return f"; not kept out, for most people live elsewhere: {named}"


def _with_overlays(answer: GroupAnswer, own: tuple[OverlayNotice, ...]) -> GroupAnswer:
    """Lay sector rules over a group: one that asks for notice makes it owed."""
    if not own:
        return answer
    asks = [o for o in own if o.notify is not False]
    reasons = tuple(
        Reason(o.overlay, f"{o.why}; {o.due.rule}", o.source, o.confidence) for o in own
    )
    if answer.notify is True or not asks:
        return replace(answer, overlays=own, reasons=(*answer.reasons, *reasons))
    first = min(asks, key=lambda o: o.due.on or date.max)
    content = tuple(dict.fromkeys((*answer.content, *(c for o in asks for c in o.content))))
    return replace(
        answer,
        notify=True if any(o.notify for o in asks) else None,
        tell=True,
        due=answer.due or first.due,
        content=tuple(c for c in content if c not in answer.forbidden),
        format=tuple(dict.fromkeys((*answer.format, *(f for o in asks for f in o.format)))),
        methods=answer.methods or ("written",),
        jurisdictions=(*answer.jurisdictions, *(o.overlay for o in asks)),
        overlays=own,
        reasons=(*answer.reasons, *reasons),
    )


def _barred(groups: tuple[GroupAnswer, ...], overlaid: Overlaid) -> list[str]:
    """Say where a last day comes before the day on which the carrier rule lets customers be told."""
    days = [str(v) for k, v in overlaid.customers.items() if "_earliest" in k]
    early = sorted({
        f"{g.residence or 'unknown residence'} ({g.due.on})" for g in groups
        if g.tell and g.due and g.due.on and days and g.due.on.isoformat() < max(days)
    })  # fmt: skip
    if not early:
        return []
    return [
        f"clash: the carrier rule lets customers be told from {max(days)}, later than the last day"
        f" of {', '.join(early)}: counsel must decide, nothing is sent earlier on its own"
    ]


def _changed_law(facts: Facts, laws: LawBook) -> list[str]:
    """Say where the law changed between the incident, whose law is applied, and the discovery."""
    later = facts.events.get("discovery")
    if facts.law_on is None or later is None or later.on == facts.law_on:
        return []
    found = []
    for jurisdiction in sorted({g.residence for g in facts.groups}):
        then, now = laws.state(jurisdiction, facts.law_on), laws.state(jurisdiction, later.on)
        if then and now and replace(then, remarks=()) != replace(now, remarks=()):
            found.append(
                f"{jurisdiction}: the law changed between the incident ({facts.law_on}) and the"
                f" discovery ({later.on}); the law of the incident is applied, counsel must look"
            )
    return found


def _remarks(
    facts: Facts, laws: LawBook, overlaid: Overlaid, bureaus: list[BureauAnswer]
) -> tuple[str, ...]:
    found = [*facts.remarks, *overlaid.remarks]
    found += _changed_law(facts, laws)
    if laws.own:
        found.append("the case's own law files apply for: " + ", ".join(laws.own))
    found += [
        f"{b.jurisdiction}: whether the credit bureaus are told is a judgement ({b.threshold})"
        for b in bureaus
        if b.required is None
    ]
    return tuple(found)
