"""What a notice to people carries, how it may travel, and when a law's clock for it runs out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from amends.duties import clocks
from amends.duties.answer import Document, SubstituteAnswer
from amends.duties.clocks import Due
from amends.duties.covered import Finding, is_government
from amends.duties.facts import Entity, Facts, Group
from amends.duties.rules import Relief, StateLaw

_BUREAU = frozenset(["CONSUMER_REPORTING_AGENCY", "CREDIT_BUREAU"])

LOGIN_NOTE = "not to the compromised mailbox if the notifier provides it"


def individual_due(law: StateLaw, facts: Facts) -> Due:
    """Return when the people must be told, a law-enforcement hold taken into account."""
    rule = law.deadline
    if rule.agencies_days and is_government(facts.entity):
        rule = replace(rule, n=rule.agencies_days)
    due = clocks.due(rule, facts.events)
    return _held(law, facts, due) if facts.hold and law.hold.allowed else due


def _held(law: StateLaw, facts: Facts, due: Due) -> Due:
    """Return the deadline under a hold: none while it lasts, then the law's rest.

    After clearance a number of days, where the law gives one, runs from it. Otherwise the original
    day stays while it is still ahead; when it has passed, the notice goes out at once.
    """
    hold = facts.hold
    if hold is None or (due.on is not None and hold.start > due.on):
        return due
    remarks = [*due.remarks]
    if law.hold.written and hold.written is not True:
        if hold.written is False:
            note = "the law asks for a written request: this hold does not count"
            return replace(due, remarks=(*remarks, note))
        remarks.append("the law asks for a written request: make sure there is one")
    remarks += [law.hold.note] if law.hold.note else []
    if hold.end is None:
        said = f"held at the request of law enforcement since {hold.start}, not cleared yet"
        return replace(
            due, on=None, at=None, standard="law_enforcement_hold", remarks=(*remarks, said)
        )
    after = law.hold.after_n or law.deadline.after_hold_days
    if after:
        on = clocks.add_days(hold.end, after, law.hold.after_day_type)
        if law.hold.or_original and due.on:
            on = max(on, due.on)
        kind = "business " if law.hold.after_day_type == "business" else ""
        rule = f"{after} {kind}days after law enforcement cleared the notice"
        return replace(due, on=on, rule=rule, remarks=(*remarks, *clocks.warn(on)))
    if due.on is not None and hold.end <= due.on:
        said = f"cleared {hold.end}, before the last day, which stays"
        return replace(due, remarks=(*remarks, said))
    said = f"cleared {hold.end}: notify without unreasonable delay from then"
    return replace(due, on=None, standard="without_unreasonable_delay", remarks=(*remarks, said))


def id_protection_months(law: StateLaw, finding: Finding, facts: Facts, on: date) -> int | None:
    """Return the months of identity protection owed; null for none."""
    rule = law.id_protection
    if not rule.required or not finding.exposed & set(rule.triggers):
        return None
    if rule.condition and facts.entity.source_of_breach is False:
        return None
    if rule.months_if_bureau and facts.entity.roles & _BUREAU:
        return rule.months_if_bureau
    return rule.months


def content_codes(
    law: StateLaw, finding: Finding, entity: Entity, group: Group, months: int | None
) -> tuple[str, ...]:
    """Return the content codes a notice must carry there."""
    holds = {
        "id_protection_required": bool(months),
        "credential": bool(finding.credential),
        "credential_only": finding.credential == "only",
        "entity_has_parent": entity.has_parent is True,
        "regulator_request": group.breach.regulator_request is True,
    }
    codes = list(law.content.required)
    for added in law.content.conditional:
        by_element = finding.exposed & set(added.if_any_element)
        if by_element or holds.get(added.condition, False):
            codes += added.add
    return tuple(c for c in dict.fromkeys(codes) if c not in law.content.forbidden)


def methods(law: StateLaw) -> tuple[str, ...]:
    """Return the ways that count as direct notice, with the condition after a colon."""
    rule = law.methods
    ways = ["written"] if rule.written else []
    if rule.email:
        ways.append(f"email:{rule.email}")
    if rule.telephone:
        ways.append("telephone" + (f":{rule.telephone_rule}" if rule.telephone_rule else ""))
    return (*ways, "fax") if rule.fax else tuple(ways)


def method_note(law: StateLaw, finding: Finding) -> str:
    """Return what to mind about the way, for people whose log-in was taken."""
    return LOGIN_NOTE if finding.credential and law.methods.credential else ""


def substitute(law: StateLaw, facts: Facts, group: Group, count: int) -> SubstituteAnswer:
    """Return whether notice by publication is open, counted over the jurisdiction's people."""
    rule = law.methods.substitute
    cost, persons = rule.cost_over_usd, rule.persons_over
    if facts.entity.seat == law.id:
        cost, persons = rule.seat_cost_over_usd or cost, rule.seat_persons_over or persons
    spent = facts.notice_cost_usd
    return SubstituteAnswer(
        by_count=persons is not None and count > persons,
        by_cost=cost is not None and spent is not None and spent > cost,
        by_contact=rule.insufficient_contact and group.insufficient_contact is True,
        components=rule.components,
        components_rule=rule.components_rule,
        persons_over=persons,
        cost_over_usd=cost,
        shown_to=rule.shown_to,
        note="; ".join(n for n in (rule.note, law.methods.alternative) if n),
    )


def documents(law: StateLaw, finding: Finding) -> tuple[Document, ...]:
    """Return what must be written down and kept when an exemption is relied on."""
    found = []
    harm = law.harm
    if finding.harm_relied_on:
        what = "the finding that harm is unlikely, with its grounds, in writing"
        if harm.relied_on and harm.relied_on.on_request:
            what += f"; the {harm.relied_on.recipient} gets it {harm.relied_on.deadline.n} days"
            what += " after a written request"
        years = harm.retain_years or law.retention_years
        found.append(Document(law.id, what, years, law.source("risk_of_harm")))
    if finding.exemption:
        what = f"that the entity relies on the exemption {finding.exemption}, with its grounds"
        found.append(Document(law.id, what, law.retention_years, law.source("exemptions")))
    return tuple(found)


def reliefs(law: StateLaw, entity: Entity) -> tuple[Relief, ...]:
    """Return the regimes the law accepts and the entity says it is under; shown, never applied."""
    return tuple(r for r in law.reliefs if entity.is_under([r.regime]))


def _relief_words(relief: Relief) -> str:
    still = f"; still required: {', '.join(relief.still_required)}" if relief.still_required else ""
    return (
        f"relief shown, not applied: {relief.regime} ({relief.effect.replace('_', ' ')})"
        f" if {relief.condition or 'its rules are followed'}{still} [{relief.confidence}]"
    )


def remarks(law: StateLaw, entity: Entity, finding: Finding) -> tuple[str, ...]:
    """Return what the file says beside its rules: reliefs shown, conflicts, notes, neighbours."""
    found = list(law.remarks)
    found += [_relief_words(r) for r in reliefs(law, entity)]
    found += [f"note: {n}" for n in (*law.asides, *law.notes)]
    found += [f"sources disagree: {c}" for c in law.conflicts]
    if "TELECOM_CARRIER" in entity.roles:
        found += [f"related: {r}" for r in law.related if "telecom" in r]
    if law.methods.email_rule and finding.verdict is not False:
        found.append(f"e-mail: {law.methods.email_rule}")
    if finding.credential and law.methods.credential:
        found.append(f"log-in: {law.methods.credential}")
    if finding.verdict is not False:
        found += [f"identity protection: {r}" for r in law.id_protection.remarks]
    return tuple(found)
